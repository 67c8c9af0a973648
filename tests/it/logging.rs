//! Whatever callers do, and at whatever level: no secret and no id of a person in the log or the audit stream.

use std::io::Write;
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::support::account::{Account, confirm, live_through};
use crate::support::at_rest::Secrets;
use crate::support::audit::AuditFile;
use crate::support::{Client, KeysFile, RedisServer, STATE_KEYS, TestApp, eventually};

const PASSWORD: &str = "correct horse battery staple";
const GUESS: &str = "a guess that is quite wrong";
const REDIS_PASSWORD: &str = "4f9c1bRedisPassword77aa";
const CREDENTIAL: &str = "alice.liddell@wonderland.example";
const CLIENT: &str = "white-rabbit@wonderland.example";

/// Everything that the API can do, right and wrong, by callers who put secrets where they do not belong.
fn everything(app: &TestApp, key: &str, secrets: &mut Secrets) {
    for (session, guess) in [("one", PASSWORD), ("two", GUESS)] {
        let client = Client::initiate(app, session, PASSWORD, guess);
        secrets.add("w", client.w);
        secrets.add_hex("pA", &client.public_key());
        secrets.add_hex("cA", &client.confirmation());
        let exchanged = client.exchange(app).ok();
        secrets.add_hex("shared secret", &exchanged.string("shared_secret"));
        let confirmed = client.confirm(app);
        if guess == PASSWORD {
            secrets.add_hex("cB", &confirmed.ok().string("server_confirmation"));
            app.get("/spake/secret/one").ok();
        }
    }
    live_through(app, CREDENTIAL, PASSWORD, secrets);
    let path = format!("/spake/credentials/{CREDENTIAL}");
    app.put(&format!("{path}-2"), &json!({ "password": PASSWORD }));
    app.patch(&path, &json!({ "disabled": true })).ok();
    for path in [path.clone(), format!("{path}/guesses"), "/spake/credentials".to_owned()] {
        app.get(&path).ok();
    }
    for guess in 1..13 {
        let login = Account::guesser(CREDENTIAL, guess).begin().post(app);
        if login.status == 200 {
            confirm(app, &login.string("session_id"), &"ab".repeat(32));
        }
    }
    app.delete(&format!("{path}/guesses")).ok();
    app.delete(&path).ok();
    app.get("/spake/status/one").ok();
    app.get("/spake/sessions").ok();
    app.delete("/spake/cleanup/two").ok();
    astray(app, key);
}

/// Secrets in wrong fields, paths, query strings and headers.
fn astray(app: &TestApp, key: &str) {
    let wrong = [
        json!({ "session_id": PASSWORD, "client_public_key": PASSWORD, "client_confirmation": PASSWORD }),
        json!({ "session_id": 7, "password": [PASSWORD], "client_id": PASSWORD }),
        json!({ "credential_id": PASSWORD, "client_public_key": PASSWORD, "password": PASSWORD }),
        json!({ "verifier": { "w0": PASSWORD, "L": key }, "kdf": { "algorithm": PASSWORD, "salt": key } }),
        json!({ "session_id": "c", "password": PASSWORD, "client_id": CLIENT }),
        json!(PASSWORD),
    ];
    for body in &wrong {
        for path in ["/spake/initiate", "/spake/exchange", "/spake/confirm", "/spake/login"] {
            app.post(path, body);
        }
        app.put("/spake/credentials/x", body);
        app.patch("/spake/credentials/x", body);
    }
    let escaped = PASSWORD.replace(' ', "%20");
    for path in [
        format!("/spake/status/{escaped}?password={escaped}&key={key}"),
        format!("/spake/secret/{escaped}%0A"),
        format!("/spake/sessions?cursor={escaped}&limit={key}"),
        format!("/spake/credentials?cursor={escaped}"),
        format!("/spake/credentials/{escaped}/kdf"),
        format!("/{escaped}?{key}"),
    ] {
        app.get(&path);
        app.delete(&path);
    }
    for header in ["X-Request-Id", "Authorization", "If-Match", "Origin", "X-Forwarded-For", "Content-Type"] {
        app.call_with((header, PASSWORD), "PUT", "/spake/credentials/x", Some(&wrong[0]));
        app.call_with((header, key), "GET", "/spake/secret/one", None);
    }
    app.raw_post("/spake/login", &[("Content-Type", "application/json")], PASSWORD.as_bytes());
    app.raw(b"UNHEARDOF /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    app.raw(format!("GET /{PASSWORD} HTTP/1.1\r\n{key}\r\n\r\n").as_bytes());
    over_http2(app, key);
}

/// A key in a header and a password in a body, in frames of HTTP/2 (RFC 9113) with literal headers (RFC 7541).
fn over_http2(app: &TestApp, key: &str) {
    let frame = |kind: u8, flags: u8, stream: u8, payload: &[u8]| {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, flags, 0, 0, 0, stream], payload].concat()
    };
    let literal = |name: &str, value: &str| {
        assert!(value.len() < 127);
        let text = |text: &str| [&[text.len() as u8], text.as_bytes()].concat();
        [vec![0], text(name), text(value)].concat()
    };
    let body = json!({ "credential_id": CREDENTIAL, "client_public_key": PASSWORD }).to_string();
    let headers = [
        literal(":method", "POST"),
        literal(":scheme", "http"),
        literal(":path", "/spake/login"),
        literal(":authority", "localhost"),
        literal("content-type", "application/json"),
        literal("x-request-id", "over-http2"),
        literal("x-other", PASSWORD),
        literal("authorization", &format!("Bearer {key}")),
    ];
    let mut stream = TcpStream::connect(&app.address).unwrap();
    let bytes = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        frame(4, 0, 0, &[]),
        frame(1, 4, 1, &headers.concat()),
        frame(0, 1, 1, body.as_bytes()),
    ];
    stream.write_all(&bytes.concat()).unwrap();
    eventually("the answer over HTTP/2", || app.log().contains("over-http2").then_some(()));
    assert!(app.log().contains("h2::"), "HTTP/2 is traced");
}

