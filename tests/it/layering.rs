//! The house rules that the compiler does not know.

use std::fs;
use std::path::{Path, PathBuf};

/// What each part of `src/` may name of the others. An arrow may only point down.
const MAY_USE: [(&str, &[&str]); 11] = [
    ("domain", &["domain"]),
    ("metrics", &["domain"]),
    ("traces", &[]),
    ("store", &["store", "domain", "metrics"]),
    ("audit", &["domain"]),
    ("http", &["http", "domain", "metrics", "traces"]),
    // Settings are parsed into the store's own type.
    ("config", &["config", "domain", "store", "traces"]),
    ("logging", &["config", "traces"]),
    ("server", &["audit", "config", "domain", "http", "metrics", "store"]),
    ("commands", &["commands", "config", "domain", "logging", "server", "traces"]),
    (
        "lib",
        &["domain", "store", "http", "config", "server", "commands", "logging", "audit", "metrics", "traces"],
    ),
];

/// Crates that only one place may name.
const ONLY_IN: [(&str, &[&str]); 24] = [
    ("axum", &["http"]),
    ("axum_server", &["server"]),
    ("governor", &["http/rate_limit"]),
    ("hyper_util", &["server"]),
    ("rustls", &["server/tls"]),
    ("ipnet", &["config", "http"]),
    ("tower", &["http"]),
    ("tower_governor", &["http/rate_limit"]),
    ("tower_http", &["http"]),
    ("opentelemetry", &["traces"]),
    ("opentelemetry_http", &["traces"]),
    ("opentelemetry_otlp", &["traces"]),
    ("opentelemetry_sdk", &["traces"]),
    ("tracing_opentelemetry", &["traces"]),
    ("prometheus", &["metrics"]),
    ("redis", &["store"]),
    ("deadpool", &["store"]),
    ("deadpool_redis", &["store"]),
    ("redb", &["store"]),
    ("bincode", &["domain/codec"]),
    ("chacha20poly1305", &["domain/sealing"]),
    ("clap", &["config", "commands"]),
    ("ureq", &["commands", "config", "traces"]),
    ("utoipa", &["http"]),
];

/// The files that may have `unsafe` in them.
const UNSAFE: [&str; 3] =
    ["crates/p256-aws-lc/src/ffi.rs", "crates/p256-aws-lc/src/tests.rs", "crates/pbkdf2-lanes/src/x86_64.rs"];

/// Longer files do more than one job.
const MAX_LINES: usize = 350;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(directory: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut open = vec![root().join(directory)];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(root()).unwrap().to_owned(), text));
            }
        }
    }
    assert!(found.len() > 5);
    found
}

/// Code without comments: naming a module in prose is no dependency.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.starts_with("//"))
}

fn place(path: &Path) -> String {
    let path = path.strip_prefix("src").unwrap().with_extension("");
    path.to_str().unwrap().to_owned()
}

#[test]
fn an_arrow_between_layers_only_points_down() {
    for (path, text) in sources("src") {
        let place = place(&path);
        let part = place.split('/').next().unwrap();
        if part == "main" {
            continue;
        }
        let allowed = MAY_USE.iter().find(|(name, _)| *name == part);
        let (_, allowed) = allowed.unwrap_or_else(|| panic!("{part} is not in MAY_USE"));
        for line in code(&text) {
            for used in line.split("crate::").skip(1) {
                let used = used.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                assert!(allowed.contains(&used), "{} uses crate::{used}", path.display());
            }
        }
    }
}

#[test]
fn a_crate_is_named_only_where_it_belongs() {
    for (path, text) in sources("src") {
        let place = place(&path);
        for line in code(&text) {
            for (name, places) in ONLY_IN {
                let named =
                    line.starts_with(&format!("use {name}::")) || line.contains(&format!(" {name}::"));
                let belongs = places.iter().any(|belongs| place.starts_with(belongs));
                assert!(!named || belongs, "{} names {name}: {line}", path.display());
            }
        }
    }
}

#[test]
fn the_curve_is_named_in_one_module_of_the_protocol_crate() {
    for (path, text) in sources("crates/spake-protocol/src") {
        let names_it = code(&text).any(|line| line.contains("p256::") || line.contains("use p256"));
        let may = path.components().any(|part| part.as_os_str() == "group");
        assert!(!names_it || may, "{} names p256", path.display());
    }
}

#[test]
fn what_the_compiler_cannot_check_is_in_few_places() {
    // In parts, or this file would be found.
    let [keyword, lint] = [["un", "safe"], ["un", "safe_code"]].map(|parts| parts.concat());
    for directory in ["src", "crates", "benches", "tests", "fuzz"] {
        for (path, text) in sources(directory) {
            let unchecked = code(&text).any(|line| {
                let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
                words.any(|word| word == keyword || word == lint)
                    && !line.contains("forbid(")
                    && !line.contains("deny(")
            });
            let may = UNSAFE.iter().any(|place| path == Path::new(place));
            assert!(!unchecked || may, "{} has what only {UNSAFE:?} may have", path.display());
        }
    }
}

#[test]
fn files_stay_short() {
    for directory in ["src", "tests", "crates", "fuzz"] {
        for (path, text) in sources(directory) {
            let lines = text.lines().count();
            assert!(lines <= MAX_LINES, "{} has {lines} lines; split it", path.display());
        }
    }
}
