//! Whatever a body holds, the answer is a 4xx with a sentence and a code, and nothing has changed.

use serde_json::{Value, json};

use crate::support::{Answer, Client, TestApp};

const JSON: (&str, &str) = ("Content-Type", "application/json");
const POSTS: [&str; 3] = ["/spake/initiate", "/spake/exchange", "/spake/confirm"];

/// Sends `body` as the seed's clients could and asserts that the service goes on as if it had not come.
#[track_caller]
fn refused(app: &TestApp, path: &str, body: &[u8], code: &str) -> Answer {
    app.raw_post(path, &[JSON], body).refused(400, code)
}

#[test]
fn bodies_that_are_no_json_object_are_refused() {
    let app = TestApp::start();
    let deep = [b"[".repeat(8000), b"]".repeat(8000)].concat();
    for path in POSTS {
        for body in ["{}", "[]", "null", "0", "0.0", "false", "\"\"", " {} "] {
            let answer = refused(&app, path, body.as_bytes(), "no_payload");
            assert_eq!(answer.string("error"), "No JSON payload provided");
        }
        for body in ["[1]", "\"text\"", "1", "true", "[{}]"] {
            refused(&app, path, body.as_bytes(), "not_an_object");
        }
        for body in [
            &b""[..],
            b"{",
            b"{\"session_id\": }",
            b"{'session_id': 1}",
            b"{\"a\": 1} trailing",
            b"session_id=1",
            b"{\"a\": \"\xff\"}",
            b"{\"a\": \"\\ud800\"}",
            b"{\"a\": NaN}",
            b"{\"a\": 1e999}",
            b"\xef\xbb\xbf",
            &deep,
        ] {
            refused(&app, path, body, "malformed_json");
        }
    }
}

#[test]
fn a_json_error_does_not_quote_the_password() {
    let app = TestApp::start();
    let answer = refused(&app, POSTS[0], br#"{"password": "hunter2" "x"}"#, "malformed_json");
    assert!(!answer.text.contains("hunter2"));
    assert!(answer.string("error").contains("line 1, column"), "{answer:?}");
}

#[test]
fn other_content_types_and_charsets_are_refused_and_json_ones_accepted() {
    let app = TestApp::start();
    let body = br#"{"session_id": "none", "client_public_key": "04"}"#;
    let send = |headers: &[(&str, &str)]| app.raw_post("/spake/exchange", headers, body);
    send(&[]).refused(400, "wrong_content_type");
    for other in
        ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "text/json", "", "*/*"]
    {
        send(&[("Content-Type", other)]).refused(400, "wrong_content_type");
    }
    for other in ["utf-16", "latin1", ""] {
        send(&[("Content-Type", &format!("application/json; charset={other}"))])
            .refused(400, "unsupported_charset");
    }
    for json in [
        "application/json",
        "Application/JSON",
        "application/json;charset=utf-8",
        "application/json; charset=\"UTF-8\"",
        "application/json; profile=x",
        "application/vnd.api+json",
    ] {
        send(&[("Content-Type", json)]).refused(404, "session_not_found");
    }
    send(&[JSON, ("Accept", "text/html")]).refused(404, "session_not_found");
}

#[test]
fn compressed_bodies_are_refused() {
    let app = TestApp::start();
    for encoding in ["gzip", "br", "deflate", "identity, gzip"] {
        let answer = app.raw_post(POSTS[0], &[JSON, ("Content-Encoding", encoding)], b"{}");
        answer.refused(415, "unsupported_encoding");
    }
    app.raw_post(POSTS[0], &[JSON, ("Content-Encoding", "identity")], b"{}").refused(400, "no_payload");
}

