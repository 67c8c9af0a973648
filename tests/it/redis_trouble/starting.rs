//! A start while Redis is away waits for it; a start with a Redis that may not be used ends in one line.

use std::time::Duration;

use super::{READING, assert_ready, assert_worked_again_once, changes, in_time, initiate, variables};
use crate::support::redis_server::RedisServer;
use crate::support::{Proxy, Starting, eventually, run};

const LOADING: &str = "LOADING Redis is loading the dataset in memory";

/// Ends with code 2 and one line on standard error, at once.
#[track_caller]
fn refused(url: &str) -> String {
    let (code, out, err) =
        in_time(Duration::from_secs(5), || run(&[&variables(url)[..], &[("PORT", "0")]].concat(), &[]));
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    assert_eq!(err.lines().count(), 1, "{err}");
    err
}

/// A service that has found out that Redis does not answer, and has not ended for it.
fn waiting(url: &str) -> Starting {
    let starting = Starting::with(&variables(url));
    let message = format!("{READING} fails");
    eventually("it finds out", || starting.log().contains(&message).then_some(()));
    starting
}

#[test]
fn a_wrong_password_ends_the_start_and_is_not_shown() {
    let redis = RedisServer::with(&[("requirepass", "secret")]);
    for login in [":wr0ngPassw0rd@", "default:wr0ngPassw0rd@", "nobody:wr0ngPassw0rd@"] {
        let err = refused(&format!("redis://{login}{}", redis.addr()));
        assert!(err.starts_with("error: REDIS_URL: Redis refuses the user or password"), "{err}");
        assert!(!err.contains("wr0ngPassw0rd"), "{err}");
    }
}

#[test]
fn a_password_that_is_missing_ends_the_start() {
    let redis = RedisServer::with(&[("requirepass", "secret")]);
    let err = refused(&format!("redis://{}", redis.addr()));
    assert!(err.starts_with("error: REDIS_URL: Redis refuses the user or password"), "{err}");
}

#[test]
fn a_redis_that_evicts_ends_the_start() {
    let redis = RedisServer::with(&[("maxmemory-policy", "allkeys-lru")]);
    let err = refused(&redis.url());
    assert!(err.starts_with("error: REDIS_URL: ") && err.contains("maxmemory-policy allkeys-lru"), "{err}");
}

#[test]
fn a_redis_that_comes_late_is_waited_for() {
    let redis = RedisServer::start();
    redis.kill();
    let starting = waiting(&redis.url());
    redis.restart();
    let app = starting.serving();
    assert_ready(&app);
    initiate(&app, "s").ok();
    assert_worked_again_once(&app, READING);
}

#[test]
fn a_redis_that_is_loading_its_data_is_waited_for_at_the_start() {
    let redis = RedisServer::start();
    let proxy = Proxy::to(&redis.addr());
    proxy.answer(Some(LOADING));
    let starting = waiting(&proxy.url());
    proxy.answer(None);
    let app = starting.serving();
    assert_ready(&app);
    assert_eq!(changes(&app)[READING], (1, 1));
}

#[test]
fn who_waits_for_redis_can_be_told_to_stop() {
    let redis = RedisServer::start();
    redis.kill();
    let mut starting = waiting(&redis.url());
    starting.terminate();
    assert_eq!(in_time(Duration::from_secs(5), || starting.wait()).code(), Some(0));
}
