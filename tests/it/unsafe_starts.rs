//! What would be unsafe does not start, or says that it is; `check-config` says so before.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use crate::startup::refused;
use crate::support::{KeysFile, TestApp, run};

#[test]
fn another_address_without_keys_takes_an_explicit_word() {
    for host in ["0.0.0.0", "::", "192.0.2.1"] {
        refused(&[("SPAKE_HOST", host)], &[], &["SPAKE_HOST", "--insecure-no-auth"]);
    }
}

#[test]
fn an_unsafe_keys_file_and_unsafe_anonymous_scopes_are_refused() {
    let file = KeysFile::new();
    let keys = ("SPAKE_API_KEYS_FILE", file.path());
    refused(&[keys], &[], &["SPAKE_API_KEYS_FILE", "cannot be read"]);
    file.add("backend", "session:initiate");
    let text = std::fs::read_to_string(&file.path).unwrap();
    for mode in [0o620, 0o602, 0o666] {
        std::fs::set_permissions(&file.path, Permissions::from_mode(mode)).unwrap();
        refused(&[keys], &[], &["SPAKE_API_KEYS_FILE", "others than its owner may write it", "chmod go-w"]);
    }
    std::fs::set_permissions(&file.path, Permissions::from_mode(0o640)).unwrap();
    for (bad, why) in [
        ("", "no key in it"),
        ("backend\n", "line 1"),
        (&text.repeat(2), "twice"),
        (&"#\n".repeat(600_000), "1 MiB"),
    ] {
        std::fs::write(&file.path, bad).unwrap();
        refused(&[keys], &[], &["SPAKE_API_KEYS_FILE", why]);
    }
    std::fs::write(&file.path, text).unwrap();
    for scope in ["secret:read", "secret:unconfirmed", "session:admin", "credential:read", "credential:write"]
    {
        refused(
            &[keys, ("SPAKE_ANONYMOUS_SCOPES", &format!("login,{scope}"))],
            &[],
            &["SPAKE_ANONYMOUS_SCOPES", scope],
        );
    }
    refused(
        &[keys, ("SPAKE_INSECURE_NO_AUTH", "true")],
        &[],
        &["SPAKE_INSECURE_NO_AUTH", "SPAKE_API_KEYS_FILE"],
    );
}

#[test]
fn check_config_says_what_a_start_would_do_and_does_nothing() {
    let file = KeysFile::new();
    file.add("backend", "session:initiate");
    let variables =
        [("SPAKE_API_KEYS_FILE", file.path()), ("SPAKE_ANONYMOUS_SCOPES", "login"), ("PORT", "1")];
    let (code, out, err) = run(&variables, &["check-config"]);
    assert_eq!((code, &*err), (0, ""), "{out}");
    for line in [
        "0.0.0.0:1",
        "1 API keys",
        "without a key    login",
        "sessions in memory",
        "spake-service/1",
        "in the clear",
    ] {
        assert!(out.contains(line), "{line}: {out}");
    }
    let (_, out, _) =
        run(&[&variables[..], &[("SPAKE_TRUSTED_PROXIES", "10.0.0.0/8")]].concat(), &["check-config"]);
    assert!(!out.contains("in the clear"), "the proxy ends TLS: {out}");
    let (_, out, _) = run(&[("SPAKE_INSECURE_NO_AUTH", "true")], &["check-config"]);
    assert!(
        out.contains("127.0.0.1:5000") && out.contains("warning") && out.contains("everyone who reaches"),
        "{out}"
    );
    refused(&[("SPAKE_HOST", "0.0.0.0")], &["check-config"], &["SPAKE_HOST", "apikey new"]);
    refused(
        &[("SPAKE_TLS_CERT", "/none"), ("SPAKE_TLS_KEY", "/none")],
        &["check-config"],
        &["SPAKE_TLS_CERT", "/none"],
    );
    refused(&[("SPAKE_AUDIT_FILE", "/none/audit")], &["check-config"], &["SPAKE_AUDIT_FILE", "/none/audit"]);
    let audit = file.path.with_extension("audit");
    let (code, out, _) = run(&[("SPAKE_AUDIT_FILE", audit.to_str().unwrap())], &["check-config"]);
    assert!(code == 0 && !audit.exists(), "{out}");
    refused(&[("SPAKE_SESION_TTL", "1s")], &["check-config"], &["SPAKE_SESION_TTL"]);
}

#[test]
fn a_key_in_the_wrong_place_is_not_repeated() {
    let key = KeysFile::new().add("backend", "login");
    for (variables, arguments) in [
        (&[("SPAKE_ANONYMOUS_SCOPES", &*key)][..], &[][..]),
        (&[("SPAKE_CORS_ORIGINS", &*key)], &[]),
        (&[], &["apikey", "new", &key, "--scopes", "login"]),
        (&[], &["apikey", "new", "x", "--scopes", &key]),
        (&[], &["apikey", "check", &key]),
        (&[("SPAKE_API_KEY_FILE", &*key)], &["credential", "list"]),
    ] {
        let (code, out, err) = run(variables, arguments);
        assert!(code == 2 && !(out + &err).contains(&key[12..]), "{variables:?} {arguments:?}: {err}");
    }
}

#[test]
fn an_audit_file_that_is_a_pipe_nobody_reads_is_refused() {
    let file = KeysFile::new();
    assert!(std::process::Command::new("mkfifo").arg(&file.path).status().unwrap().success());
    refused(&[("SPAKE_AUDIT_FILE", file.path())], &[], &["SPAKE_AUDIT_FILE"]);
}

#[test]
fn the_clients_key_file_is_not_taken_for_the_services() {
    let file = KeysFile::new();
    file.add("backend", "session:initiate");
    refused(&[("SPAKE_API_KEY_FILE", file.path())], &[], &["SPAKE_API_KEY_FILE", "SPAKE_API_KEYS_FILE"]);
    // A shell may have both.
    let both = [("SPAKE_API_KEY_FILE", "client"), ("SPAKE_API_KEYS_FILE", file.path())];
    assert_eq!(run(&both, &["check-config"]).0, 0);
}

#[test]
fn readiness_says_that_everyone_is_let_in() {
    let open = [("SPAKE_INSECURE_NO_AUTH", "true"), ("SPAKE_ADMIN_ADDR", "127.0.0.1:0")];
    let answer = TestApp::with(&open).get_as_operator("/health/ready").ok();
    assert!(answer.string("warning").contains("--insecure-no-auth"));
    let answer = TestApp::with(&open[1..]).get_as_operator("/health/ready").ok();
    assert!(answer.field("warning").is_null());
}
