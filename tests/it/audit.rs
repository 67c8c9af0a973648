//! The audit stream: one event for every request, which an operator can follow and from which nobody learns an id.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::{Value, json};

use crate::api_keys::{EVERYTHING, endpoints};
use crate::readme::{blocks, document};
use crate::support::account::{Account, confirm};
use crate::support::audit::{AuditFile, said};
use crate::support::{Client, KeysFile, RedisServer, STATE_KEYS, TestApp, eventually, run};

fn is_tag(value: &Value) -> bool {
    value.as_str().is_some_and(|tag| tag.len() == 16 && tag.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

#[test]
fn every_route_has_its_event_with_its_subject_whoever_asks() {
    let (keys, audit) = (KeysFile::new(), AuditFile::new());
    let (all, nothing) = (keys.add("all", EVERYTHING), keys.add("nothing-else", "secret:unconfirmed"));
    let app = keys.serve(&[audit.variable()]);
    let mut actions = Vec::new();
    for (method, path, body, _) in endpoints() {
        let call = |key: &str| app.called_with(key).call(method, path, body.as_ref());
        let asked = [
            (crate::support::http::request(method, &app.url, path, body.as_ref()), "anonymous", None),
            // What a wrong key says of itself is not believed.
            (call("spk_all_x"), "unknown key", None),
            (call(&nothing), "key", Some("nothing-else")),
            (call(&all), "key", Some("all")),
        ];
        let events = asked.map(|(answer, caller, key)| {
            let event = audit.of_answer(&answer);
            assert_eq!((event["caller"].as_str(), event["key"].as_str()), (Some(caller), key), "{event}");
            let outcome = if answer.status == 200 { json!("ok") } else { answer.field("code") };
            assert_eq!((&event["status"], &event["outcome"]), (&json!(answer.status), &outcome), "{event}");
            assert_eq!(event["address"], "127.0.0.1");
            let subjects = [("session", "/s"), ("credential", "/a")];
            for (subject, id) in subjects {
                let is_named = path.ends_with(id) || path.contains(&format!("{id}/"));
                assert_eq!(is_tag(&event[subject]), is_named, "{method} {path}: {event}");
            }
            event
        });
        let [action, ..] = &events;
        assert!(events.iter().all(|event| event["action"] == action["action"]));
        actions.push(action["action"].as_str().unwrap().to_owned());
    }
    let count = actions.len();
    actions.sort();
    actions.dedup();
    assert_eq!(actions.len(), count, "{actions:?}");
    assert!(!actions.contains(&"unnamed".to_owned()));
}

#[test]
fn an_operator_follows_a_session_and_an_account_by_their_tags_over_all_services() {
    let (redis, first, second) = (RedisServer::start(), AuditFile::new(), AuditFile::new());
    let url = redis.url();
    let [app, other] = [&first, &second].map(|file| TestApp::on_redis(&url, &[file.variable()]));
    let tag = |kind: &str, id: &str| {
        let variables = [("REDIS_URL", &*url), ("SPAKE_STATE_KEYS", STATE_KEYS)];
        let (code, out, err) = run(&variables, &["audit-tag", kind, id]);
        assert_eq!((code, &*err), (0, ""));
        out.trim_end().to_owned()
    };
    let client = Client::initiate(&app, "demo", "p", "p");
    let session = tag("--session", "demo");
    let exchanged = client.exchange(&other).ok();
    let confirmed = client.confirm(&app).ok();
    let read = other.get("/spake/secret/demo").ok();
    for (file, answer, action) in [
        (&second, exchanged, "session.exchange"),
        (&first, confirmed, "session.confirm"),
        (&second, read, "secret.read"),
    ] {
        let expected = json!({
            "action": action, "caller": "anonymous", "address": "127.0.0.1",
            "session": session, "outcome": "ok", "status": 200,
        });
        assert_eq!(said(&file.of_answer(&answer)), expected);
    }
    // A login tells whose it is, and which session the confirmation will be of.
    Account::at(&app, "alice", "p").register(&app);
    let login = Account::guesser("alice", 7).begin().post(&app).ok();
    let id = login.string("session_id");
    let event = first.of_answer(&login);
    let (alice, session) = (tag("--credential", "alice"), tag("--session", &id));
    assert_eq!((&event["credential"], &event["session"]), (&json!(alice), &json!(session)), "{event}");
    let guessed = confirm(&other, &id, &"00".repeat(32)).refused(403, "confirmation_failed");
    let event = second.of_answer(&guessed);
    assert_eq!((&event["session"], &event["outcome"]), (&json!(session), &json!("confirmation_failed")));
    let generated = app.post("/spake/initiate", &json!({ "password": "p" })).ok();
    assert_eq!(first.of_answer(&generated)["session"], tag("--session", &generated.string("session_id")));
    for text in [first.text(), second.text()] {
        assert!(!text.contains("alice") && !text.contains("demo") && !text.contains(&id), "{text}");
    }
}

#[test]
fn the_lines_of_the_operations_document_are_real_ones() {
    let (keys, audit) = (KeysFile::new(), AuditFile::new());
    let backend = keys.add("backend", "session:initiate,secret:read");
    let app = keys.serve(&[audit.variable(), ("SPAKE_ANONYMOUS_SCOPES", "login")]);
    let login = Account::guesser("alice", 7).begin().post(&app).ok();
    confirm(&app, &login.string("session_id"), &"00".repeat(32)).refused(403, "confirmation_failed");
    let backend = app.called_with(&backend);
    backend.post("/spake/initiate", &json!({ "session_id": "s", "password": "p" })).ok();
    backend.get("/spake/secret/s").refused(409, "not_confirmed");
    let last = app.called_with("spk_admin_x").delete("/spake/credentials/alice");
    audit.of_answer(&last.refused(401, "unknown_api_key"));
    let text = audit.text();
    let examples = blocks(&document("docs/OPERATIONS.md"), "json", "\"action\"");
    let told: Vec<_> = examples.iter().flat_map(|block| block.lines()).collect();
    assert_eq!(told.len(), 4);
    for told in told {
        assert!(text.lines().any(|line| is_as_told(line, told)), "{told}\n{text}");
    }
}

/// Whether a line is what the document says: `…` stands for any text without quotation marks.
fn is_as_told(line: &str, told: &str) -> bool {
    let mut parts = told.split('…');
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else { return false };
    for part in parts {
        let end = rest.find('"').unwrap_or(rest.len());
        match rest[end..].strip_prefix(part) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.is_empty()
}

#[test]
fn a_caller_that_goes_away_leaves_its_event() {
    let audit = AuditFile::new();
    let app = TestApp::with(&[audit.variable(), ("SPAKE_PBKDF2_ITERATIONS", "10000000")]);
    let cpu_ticks = || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", app.pid())).unwrap();
        let fields = stat.rsplit(')').next().unwrap().split_whitespace().skip(11).take(2);
        fields.map(|ticks| ticks.parse::<u64>().unwrap()).sum::<u64>()
    };
    let before = cpu_ticks();
    let body = r#"{"session_id":"s","password":"password"}"#;
    let head = format!(
        "POST /spake/initiate HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: gone\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(&app.address).unwrap();
    stream.write_all((head + body).as_bytes()).unwrap();
    eventually("it stretches", || (cpu_ticks() > before + 5).then_some(()));
    drop(stream);
    let event = audit.of("gone");
    assert_eq!((&event["outcome"], &event["status"]), (&json!("abandoned"), &Value::Null), "{event}");
    assert!(is_tag(&event["session"]), "{event}");
}

#[test]
fn what_is_not_a_route_of_ours_has_no_event() {
    let audit = AuditFile::new();
    let app = TestApp::with(&[audit.variable()]);
    app.get("/health").ok();
    app.get("/spake/nothing").refused(404, "endpoint_not_found");
    app.get("/spake/initiate").refused(405, "method_not_allowed");
    let last = app.get("/spake/sessions").ok();
    audit.of_answer(&last);
    assert_eq!(audit.events().len(), 1);
    // HEAD does what GET does.
    let head = app.raw(b"HEAD /spake/secret/s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!(audit.of_answer(&head)["action"], "secret.read");
}

#[test]
fn without_a_file_events_are_in_the_log_and_with_one_only_there_whatever_rust_log_says() {
    let in_log = |app: &TestApp| app.log().contains("session.list");
    let app = TestApp::start();
    let request_id = app.get("/spake/sessions").ok().header("x-request-id").unwrap().to_owned();
    let line = eventually("its line", || {
        app.log().lines().find(|line| line.contains("session.list")).map(str::to_owned)
    });
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&line["target"], &line["request_id"]), (&json!("audit"), &json!(request_id)));
    assert_eq!((&line["outcome"], &line["status"]), (&json!("ok"), &json!(200)));
    for filter in ["trace", "off", "audit=off"] {
        let audit = AuditFile::new();
        let app = TestApp::with(&[audit.variable(), ("RUST_LOG", filter)]);
        audit.of_answer(&app.get("/spake/sessions").ok());
        assert!(!in_log(&app), "{}", app.log());
    }
}

#[test]
fn the_file_is_its_owners_and_one_that_was_moved_away_is_followed_by_another() {
    let audit = AuditFile::new();
    let app = TestApp::with(&[audit.variable()]);
    let first = app.get("/spake/sessions").ok();
    audit.of_answer(&first);
    let kept = audit.path.with_extension("1");
    fs::rename(&audit.path, &kept).unwrap();
    audit.of_answer(&app.get("/spake/sessions").ok());
    assert_eq!(audit.events().len(), 1);
    assert!(fs::read_to_string(&kept).unwrap().contains(first.header("x-request-id").unwrap()));
    for file in [&audit.path, &kept] {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // Where there cannot be another, the one that was moved is written on.
    let directory = audit.path.parent().unwrap();
    fs::rename(&audit.path, audit.path.with_extension("2")).unwrap();
    fs::create_dir(&audit.path).unwrap();
    let answer = app.get("/spake/sessions").ok();
    let request_id = answer.header("x-request-id").unwrap();
    eventually("it is written on", || {
        fs::read_to_string(directory.join("audit.2")).unwrap().contains(request_id).then_some(())
    });
    eventually("it is said", || app.log().contains("writing the audit file fails").then_some(()));
    fs::remove_dir(&audit.path).unwrap();
    audit.of_answer(&app.get("/spake/sessions").ok());
    eventually("it is said", || app.log().contains("writing the audit file works again").then_some(()));
}

#[test]
fn a_file_that_nobody_takes_holds_up_no_answer() {
    let audit = AuditFile::new();
    let made = Command::new("mkfifo").arg(&audit.path).status().unwrap();
    assert!(made.success());
    // Open to be read, and not read.
    let pipe = fs::OpenOptions::new().read(true).write(true).open(&audit.path).unwrap();
    let app = TestApp::with(&[audit.variable()]);
    let mut stream = TcpStream::connect(&app.address).unwrap();
    let request = "GET /spake/status/none HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let count = 1000; // 64 KiB are what a pipe takes.
    stream.write_all(request.repeat(count - 1).as_bytes()).unwrap();
    stream.write_all(request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 404").count(), count);
    // All events come when they are taken.
    let lines = BufReader::new(pipe).lines().take(count).map(Result::unwrap);
    assert!(lines.into_iter().all(|line| line.contains("session_not_found")));
}

#[test]
fn a_line_that_was_torn_is_not_continued() {
    let audit = AuditFile::new();
    fs::write(&audit.path, "{\"time\":\"2026").unwrap();
    let mut app = TestApp::with(&[audit.variable()]);
    app.get("/spake/sessions").ok();
    app.terminate();
    assert_eq!(app.wait().code(), Some(0));
    let text = fs::read_to_string(&audit.path).unwrap();
    let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!((text.lines().count(), &last["action"]), (2, &"session.list".into()));
}

#[test]
fn a_graceful_shutdown_leaves_no_event_unwritten() {
    let audit = AuditFile::new();
    let mut app = TestApp::with(&[audit.variable()]);
    let count = 200;
    for _ in 0..count {
        app.get("/spake/sessions").ok();
    }
    app.terminate();
    assert_eq!(app.wait().code(), Some(0));
    assert_eq!(audit.events().len(), count);
}

#[test]
fn audit_tag_says_what_it_needs() {
    let refused = |variables: &[(&str, &str)], arguments: &[&str], why: &str| {
        let (code, out, err) = run(variables, &[&["audit-tag"], arguments].concat());
        assert_eq!((code, &*out, err.lines().count()), (2, "", 1), "{err}");
        assert!(err.contains(why), "{err}");
    };
    refused(&[], &["--session", "s"], "REDIS_URL or SPAKE_DATA_DIR");
    refused(&[], &[], "--session");
    refused(&[], &["--session", "s", "--credential", "c"], "--credential");
    refused(&[], &["--session", "a/b"], "--session must not contain");
    let directory = tempfile::tempdir().unwrap();
    let variables =
        [("SPAKE_DATA_DIR", directory.path().to_str().unwrap()), ("SPAKE_STATE_KEYS", STATE_KEYS)];
    refused(&variables, &["--session", "s"], "no service has used this store yet");
}