#[test]
fn neither_log_nor_audit_stream_holds_a_secret_or_a_persons_id_whatever_callers_do() {
    let redis = RedisServer::with(&[("requirepass", REDIS_PASSWORD)]);
    let (url, data) = (redis.url(), tempfile::tempdir().unwrap());
    assert!(url.contains(REDIS_PASSWORD));
    for (store, format) in [
        ([("REDIS_URL", &*url), ("SPAKE_STATE_KEYS", STATE_KEYS)], "json"),
        ([("SPAKE_DATA_DIR", data.path().to_str().unwrap()), ("SPAKE_STATE_KEYS", STATE_KEYS)], "text"),
    ] {
        let (keys, audit) = (KeysFile::new(), AuditFile::new());
        let key = keys.add("backend", crate::api_keys::EVERYTHING);
        let mut secrets = Secrets::default();
        secrets.add("password", PASSWORD);
        secrets.add("guess", GUESS);
        secrets.add("API key", key.rsplit_once('_').unwrap().1);
        secrets.add("state key", (0..32).collect::<Vec<_>>());
        secrets.add("password of Redis", REDIS_PASSWORD);
        secrets.add("credential id", CREDENTIAL);
        secrets.add("client id", CLIENT);
        let trace =
            [("RUST_LOG", "trace"), ("SPAKE_LOG_FORMAT", format), ("SPAKE_ADMIN_ADDR", "127.0.0.1:0")];
        let open = TestApp::with(&[&store[..], &trace, &[audit.variable()]].concat());
        everything(&open, &key, &mut secrets);
        open.get_as_operator("/health/ready").ok();
        open.get_as_operator(&format!("/{PASSWORD}?{key}").replace(' ', "+"))
            .refused(404, "endpoint_not_found");
        let log = stop(open);
        let events = audit.events();
        assert!(events.len() > 80, "{}", events.len());
        // And where a key is needed.
        let app = keys.serve(&[&store[..], &trace, &[audit.variable()]].concat());
        astray(&app, &key);
        let caller = app.called_with(&key);
        caller.post("/spake/initiate", &json!({ "password": PASSWORD })).ok();
        caller.get(&format!("/spake/credentials/{CREDENTIAL}/kdf")).ok();
        app.called_with(&format!("{key}x")).get("/spake/sessions").refused(401, "unknown_api_key");
        let log_with_keys = stop(app);
        for (place, text) in [("log", log), ("log with keys", log_with_keys), ("audit stream", audit.text())]
        {
            assert!(text.len() > 10_000, "nothing in the {place}");
            secrets.assert_absent(place, text.as_bytes());
            let is_json = |line: &str| serde_json::from_str::<Value>(line).is_ok();
            assert!(format == "text" || text.lines().all(is_json), "{place}");
        }
        assert!(audit.events().iter().any(|event| event["key"] == "backend"));
    }
}

/// Ends the service; everything that it has logged.
fn stop(mut app: TestApp) -> String {
    app.terminate();
    assert_eq!(app.wait().code(), Some(0));
    eventually("its last words", || app.log().contains("stopped").then(|| app.log()))
}

#[test]
fn a_refused_request_is_one_line_and_its_event_has_the_callers_request_id() {
    let audit = AuditFile::new();
    let app = TestApp::with(&[audit.variable()]);
    let answer = app.call_with(("X-Request-Id", "mine.1"), "GET", "/spake/status/none", None);
    assert_eq!(answer.refused(404, "session_not_found").string("request_id"), "mine.1");
    assert_eq!(audit.of("mine.1")["outcome"], "session_not_found");
    let of_it = || app.log().lines().filter(|line| line.contains("mine.1")).count();
    eventually("its line", || (of_it() > 0).then_some(()));
    let forged = app.call_with(("X-Request-Id", "a b"), "GET", "/spake/status/none", None);
    assert_ne!(forged.string("request_id"), "a b");
    eventually("its line", || app.log().contains(&forged.string("request_id")).then_some(()));
    assert_eq!((of_it(), app.log().contains("a b")), (1, false), "{}", app.log());
    audit.of_answer(&forged);
    assert_eq!(audit.events().len(), 2);
}

#[test]
fn a_method_of_a_callers_own_invention_is_not_logged() {
    let app = TestApp::start();
    let answer =
        app.raw(b"hunter2MyPassword /spake/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    answer.refused(405, "method_not_allowed");
    eventually("it is logged", || app.log().contains("method_not_allowed").then_some(()));
    assert!(!app.log().contains("hunter2"), "{}", app.log());
}
