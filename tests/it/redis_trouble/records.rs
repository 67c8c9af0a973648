//! A record that does not open is that session's trouble: it stays as it is, for whoever looks into it.

use serde_json::Value;

use super::{KEYS, assert_completes, assert_ready, initiate, log, service};
use crate::support::{Client, RedisServer, TestApp, run};

/// The name of session `s1`, as docs/OPERATIONS.md gives it.
const KEY: &str = "spake:{e8sq}:session:s1";

/// The log's lines about requests that failed for `request`s own sake, and none else; each with its cause.
#[track_caller]
fn causes(app: &TestApp) -> Vec<String> {
    let failed = |line: &Value| line["message"] == "failed";
    let lines = log(app);
    for line in &lines {
        let message = line["message"].as_str().unwrap();
        assert!(["applied", "listening", "failed"].contains(&message), "{line}");
    }
    lines.iter().filter(|line| failed(line)).map(|line| line["cause"].as_str().unwrap().to_owned()).collect()
}

/// Every request for session `s1` is a 500 that names the cause once, in the log only; another session works.
#[track_caller]
fn assert_is_its_own_trouble(app: &TestApp, client: &Client, why: &[&str]) {
    let before = causes(app).len();
    let requests: [&dyn Fn() -> _; 4] = [
        &|| app.get("/spake/status/s1"),
        &|| app.get("/spake/secret/s1"),
        &|| client.exchange_and_confirm(app),
        &|| client.confirm(app),
    ];
    for (number, request) in (before + 1..).zip(requests) {
        let answer = request().refused(500, "internal");
        assert!(!answer.text.contains(KEY), "{answer:?}");
        let causes = causes(app);
        assert_eq!(causes.len(), number);
        let cause = causes.last().unwrap();
        assert!(cause.contains(KEY) && why.iter().all(|why| cause.contains(why)), "{cause}");
        assert_eq!(cause.matches(KEY).count(), 1, "{cause}");
    }
    let others = Client::initiate(app, "other", "password", "password");
    assert_completes(app, others);
    app.delete("/spake/cleanup/other").ok();
    assert_ready(app);
}

#[test]
fn a_record_that_was_overwritten_is_left_alone() {
    let redis = RedisServer::start();
    let app = service(&redis.url(), &[]);
    let client = Client::initiate(&app, "s1", "password", "password");
    // Field by field: the order of a whole hash is nobody's promise.
    let stored =
        || redis.call(&["HMGET", KEY, "sealed", "status", "protocol", "confirmed", "created", "expires"]);
    // Shorter than anything that was sealed, and long enough to be taken for it.
    for (garbage, why) in [("", "changed"), ("short", "changed"), ("garbage of some length", "altered")] {
        redis.call(&["HSET", KEY, "sealed", garbage]);
        let before = stored();
        assert_is_its_own_trouble(&app, &client, &[why]);
        assert_eq!(stored(), before);
    }
    // The name stays taken, and the listing shows what stands in the clear.
    initiate(&app, "s1").refused(409, "session_exists");
    assert_eq!(app.get("/spake/sessions").ok().field("sessions")[0]["session_id"], "s1");
    app.delete("/spake/cleanup/s1").ok();
    initiate(&app, "s1").ok();
}

#[test]
fn a_record_that_was_moved_to_another_session_does_not_open_there() {
    let redis = RedisServer::start();
    let app = service(&redis.url(), &[]);
    let client = Client::initiate(&app, "s1", "password", "password");
    let own = Client::initiate(&app, "s2", "password", "password");
    // The sealed bytes are no text: they are copied where they are.
    let copy =
        "local sealed = redis.call('HGET', KEYS[1], 'sealed') redis.call('HSET', KEYS[2], 'sealed', sealed)";
    let keys = redis.call(&["KEYS", "*:session:s2"]);
    redis.call(&["EVAL", copy, "2", &keys.items()[0].as_text(), KEY]);
    assert_is_its_own_trouble(&app, &client, &["moved"]);
    assert_completes(&app, own);
}

#[test]
fn a_record_without_a_field_is_left_alone() {
    let redis = RedisServer::start();
    let app = service(&redis.url(), &[]);
    let client = Client::initiate(&app, "s1", "password", "password");
    redis.call(&["HDEL", KEY, "created"]);
    assert_is_its_own_trouble(&app, &client, &["missing"]);
    redis.call(&["HSET", KEY, "created", "yesterday"]);
    assert_is_its_own_trouble(&app, &client, &[]);
    assert_eq!(redis.call(&["HGET", KEY, "created"]).as_text(), "yesterday");
}

#[test]
fn a_key_of_another_kind_in_a_sessions_place_is_left_alone_and_ends_no_listing() {
    let redis = RedisServer::start();
    let app = service(&redis.url(), &[]);
    let client = Client::initiate(&app, "s1", "password", "password");
    initiate(&app, "beside").ok();
    redis.call(&["SET", KEY, "somebody's"]);
    assert_is_its_own_trouble(&app, &client, &["WRONGTYPE"]);
    initiate(&app, "s1").refused(500, "internal");
    let listing = app.get("/spake/sessions").ok();
    let ids: Vec<_> = listing.field("sessions").as_array().unwrap().clone();
    let ids: Vec<_> = ids.iter().map(|session| session["session_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["beside"], "{listing:?}");
    assert_eq!(redis.call(&["GET", KEY]).as_text(), "somebody's");
}

#[test]
fn a_record_under_a_retired_key_names_the_key_and_opens_when_it_is_back() {
    let redis = RedisServer::start();
    let first = service(&redis.url(), &[]);
    let client = Client::initiate(&first, "s1", "password", "password");
    drop(first);
    let newer = "b:HxwdHh8AAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRo=";
    let both = format!("{newer},{KEYS}");
    // What lasts is sealed anew before the old key goes.
    let (code, _, err) = run(&[("REDIS_URL", &redis.url()), ("SPAKE_STATE_KEYS", &both)], &["rotate"]);
    assert_eq!(code, 0, "{err}");
    let second = service(&redis.url(), &[("SPAKE_STATE_KEYS", newer)]);
    assert_is_its_own_trouble(&second, &client, &["state key `a`", "SPAKE_STATE_KEYS"]);
    drop(second);
    assert_completes(&service(&redis.url(), &[("SPAKE_STATE_KEYS", &both)]), client);
}
