//! Without API keys: this machine only.

use serde_json::json;

use crate::support::{Answer, TestApp};

fn get(app: &TestApp, headers: &str) -> Answer {
    app.raw(format!("GET /spake/sessions HTTP/1.1\r\nConnection: close\r\n{headers}\r\n").as_bytes())
}

#[test]
fn a_rebound_name_or_a_proxy_in_front_gets_nothing() {
    let app = TestApp::start();
    for headers in [
        "Host: example.org\r\n",
        "Host: 192.168.1.1:5000\r\n",
        "Host: localhost.example.org\r\n",
        "Host: localhost\r\nX-Forwarded-For: 10.0.0.1\r\n",
        "Host: localhost\r\nX-Forwarded-Proto: https\r\n",
        "Host: localhost\r\nForwarded: for=10.0.0.1\r\n",
    ] {
        let answer = get(&app, headers).refused(403, "foreign_request");
        assert!(answer.string("error").contains("--insecure-no-auth"), "says what to do: {answer:?}");
    }
    for headers in ["Host: localhost\r\n", "Host: 127.0.0.1:1\r\n", "Host: [::1]:5000\r\n"] {
        get(&app, headers).ok();
    }
    app.raw(b"GET /health HTTP/1.0\r\n\r\n").refused(403, "foreign_request");
    app.raw(b"GET http://example.org/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .refused(403, "foreign_request");
}

#[test]
fn a_foreign_request_changes_nothing() {
    let app = TestApp::start();
    let body = br#"{"session_id": "s", "password": "p"}"#;
    let headers = [("Content-Type", "application/json"), ("X-Forwarded-For", "10.0.0.1")];
    app.raw_post("/spake/initiate", &headers, body).refused(403, "foreign_request");
    assert_eq!(app.get("/spake/sessions").field("active_sessions"), 0);
}

#[test]
fn no_origin_is_let_in_by_cors() {
    let app = TestApp::start();
    get(&app, "Host: localhost\r\nOrigin: http://evil.example\r\n").refused(403, "foreign_request");
    let answer = get(&app, "Host: localhost\r\nOrigin: http://localhost:3000\r\n").ok();
    assert!(answer.headers.iter().all(|(name, _)| !name.to_lowercase().starts_with("access-control")));
}

#[test]
fn insecure_no_auth_opens_it_and_says_so() {
    let app = TestApp::with(&[("SPAKE_HOST", "0.0.0.0"), ("SPAKE_INSECURE_NO_AUTH", "true")]);
    get(&app, "Host: example.org\r\nX-Forwarded-For: 10.0.0.1\r\n").ok();
    app.post("/spake/initiate", &json!({ "session_id": "s", "password": "p" })).ok();
    crate::support::eventually("the warning", || app.log().contains("insecure-no-auth").then_some(()));
}
