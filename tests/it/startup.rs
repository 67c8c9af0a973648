//! What stops the start: one line that names it, exit 2.

use std::net::TcpListener;

use crate::support::{TestApp, run};

#[track_caller]
pub fn refused(variables: &[(&str, &str)], arguments: &[&str], names: &[&str]) {
    let (code, out, err) = run(variables, arguments);
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    assert_eq!(err.trim_end().lines().count(), 1, "more than one line: {err}");
    for name in names {
        assert!(err.contains(name), "{name} is not named: {err}");
    }
}

#[test]
fn a_bad_value_is_named_with_its_variable_and_flag() {
    for (variable, flag, values) in [
        ("PORT", "--port", &["", "x", "65536", "-1"][..]),
        ("SPAKE_HOST", "--host", &["", "example", "300.0.0.1"]),
        ("FLASK_DEBUG", "--flask-debug", &["maybe", "2"]),
        ("SPAKE_AUDIT_FILE", "--audit-file", &[""]),
        ("SPAKE_LOG_FORMAT", "--log-format", &["", "xml"]),
        ("SPAKE_INSECURE_NO_AUTH", "--insecure-no-auth", &["perhaps"]),
        (
            "SPAKE_TRUSTED_PROXIES",
            "--trusted-proxies",
            &["", "proxy", "10.0.0.0/33", "10.0.0.1:80", "10.0.0.1,", "0.0.0.0/0", "::/0", "::ffff:10.0.0.1"],
        ),
        ("SPAKE_RATE_LIMIT_PER_SECOND", "--rate-limit-per-second", &["", "-1", "0.5", "1000001"]),
        ("SPAKE_RATE_LIMIT_BURST", "--rate-limit-burst", &["", "0", "1000001"]),
        ("SPAKE_KEY_RATE_LIMIT_PER_SECOND", "--key-rate-limit-per-second", &["", "-1", "x"]),
        ("SPAKE_KEY_RATE_LIMIT_BURST", "--key-rate-limit-burst", &["", "0", "x"]),
        ("SPAKE_MAX_IN_FLIGHT", "--max-in-flight", &["", "0", "x"]),
        ("SPAKE_SESSION_TTL", "--session-ttl", &["", "abc", "10", "-1s", "0s", "999ms", "25h"]),
        ("SPAKE_REQUEST_TIMEOUT", "--request-timeout", &["soon", "1ms", "6m"]),
        ("SPAKE_DRAIN_DELAY", "--drain-delay", &["", "soon", "-1s", "2h"]),
        ("SPAKE_DRAIN_TIMEOUT", "--drain-timeout", &["soon", "2h"]),
        ("SPAKE_PBKDF2_ITERATIONS", "--pbkdf2-iterations", &["", "x", "99999", "10000001"]),
        ("SPAKE_STRETCH_THREADS", "--stretch-threads", &["0", "x"]),
        ("SPAKE_STRETCH_QUEUE", "--stretch-queue", &["0", "x"]),
        ("SPAKE_SERVER_ID", "--server-id", &["", "a\nb"]),
        ("SPAKE_CONTEXT", "--context", &["a\nb"]),
        ("SPAKE_DATA_DIR", "--data-dir", &[""]),
        (
            "SPAKE_ACCOUNT_KDF",
            "--account-kdf",
            &["", "argon2id", "argon2id:1,2,3", "md5:1", "scrypt:32768,8", "scrypt:32768,x,8,1"],
        ),
        ("SPAKE_ANONYMOUS_SCOPES", "--anonymous-scopes", &["root", "login;session:read"]),
        (
            "SPAKE_CORS_ORIGINS",
            "--cors-origins",
            &["shop.example", "https://shop.example/", "https://Shop.example", "*,https://a.example", "null"],
        ),
        ("SPAKE_LOGIN_TTL", "--login-ttl", &["", "0s", "x"]),
        ("SPAKE_GUESS_LIMIT", "--guess-limit", &["0", "1001", "x"]),
        ("SPAKE_GUESS_LIMIT_PER_ADDRESS", "--guess-limit-per-address", &["-1", "1001", "x"]),
        ("SPAKE_GUESS_WINDOW", "--guess-window", &["1s", "8days", "x"]),
        ("SPAKE_KDF_MIXED", "--kdf-mixed", &["perhaps"]),
        ("SPAKE_ADMIN_ADDR", "--admin-addr", &["", "9464", "localhost:9464", "on"]),
        ("SPAKE_REDIS_SENTINEL_MASTER", "--redis-sentinel-master", &[""]),
        ("SPAKE_REDIS_TIMEOUT", "--redis-timeout", &["", "2", "1ms", "2m"]),
        ("SPAKE_REDIS_CONNECTIONS", "--redis-connections", &["0", "65", "x"]),
        ("SPAKE_REDIS_PREFIX", "--redis-prefix", &["", "a{b}", "a b", "a*"]),
        ("SPAKE_REDIS_WAIT_REPLICAS", "--redis-wait-replicas", &["-1", "17", "x"]),
        ("SPAKE_REDIS_MIGRATE", "--redis-migrate", &["perhaps"]),
    ] {
        for value in values {
            if !value.contains('\n') {
                refused(&[(variable, value)], &[], &[variable, flag]);
            }
            refused(&[], &[&format!("{flag}={}", value.replace('\n', "\t"))], &[variable, flag]);
        }
    }
    refused(&[("RUST_LOG", "spake_service=loud")], &[], &["RUST_LOG"]);
    refused(&[("SPAKE_CONTEXT", &"x".repeat(256))], &[], &["SPAKE_CONTEXT", "255"]);
}

