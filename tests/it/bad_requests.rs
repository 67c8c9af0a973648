//! Paths, methods and headers that are wrong: the answer is JSON, and says what would be right.

use crate::support::TestApp;

#[test]
fn unknown_ids_in_paths_are_not_found_whatever_they_hold() {
    let app = TestApp::start();
    for id in ["none", "a%2Fb", "%00", "%0A", "%2E", &"x".repeat(129)] {
        for path in ["status", "secret"] {
            app.get(&format!("/spake/{path}/{id}")).refused(404, "session_not_found");
        }
        let answer = app.delete(&format!("/spake/cleanup/{id}")).refused(404, "session_not_found");
        assert_eq!(answer.string("error"), "Session not found");
    }
    app.raw(b"GET /spake/status/%ff HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .refused(400, "invalid_path");
}

#[test]
fn other_paths_are_not_found_in_json() {
    let app = TestApp::start();
    for path in [
        "/",
        "/spake",
        "/health/",
        "/spake/sessions/",
        "/spake/status/",
        "/spake/status/a/b",
        "/SPAKE/sessions",
        "/favicon.ico",
        "//health",
    ] {
        let answer = app.get(path).refused(404, "endpoint_not_found");
        assert_eq!(answer.string("error"), "Endpoint not found");
    }
}

#[test]
fn wrong_methods_are_refused_with_what_is_allowed() {
    let app = TestApp::start();
    for (path, method, allow) in [
        ("/health", "POST", "GET,HEAD"),
        ("/health", "DELETE", "GET,HEAD"),
        ("/spake/initiate", "GET", "POST"),
        ("/spake/exchange", "PUT", "POST"),
        ("/spake/confirm", "OPTIONS", "POST"),
        ("/spake/status/s", "POST", "GET,HEAD"),
        ("/spake/cleanup/s", "GET", "DELETE"),
        ("/spake/sessions", "DELETE", "GET,HEAD"),
        ("/spake/sessions", "BREW", "GET,HEAD"),
    ] {
        let request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let answer = app.raw(request.as_bytes()).refused(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
        assert_eq!(answer.string("error"), "Method not allowed");
    }
}

#[test]
fn head_is_get_without_a_body() {
    let app = TestApp::start();
    for (path, status) in
        [("/health", 200), ("/spake/sessions", 200), ("/none", 404), ("/spake/initiate", 405)]
    {
        let request = format!("HEAD {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let answer = app.raw(request.as_bytes());
        assert_eq!((answer.status, answer.text.as_str()), (status, ""), "{path}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

#[test]
fn nothing_under_spake_may_be_cached() {
    let app = TestApp::start();
    for path in ["/spake/sessions", "/spake/status/none", "/spake/none", "/spake/initiate"] {
        assert_eq!(app.get(path).header("cache-control"), Some("no-store"), "{path}");
    }
}

#[test]
fn a_request_id_is_taken_over_unless_it_could_forge_log_lines() {
    let app = TestApp::start();
    let with = |id: &str| {
        let request = format!(
            "GET /none HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Request-Id: {id}\r\n\r\n"
        );
        app.raw(request.as_bytes()).refused(404, "endpoint_not_found").string("request_id")
    };
    assert_eq!(with("abc-123_x.y"), "abc-123_x.y");
    for bad in ["", "a b", "a\"b", "ü", &"x".repeat(65)] {
        assert_ne!(with(bad), bad);
    }
}

#[test]
fn bytes_that_are_no_http_do_not_disturb_the_next_request() {
    let app = TestApp::start();
    for bytes in [
        &b"\x16\x03\x01\x02\x00"[..],
        b"GET\r\n\r\n",
        b"\r\n\r\n\r\n",
        b"POST /spake/initiate HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    ] {
        let mut stream = std::net::TcpStream::connect(&app.address).unwrap();
        std::io::Write::write_all(&mut stream, bytes).unwrap();
        drop(stream);
    }
    app.get("/health").ok();
    assert!(!app.log().contains("panic"), "{}", app.log());
}
