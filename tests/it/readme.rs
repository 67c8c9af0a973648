//! The examples of the documents run as they stand.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::support::audit::AuditFile;
use crate::support::{BINARY, Client, RedisServer, TestApp, eventually};

pub fn document(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The fenced blocks of `language` that contain `marker`.
pub fn blocks(document: &str, language: &str, marker: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let parts = document.split(&fence).skip(1);
    let blocks = parts.map(|part| part.split("\n```").next().unwrap().to_owned());
    blocks.filter(|block| block.contains(marker)).collect()
}

/// Runs the README's block of shell that contains `marker` against a service on its defaults; what it prints.
fn walk_through(marker: &str) -> String {
    let blocks = blocks(&document("README.md"), "bash", marker);
    assert_eq!(blocks.len(), 1, "one walk-through");
    // It speaks of the defaults, so this service stretches at full cost.
    let app = TestApp::with(&[("SPAKE_PBKDF2_ITERATIONS", "600000")]);
    let script =
        blocks[0].replace("http://localhost:5000", &app.url).replace("target/release/spake-service", BINARY);
    let output = Command::new("bash").args(["-euo", "pipefail", "-c", &script]).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    let derived = out.lines().find(|line| line.starts_with("shared_secret"));
    let derived = derived.unwrap_or_else(|| panic!("{out}\n{err}")).split_whitespace().nth(1).unwrap();
    assert_eq!(out.matches(derived).count(), 2, "the client's secret is the backend's:\n{out}");
    out.into_owned()
}

#[test]
fn the_walk_through_of_a_pairing_works() {
    walk_through("spake-service pair");
}

#[test]
fn the_walk_through_of_an_account_works() {
    let out = walk_through("spake-service login");
    assert!(out.contains(r#""credential_id":"alice""#) && out.contains(r#""used":0"#), "{out}");
}

#[test]
fn the_walk_through_of_api_keys_works() {
    let readme = document("README.md");
    let [making, calling] = ["apikey new", "$BACKEND"].map(|marker| {
        let mut found = blocks(&readme, "bash", marker);
        found.retain(|block| marker == "apikey new" || !block.contains("apikey new"));
        assert_eq!(found.len(), 1, "one block with {marker}");
        found.remove(0)
    });
    let (making, start) = making.split_once("\nSPAKE_API_KEYS_FILE=").unwrap();
    let directory = tempfile::TempDir::new().unwrap();
    let shell = |script: &str, backend: &str| {
        let mut command = Command::new("bash");
        command.current_dir(&directory).env("BACKEND", backend).args(["-euo", "pipefail", "-c", script]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let making = making.replace("target/release/spake-service", BINARY);
    let key = shell(&format!("{making}\necho \"$BACKEND\""), "");
    assert!(start.starts_with("api-keys SPAKE_ANONYMOUS_SCOPES=session:exchange,login "), "{start}");
    let keys = directory.path().join("api-keys");
    let app = TestApp::with(&[
        ("SPAKE_API_KEYS_FILE", keys.to_str().unwrap()),
        ("SPAKE_ANONYMOUS_SCOPES", "session:exchange,login"),
        ("SPAKE_HOST", "127.0.0.1"),
    ]);
    let out = shell(&calling.replace("http://localhost:5000", &app.url), key.trim_end());
    for told in
        [r#""status":"initiated","protocol":"spake2","server_id""#, r#""created_at""#, "missing_api_key"]
    {
        assert!(out.contains(told), "{told}: {out}");
    }
}

/// Each `$ command` of the document, and the lines that it says the command prints.
fn commands(block: &str) -> Vec<(&str, Vec<&str>)> {
    let parts = block.split("\n$ ").skip(1);
    parts
        .map(|part| {
            let (command, printed) = part.split_once('\n').unwrap_or((part, ""));
            (command, printed.lines().collect())
        })
        .collect()
}

/// Whether a line is what the document says: `…` stands for anything.
fn is_as_told(line: &str, told: &str) -> bool {
    match told.split_once('…') {
        Some((before, after)) => line.starts_with(before) && line.ends_with(after),
        None => line == told,
    }
}

#[test]
fn the_commands_of_the_operations_document_print_what_it_says() {
    let server = RedisServer::start();
    let url = server.url();
    let audit = AuditFile::new();
    let variables = [
        audit.variable(),
        ("REDIS_URL", &*url),
        ("SPAKE_STATE_KEYS", "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
        ("SPAKE_ADMIN_ADDR", "off"),
    ];
    let app = TestApp::with(&variables);
    Client::initiate(&app, "demo", "password", "password");
    eventually("its event", || (audit.events().len() == 1).then_some(()));
    // The document's `redis-cli` and `spake-service`, sent to this Redis.
    let directory = tempfile::tempdir().unwrap();
    for (name, program) in [
        ("redis-cli", format!("/usr/bin/redis-cli -p {}", server.port())),
        ("spake-service", BINARY.to_owned()),
    ] {
        let file = directory.path().join(name);
        fs::write(&file, format!("#!/bin/sh\nexec {program} \"$@\"\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:/usr/bin:/bin", directory.path().display());
    let mut seen = 0;
    for block in blocks(&document("docs/OPERATIONS.md"), "console", "$ ") {
        for (command, told) in commands(&format!("\n{block}")) {
            let output = Command::new("bash")
                .args(["-c", command])
                .env_clear()
                .env("PATH", &path)
                .envs(variables)
                .output()
                .unwrap();
            let printed = String::from_utf8_lossy(&output.stdout);
            let lines: Vec<_> = printed.lines().collect();
            let last_is_open = told.last() == Some(&"…");
            assert!(
                lines.len() == told.len() || (last_is_open && lines.len() > told.len()),
                "{command}: {printed}"
            );
            for (line, told) in lines.iter().zip(&told) {
                assert!(is_as_told(line, told), "{command} prints {line:?} and not {told:?}");
            }
            seen += 1;
        }
    }
    assert!(seen >= 10, "{seen} commands");
}

#[test]
fn every_code_of_an_error_is_in_the_api_document() {
    let mut source = String::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(path).unwrap();
            // What tests say is not said to callers.
            source.push_str(text.split("#[cfg(test)]").next().unwrap());
        }
    }
    source.push_str(&document("src/http/openapi/failures.rs"));
    let api = document("docs/API.md");
    let is_slug =
        |text: &&str| text.contains('_') && text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let codes: Vec<_> = source.split('"').filter(is_slug).collect();
    assert!(codes.len() > 20);
    let fields = [
        "session_id",
        "client_id",
        "credential_id",
        "client_public_key",
        "client_confirmation",
        "memory_kib",
        "request_id",
    ];
    for code in codes.into_iter().filter(|code| !fields.contains(code)) {
        assert!(api.contains(&format!("`{code}`")), "{code} is not in docs/API.md");
    }
}

#[test]
fn every_test_that_the_security_document_names_exists() {
    let mut sources = String::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && !["target", ".git", ".venv"].contains(&name) {
                open.push(path);
            } else if name.ends_with(".rs") {
                sources.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    let document = document("docs/SECURITY.md");
    let named = document.split('`').skip(1).step_by(2).filter(|text| text.contains("::"));
    let mut seen = 0;
    for name in named {
        // `module::test`, `module::*`, `module::beginning*`.
        let (module, test) = name.rsplit_once("::").unwrap();
        let module = module.trim_end_matches("::*").rsplit("::").next().unwrap();
        assert!(sources.contains(&format!("mod {module}")), "{name}: no module {module}");
        let test = test.trim_end_matches('*');
        assert!(sources.contains(&format!("fn {test}")), "{name}: no test {test}");
        seen += 1;
    }
    assert!(seen > 30, "{seen}");
}