#[test]
fn a_misspelt_variable_is_named_and_those_of_kubernetes_are_not_ours() {
    refused(&[("SPAKE_SESION_TTL", "60s")], &[], &["SPAKE_SESION_TTL"]);
    refused(&[("SPAKE_PORT", "5000")], &[], &["SPAKE_PORT"]);
    let app = TestApp::with(&[("SPAKE_PORT", "tcp://10.0.0.1:80"), ("SPAKE_SERVICE_HOST", "10.0.0.1")]);
    app.get("/health").ok();
}

#[test]
fn a_misspelt_flag_is_named() {
    refused(&[], &["--sesion-ttl", "60s"], &["--sesion-ttl"]);
    refused(&[], &["serv"], &["serv"]);
}

#[test]
fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    refused(&[("PORT", &port)], &[], &["PORT", &port]);
}

#[test]
fn an_audit_file_that_cannot_be_opened_is_named() {
    for file in ["/nonexistent/audit", "/"] {
        refused(
            &[("PORT", "0"), ("SPAKE_AUDIT_FILE", file)],
            &[],
            &["SPAKE_AUDIT_FILE", file, "cannot be opened"],
        );
    }
}

#[test]
fn tls_takes_a_certificate_and_its_key() {
    let (cert, key, ca) =
        (("SPAKE_TLS_CERT", "x.crt"), ("SPAKE_TLS_KEY", "x.key"), ("SPAKE_TLS_CLIENT_CA", "x.crt"));
    for variables in [&[cert][..], &[key], &[cert, ca], &[key, ca]] {
        refused(variables, &[], &["SPAKE_TLS_CERT", "SPAKE_TLS_KEY", "both"]);
    }
    refused(&[ca], &[], &["SPAKE_TLS_CLIENT_CA", "SPAKE_TLS_CERT", "SPAKE_TLS_KEY"]);
    refused(&[cert, key], &[], &["SPAKE_TLS_CERT", "x.crt"]);
    refused(&[("SPAKE_TLS_CERT", ""), key], &[], &["SPAKE_TLS_CERT"]);
}

#[test]
fn a_data_directory_takes_state_keys() {
    refused(&[("SPAKE_DATA_DIR", "/nonexistent/x")], &[], &["SPAKE_STATE_KEYS", "keygen"]);
}

