//! `spake-service pair`, the client that plays the other party.

use std::io::Write;
use std::process::Stdio;

use serde_json::json;

use crate::support::{ITERATIONS, TestApp, command, run};

fn pair(app: &TestApp, arguments: &[&str]) -> (i32, String, String) {
    let common = ["pair", "--url", &app.url, "--iterations", ITERATIONS];
    run(&[], &[&common, arguments].concat())
}

fn secret(output: &str) -> String {
    let line = output.lines().find(|line| line.starts_with("shared_secret")).unwrap();
    line.split_whitespace().nth(1).unwrap().to_owned()
}

#[test]
fn it_joins_a_session_that_was_initiated_elsewhere() {
    let app = TestApp::start();
    let initiated =
        app.post("/spake/initiate", &json!({ "session_id": "demo", "password": "mypassword" })).ok();
    let public_key = initiated.string("public_key");
    let (code, out, err) =
        pair(&app, &["--password", "mypassword", "--session-id", "demo", "--public-key", &public_key]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(secret(&out), app.get("/spake/secret/demo").ok().string("shared_secret"));
}

#[test]
fn it_shows_both_sides_by_itself() {
    let app = TestApp::start();
    let (code, out, err) = pair(&app, &["--password", "pw", "--session-id", "s", "--client-id", "phone"]);
    assert_eq!(code, 0, "{err}");
    let answer = app.get("/spake/secret/s").ok();
    assert_eq!(
        (answer.string("shared_secret"), answer.string("client_id")),
        (secret(&out), "phone".to_owned())
    );
    assert_eq!(pair(&app, &["--password", "pw"]).0, 0, "without an id too");
}

#[test]
fn a_wrong_password_is_said_and_is_exit_1() {
    let app = TestApp::start();
    let initiated = app.post("/spake/initiate", &json!({ "session_id": "s", "password": "mypassword" })).ok();
    let (code, out, err) = pair(
        &app,
        &["--password", "guess", "--session-id", "s", "--public-key", &initiated.string("public_key")],
    );
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("403") && err.contains("passwords differ"), "{err}");
    assert_eq!(app.get("/spake/status/s").string("status"), "failed");
}

#[test]
fn what_the_service_says_of_itself_is_compared_and_never_adopted() {
    for (variable, value, flag) in [
        ("SPAKE_SERVER_ID", "other", "--expect-server-id"),
        ("SPAKE_CONTEXT", "other", "--expect-context"),
        ("SPAKE_PBKDF2_ITERATIONS", "200000", "--iterations"),
    ] {
        let app = TestApp::with(&[(variable, value)]);
        let (code, _, err) = pair(&app, &["--password", "pw"]);
        assert!(code == 1 && err.contains(flag), "{err}");
        let expected = if variable.ends_with("ITERATIONS") {
            run(&[], &["pair", "--url", &app.url, "--password", "pw", flag, value])
        } else {
            pair(&app, &["--password", "pw", flag, value])
        };
        assert_eq!(expected.0, 0, "{}", expected.2);
    }
}

#[test]
fn the_password_can_come_from_standard_input() {
    let app = TestApp::start();
    let mut child = command()
        .args([
            "pair",
            "--url",
            &app.url,
            "--iterations",
            ITERATIONS,
            "--password-file",
            "-",
            "--session-id",
            "s",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"a password \n").unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    app.get("/spake/secret/s").ok();
}

#[test]
fn what_cannot_work_is_said_in_one_line() {
    let app = TestApp::start();
    for (arguments, code, names) in [
        (&["pair"][..], 2, "--password"),
        (&["pair", "--password", ""], 2, "empty"),
        (&["pair", "--password", "p", "--iterations", "1"], 2, "--iterations"),
        (&["pair", "--password", "p", "--public-key", "04"], 2, "--session-id"),
        (&["pair", "--password", "p", "--session-id", "s", "--public-key", "zz"], 2, "--public-key"),
        (&["pair", "--password", "p", "--session-id", "s", "--public-key", "04"], 2, "65 bytes"),
        (&["pair", "--password-file", "/nonexistent/pw"], 2, "/nonexistent/pw"),
        (&["pair", "--password", "p", "--url", "http://127.0.0.1:1"], 1, "127.0.0.1:1"),
        (&["pair", "--password", "p", "--url", &app.url, "--session-id", "a/b"], 1, "session_id"),
    ] {
        let (exit, _, err) = run(&[], arguments);
        assert_eq!(exit, code, "{arguments:?}: {err}");
        assert!(err.contains(names) && err.trim_end().lines().count() == 1, "{arguments:?}: {err}");
    }
}
