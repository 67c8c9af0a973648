//! Settings of Redis that change, or that it does not tell.

use super::{assert_completes, assert_ready, assert_unready, changes, initiate, service, wait_until_ready};
use crate::support::{Client, RedisServer};

#[test]
fn a_redis_that_begins_to_evict_is_told_to_operators_until_it_does_not() {
    let redis = RedisServer::start();
    let app = service(&redis.url(), &[]);
    assert_ready(&app);
    for policy in ["allkeys-lru", "volatile-ttl"] {
        redis.call(&["CONFIG", "SET", "maxmemory-policy", policy]);
        assert_unready(&app, &format!("maxmemory-policy {policy}"));
    }
    // It works as it did; who may call it is for the operators to decide.
    assert_completes(&app, Client::initiate(&app, "s", "password", "password"));
    redis.call(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    wait_until_ready(&app);
    assert!(changes(&app).is_empty());
}

#[test]
fn a_redis_that_does_not_let_itself_be_asked_still_works() {
    let redis = RedisServer::start();
    let user = ["ACL", "SETUSER", "app", "on", ">secret", "~spake:*", "+@all", "-info"];
    assert_eq!(redis.call(&user).as_text(), "OK");
    let app = service(&format!("redis://app:secret@{}", redis.addr()), &[]);
    assert_ready(&app);
    assert_completes(&app, Client::initiate(&app, "s", "password", "password"));
    assert!(changes(&app).is_empty());
}

#[test]
fn scripts_that_redis_forgets_are_sent_again_and_nobody_notices() {
    let redis = RedisServer::start();
    let app = service(&redis.url(), &[]);
    let forget = || assert_eq!(redis.call(&["SCRIPT", "FLUSH"]).as_text(), "OK");
    // Twice, for only what was sent before can be forgotten.
    for session in ["one", "two"] {
        forget();
        let client = Client::initiate(&app, session, "password", "password");
        forget();
        client.exchange(&app).ok();
        forget();
        client.confirm(&app).ok();
        forget();
        assert_eq!(app.get("/spake/sessions").ok().field("active_sessions"), 1);
        forget();
        assert_completes(&app, client);
        app.delete(&format!("/spake/cleanup/{session}")).ok();
        forget();
        initiate(&app, session).ok();
        app.delete(&format!("/spake/cleanup/{session}")).ok();
        assert_ready(&app);
    }
    assert!(changes(&app).is_empty());
}