#[test]
fn bodies_over_16_kib_are_refused_with_and_without_an_announced_length() {
    let app = TestApp::start();
    let body = |len: usize| format!("{{\"password\": \"{}\"}}", "x".repeat(len - 16));
    assert_eq!(body(16384).len(), 16384);
    app.raw_post(POSTS[0], &[JSON], body(16384).as_bytes()).refused(400, "invalid_password");
    app.raw_post(POSTS[0], &[JSON], body(16385).as_bytes()).refused(413, "payload_too_large");
    // Announced and never sent: refused without waiting for it.
    let head = "POST /spake/initiate HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n";
    app.raw(format!("{head}Content-Length: 99999999999\r\n\r\n").as_bytes())
        .refused(413, "payload_too_large");
    let chunk = format!("4001\r\n{}\r\n0\r\n\r\n", body(16385));
    app.raw(format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunk}").as_bytes())
        .refused(413, "payload_too_large");
}

#[test]
fn missing_and_empty_fields_get_the_seeds_sentence() {
    let app = TestApp::start();
    let (id, password) = (("session_id", "s"), ("password", "p"));
    let (key, confirmation) = (("client_public_key", "04"), ("client_confirmation", "00"));
    let cases = [
        (POSTS[0], [id, password], "session_id and password are required"),
        (POSTS[1], [id, key], "session_id and client_public_key are required"),
        (POSTS[2], [id, confirmation], "session_id and client_confirmation are required"),
    ];
    for (path, fields, sentence) in cases {
        for (index, (name, _)) in fields.iter().enumerate() {
            for empty in [json!(""), json!(null), json!(0), json!(false), json!([]), json!({})] {
                let mut body: Value = fields.iter().map(|(k, v)| ((*k).to_owned(), json!(v))).collect();
                body[*name] = empty;
                let answer = app.post(path, &body).refused(400, "missing_field");
                assert_eq!(answer.string("error"), sentence);
            }
            let (name, value) = &fields[1 - index];
            let without = json!({ *name: value });
            if path != POSTS[0] || *name != "password" {
                assert_eq!(app.post(path, &without).refused(400, "missing_field").string("error"), sentence);
            }
        }
    }
    assert_eq!(app.get("/spake/sessions").field("active_sessions"), 0);
}

#[test]
fn fields_of_the_wrong_type_or_form_are_refused() {
    let app = TestApp::start();
    let long_id = "x".repeat(129);
    for id in [
        json!(1),
        json!(true),
        json!(["s"]),
        json!({"s": 1}),
        json!("a/b"),
        json!("."),
        json!(".."),
        json!("a\nb"),
        json!("a\u{7f}b"),
        json!("a\u{0}"),
        json!(long_id),
    ] {
        app.post(POSTS[0], &json!({ "session_id": id, "password": "p" })).refused(400, "invalid_session_id");
        app.post(POSTS[1], &json!({ "session_id": id, "client_public_key": "04" }))
            .refused(400, "invalid_session_id");
        app.post(POSTS[2], &json!({ "session_id": id, "client_confirmation": "00" }))
            .refused(400, "invalid_session_id");
    }
    for password in [json!(1), json!(true), json!(["p"]), json!({"p": 1}), json!("x".repeat(1025))] {
        app.post(POSTS[0], &json!({ "session_id": "s", "password": password }))
            .refused(400, "invalid_password");
    }
    for client in [json!(1), json!(false), json!([]), json!("x".repeat(257)), json!("a\nb")] {
        app.post(POSTS[0], &json!({ "session_id": "s", "password": "p", "client_id": client }))
            .refused(400, "invalid_client_id");
    }
    assert_eq!(app.get("/spake/sessions").field("active_sessions"), 0);
    app.post(
        POSTS[0],
        &json!({ "session_id": "s", "password": "x".repeat(1024), "client_id": null, "more": 1 }),
    )
    .ok();
}

#[test]
fn the_last_of_duplicate_keys_wins() {
    let app = TestApp::start();
    let body = br#"{"session_id": 1, "password": null, "session_id": "s", "password": "p"}"#;
    assert_eq!(app.raw_post(POSTS[0], &[JSON], body).ok().string("session_id"), "s");
}