#[test]
fn a_redis_url_of_no_use_is_named_and_never_shown() {
    let keys = ("SPAKE_STATE_KEYS", "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    for url in
        ["", "localhost:6379", "http://:hunter2@localhost", "redis://:hunter2@h:port", "rediss://h/#insecure"]
    {
        let (code, _, err) = run(&[("REDIS_URL", url), keys], &[]);
        assert!(
            code == 2 && err.starts_with("error: REDIS_URL ") && err.lines().count() == 1,
            "{url}: {err}"
        );
        assert!(!err.contains("hunter2"), "{err}");
    }
    let url = ("REDIS_URL", "redis://localhost:1");
    refused(&[url], &[], &["REDIS_URL", "SPAKE_STATE_KEYS", "keygen"]);
    refused(&[url, ("REDIS_URL_FILE", "x"), keys], &[], &["REDIS_URL", "both"]);
    refused(&[url, ("SPAKE_DATA_DIR", "/tmp/x"), keys], &[], &["REDIS_URL", "SPAKE_DATA_DIR", "both"]);
    refused(&[url, ("SPAKE_REDIS_CA", "Cargo.toml"), keys], &[], &["SPAKE_REDIS_CA", "rediss://"]);
    let tls = ("REDIS_URL", "rediss://localhost:1");
    refused(&[tls, ("SPAKE_REDIS_CA", "/nonexistent/ca"), keys], &[], &["SPAKE_REDIS_CA", "/nonexistent/ca"]);
    refused(&[tls, ("SPAKE_REDIS_CERT", "Cargo.toml"), keys], &[], &["SPAKE_REDIS_CERT", "SPAKE_REDIS_KEY"]);
    let not_pem = ("SPAKE_REDIS_CA", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    refused(&[tls, not_pem, keys], &[], &["SPAKE_REDIS_CA"]);
    refused(&[url, ("SPAKE_REDIS_SENTINEL_USERNAME", "u"), keys], &[], &["SPAKE_REDIS_SENTINEL_MASTER"]);
}

#[test]
fn a_login_that_lives_as_long_as_its_guess_counts_is_refused() {
    let window = [("SPAKE_LOGIN_TTL", "60s"), ("SPAKE_GUESS_WINDOW", "60s")];
    refused(&window, &[], &["SPAKE_LOGIN_TTL", "SPAKE_GUESS_WINDOW"]);
}

#[test]
fn a_burst_of_keys_that_have_no_limit_is_refused() {
    let burst = ("SPAKE_KEY_RATE_LIMIT_BURST", "10");
    refused(&[burst], &[], &["SPAKE_KEY_RATE_LIMIT_BURST", "SPAKE_KEY_RATE_LIMIT_PER_SECOND"]);
}

#[test]
fn an_operators_address_that_was_asked_for_and_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let _held = TcpListener::bind(&taken).unwrap();
    refused(&[("PORT", "0"), ("SPAKE_ADMIN_ADDR", &taken)], &[], &["SPAKE_ADMIN_ADDR", &taken]);
}

#[test]
fn bad_state_keys_are_named_and_not_shown() {
    let secret = "k1:c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0";
    let (code, _, err) = run(&[("SPAKE_STATE_KEYS", secret)], &[]);
    assert_eq!(code, 2);
    assert!(err.contains("SPAKE_STATE_KEYS") && err.contains("`k1`") && !err.contains("c2VjcmV0"), "{err}");
    refused(
        &[("SPAKE_STATE_KEYS_FILE", "/nonexistent/keys")],
        &[],
        &["SPAKE_STATE_KEYS_FILE", "/nonexistent/keys"],
    );
    let (code, _, err) = run(&[("SPAKE_STATE_KEYS_FILE", secret)], &[]);
    assert!(code == 2 && err.contains("SPAKE_STATE_KEYS_FILE") && !err.contains("c2VjcmV0"), "{err}");
    refused(&[("SPAKE_STATE_KEYS", "x"), ("SPAKE_STATE_KEYS_FILE", "y")], &[], &["SPAKE_STATE_KEYS", "both"]);
}

#[test]
fn keygen_prints_a_key_that_the_service_takes() {
    let (code, out, _) = run(&[], &["keygen", "--id", "2026-11"]);
    assert_eq!(code, 0);
    assert!(out.starts_with("2026-11:"));
    TestApp::with(&[("SPAKE_STATE_KEYS", out.trim())]).get("/health").ok();
    refused(&[], &["keygen", "--id", "a b"], &["--id"]);
}

#[test]
fn every_variable_is_in_the_help_and_in_the_readme() {
    let (_, help, _) = run(&[], &["--help"]);
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let variables: Vec<_> = help
        .split("[env: ")
        .skip(1)
        .map(|rest| rest.split(['=', ']']).next().unwrap())
        .chain(["SPAKE_STATE_KEYS", "REDIS_URL", "SPAKE_REDIS_SENTINEL_PASSWORD"])
        .collect();
    assert!(variables.len() > 10, "{help}");
    for variable in variables {
        assert!(help.contains(variable), "{variable} is not in --help");
        assert!(readme.contains(&format!("`{variable}`")), "{variable} is not in the README");
    }
}

#[test]
fn flask_debug_turns_on_debug_logging() {
    let quiet = TestApp::start();
    quiet.get("/health").ok();
    let loud = TestApp::with(&[("FLASK_DEBUG", "True")]);
    loud.get("/health").ok();
    crate::support::eventually("a debug line", || loud.log().contains("DEBUG").then_some(()));
    assert!(!quiet.log().contains("DEBUG"), "{}", quiet.log());
}

#[test]
fn health_tells_what_it_is() {
    let app = TestApp::start();
    let health = app.get("/health").ok();
    assert_eq!(
        (health.string("status"), health.string("service")),
        ("healthy".to_owned(), "spake".to_owned())
    );
    assert_eq!(health.string("version"), env!("CARGO_PKG_VERSION"));
    assert_eq!(health.string("store"), "embedded");
}
