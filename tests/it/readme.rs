//! The examples of the documents run as they stand.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{BINARY, TestApp};

fn document(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The fenced blocks of `language` that contain `marker`.
fn blocks(document: &str, language: &str, marker: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let parts = document.split(&fence).skip(1);
    let blocks = parts.map(|part| part.split("\n```").next().unwrap().to_owned());
    blocks.filter(|block| block.contains(marker)).collect()
}

#[test]
fn the_curl_walk_through_of_the_readme_works() {
    let blocks = blocks(&document("README.md"), "bash", "curl -s");
    assert_eq!(blocks.len(), 1, "one walk-through");
    // The walk-through speaks of the defaults, so this service stretches at full cost.
    let app = TestApp::with(&[("SPAKE_PBKDF2_ITERATIONS", "600000")]);
    let script =
        blocks[0].replace("http://localhost:5000", &app.url).replace("target/release/spake-service", BINARY);
    let output = Command::new("bash").args(["-euo", "pipefail", "-c", &script]).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    let derived =
        out.lines().find(|line| line.starts_with("shared_secret")).unwrap_or_else(|| panic!("{out}\n{err}"));
    let derived = derived.split_whitespace().nth(1).unwrap();
    assert_eq!(out.matches(derived).count(), 2, "the client's secret is the backend's:\n{out}");
}

#[test]
fn every_code_of_an_error_is_in_the_api_document() {
    let source = document("src/http/error.rs")
        + &document("src/http/payload.rs")
        + &document("src/http/fields.rs")
        + &document("src/http/path.rs")
        + &document("src/http/routes/pairing.rs")
        + &document("src/http/routes/sessions.rs");
    let api = document("docs/API.md");
    let is_slug =
        |text: &&str| text.contains('_') && text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let codes: Vec<_> = source.split('"').filter(is_slug).collect();
    assert!(codes.len() > 20);
    let fields = ["session_id", "client_id", "client_public_key", "client_confirmation", "request_id"];
    for code in codes.into_iter().filter(|code| !fields.contains(code)) {
        assert!(api.contains(&format!("`{code}`")), "{code} is not in docs/API.md");
    }
}