#[test]
fn an_invalid_key_leaves_the_session_initiated() {
    let app = TestApp::start();
    let client = Client::initiate(&app, "s", "password", "password");
    let good = client.public_key();
    let with =
        |index: usize, digit: &str| format!("{}{digit}{}", &good[..index], &good[index + digit.len()..]);
    let exchange = |key: Value| app.post(POSTS[1], &json!({ "session_id": "s", "client_public_key": key }));
    for (key, code) in [
        (json!(1), "invalid_public_key"),
        (json!(["04"]), "invalid_public_key"),
        (json!("xyz"), "invalid_hex"),
        (json!("0x04"), "invalid_hex"),
        (json!("040"), "invalid_hex"),
        (json!(with(40, "g")), "invalid_hex"),
        (json!(format!("{good} ")), "invalid_hex"),
        (json!("00"), "invalid_public_key"),
        (json!(&good[..128]), "invalid_public_key"),
        (json!(format!("{good}00")), "invalid_public_key"),
        (json!(format!("02{}", &good[2..66])), "invalid_public_key"),
        (json!(with(0, "06")), "invalid_public_key"),
        (json!(with(128, if good.ends_with("00") { "01" } else { "00" })), "invalid_public_key"),
        (json!(format!("04{}", "ff".repeat(64))), "invalid_public_key"),
        (json!(format!("04{}", "00".repeat(64))), "invalid_public_key"),
        (json!("00".repeat(65)), "invalid_public_key"),
    ] {
        let answer = exchange(key).refused(400, code);
        assert!(answer.string("error").contains("client_public_key"), "{answer:?}");
        assert_eq!(app.get("/spake/status/s").string("status"), "initiated");
    }
    assert_eq!(exchange(json!("xyz")).string("error"), "Invalid hex format for client_public_key");
    client.exchange_and_confirm(&app).ok();
}

#[test]
fn a_malformed_confirmation_is_not_a_guess() {
    let app = TestApp::start();
    let client = Client::initiate(&app, "s", "password", "password");
    let good = client.confirmation();
    let malformed =
        [json!(1), json!(true), json!(["00"]), json!("xyz"), json!(&good[..62]), json!(format!("{good}00"))];
    for confirmation in malformed.iter().chain([&json!("")]) {
        let body = json!({ "session_id": "s", "client_public_key": client.public_key(),
            "client_confirmation": confirmation });
        app.post(POSTS[1], &body).refused(400, "invalid_confirmation");
        assert_eq!(app.get("/spake/status/s").string("status"), "initiated");
    }
    client.exchange(&app).ok();
    for confirmation in &malformed {
        let body = json!({ "session_id": "s", "client_confirmation": confirmation });
        app.post(POSTS[2], &body).refused(400, "invalid_confirmation");
        let body = json!({ "session_id": "s", "client_public_key": client.public_key(),
            "client_confirmation": confirmation });
        app.post(POSTS[1], &body).refused(400, "invalid_confirmation");
    }
    client.confirm(&app).ok();
}

#[test]
fn checks_come_in_the_seeds_order() {
    let app = TestApp::start();
    let exchange =
        |id: &str, key: Value| app.post(POSTS[1], &json!({ "session_id": id, "client_public_key": key }));
    // An unknown session is named before the key is looked at, a used one too.
    exchange("none", json!("xyz")).refused(404, "session_not_found");
    exchange("none", json!(1)).refused(404, "session_not_found");
    let client = Client::initiate(&app, "s", "password", "password");
    exchange("s", json!("xyz")).refused(400, "invalid_hex");
    client.exchange(&app).ok();
    exchange("s", json!("xyz")).refused(400, "invalid_session_status");
    let confirm = |id: &str| app.post(POSTS[2], &json!({ "session_id": id, "client_confirmation": "xyz" }));
    confirm("none").refused(404, "session_not_found");
    Client::initiate(&app, "t", "password", "password");
    let answer = confirm("t").refused(400, "invalid_session_status");
    assert_eq!(answer.string("error"), "Invalid session status");
}
