//! Redis in trouble, and a service that is not restarted for it: what its callers, its operators and its log see.

mod cuts;
mod outages;
mod records;
mod settings;
mod starting;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Answer, Client, TestApp, eventually};

const KEYS: &str = "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// Long: where Redis answers or is gone at once, a busy machine must not look like a Redis that hangs.
const PATIENT: &str = "10s";
/// What a busy machine may add to the time that a request takes.
const SLACK: Duration = Duration::from_secs(5);

const READING: &str = "reading from Redis";
const WRITING: &str = "writing to Redis";

/// A service on the Redis at `url`, and `more` variables.
fn service(url: &str, more: &[(&str, &str)]) -> TestApp {
    TestApp::with(&[&variables(url), more].concat())
}

fn variables(url: &str) -> Vec<(&str, &str)> {
    vec![
        ("REDIS_URL", url),
        ("SPAKE_STATE_KEYS", KEYS),
        ("SPAKE_ADMIN_ADDR", "127.0.0.1:0"),
        ("SPAKE_REDIS_TIMEOUT", PATIENT),
    ]
}

fn initiate(app: &TestApp, session: &str) -> Answer {
    app.post("/spake/initiate", &json!({ "session_id": session, "password": "password" }))
}

/// A 503 that tells when to come again; its code.
#[track_caller]
fn turned_away(answer: Answer) -> String {
    let code = answer.string("code");
    assert!(["store_unavailable", "outcome_unknown"].contains(&code.as_str()), "{answer:?}");
    let answer = answer.refused(503, &code);
    assert_eq!(answer.header("retry-after"), Some("1"));
    code
}

/// What `ask` gives, in time: a request goes to Redis at most twice, for `timeout` each.
#[track_caller]
fn in_time<T>(timeout: Duration, ask: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let answer = ask();
    assert!(start.elapsed() < 2 * timeout + SLACK, "after {:?}", start.elapsed());
    answer
}

/// Lives, and says that it cannot serve, for a reason that has `reason` in it.
#[track_caller]
fn assert_unready(app: &TestApp, reason: &str) {
    assert_eq!(app.get_as_operator("/health/live").ok().string("status"), "live");
    let ready = app.get_as_operator("/health/ready");
    assert_eq!((ready.status, ready.string("status").as_str()), (503, "not ready"), "{ready:?}");
    assert!(ready.string("reason").contains(reason), "{ready:?}");
}

#[track_caller]
fn assert_ready(app: &TestApp) {
    assert_eq!(app.get_as_operator("/health/live").ok().string("status"), "live");
    assert_eq!(app.get_as_operator("/health/ready").ok().json(), json!({ "status": "ready" }));
}

fn wait_until_ready(app: &TestApp) {
    eventually("ready again", || (app.get_as_operator("/health/ready").status == 200).then_some(()));
}

/// The whole way through, by one client from its exchange on: what was stored for it is what it ought to be.
#[track_caller]
fn assert_completes(app: &TestApp, client: Client) {
    let answer = client.exchange_and_confirm(app).ok();
    let session = client.session_id.clone();
    let secret = client.secret(&answer.string("server_confirmation"));
    assert_eq!(answer.string("shared_secret"), secret);
    assert_eq!(app.get(&format!("/spake/secret/{session}")).ok().string("shared_secret"), secret);
}

/// A service as operators read it: the lines of its log at default level, without those about requests that were
/// refused by the rules.
fn log(app: &TestApp) -> Vec<Value> {
    // The log comes through a pipe: after a line that was asked for, all before it are there.
    let fence = format!("fence-{:?}", Instant::now()).replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let fence = &fence[..fence.len().min(64)];
    let request = format!(
        "GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Request-Id: {fence}\r\n\r\n"
    );
    app.raw(request.as_bytes()).refused(404, "endpoint_not_found");
    let log = eventually("the log's next line", || {
        let log = app.log();
        let end = log.find(fence)?;
        Some(log[..end].to_owned())
    });
    let whole = log.rfind('\n').map_or("", |end| &log[..end]);
    let lines = whole.lines().map(|line| serde_json::from_str::<Value>(line).expect(line));
    lines.filter(|line| line["message"] != "refused" && line["target"] != "audit").collect()
}

/// How often each kind of work was said to fail and to work again.
type Changes = BTreeMap<String, (usize, usize)>;

/// Counts the changes of state, and holds the log to having no other lines since the start but those named.
#[track_caller]
fn changes(app: &TestApp) -> Changes {
    let mut changes = Changes::new();
    for line in log(app) {
        let message = line["message"].as_str().unwrap();
        if let Some(work) = message.strip_suffix(" fails; requests get 503 until it works again") {
            assert_eq!(line["level"], "ERROR");
            assert!(line["error"].as_str().is_some_and(|error| error.len() > 10), "{line}");
            changes.entry(work.to_owned()).or_default().0 += 1;
        } else if let Some(work) = message.strip_suffix(" works again") {
            changes.entry(work.to_owned()).or_default().1 += 1;
        } else {
            assert!(["applied", "listening"].contains(&message), "not about a change of state: {line}");
        }
    }
    changes
}

/// Each kind of work is in the log once as failing, `work` among them.
#[track_caller]
fn assert_fails_once(app: &TestApp, work: &str) {
    let changes = changes(app);
    assert!(changes.contains_key(work), "{changes:?}");
    assert!(changes.values().all(|change| *change == (1, 0)), "{changes:?}");
}

/// Each kind of work that failed works again, and nothing else was said of it.
#[track_caller]
fn assert_worked_again_once(app: &TestApp, work: &str) {
    // Work of each kind, for what nobody tries cannot be seen to work.
    wait_until_ready(app);
    app.delete("/spake/cleanup/nobody").refused(404, "session_not_found");
    let changes = changes(app);
    assert!(changes.contains_key(work), "{changes:?}");
    assert!(changes.values().all(|change| *change == (1, 1)), "{changes:?}");
}
