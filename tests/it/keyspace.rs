//! What all services of one store agree on, from the first start to the last.

use crate::support::{RedisServer, TestApp};

fn salt(app: &TestApp, id: &str) -> String {
    app.get(&format!("/spake/credentials/{id}/kdf")).ok().field("kdf")["salt"].to_string()
}

#[test]
fn a_redis_that_has_lost_everything_gets_the_same_keyspace_again() {
    let redis = RedisServer::start();
    let operators = [("SPAKE_ADMIN_ADDR", "127.0.0.1:0")];
    let before = TestApp::on_redis(&redis.url(), &operators);
    let of_alice = salt(&before, "alice");
    redis.call(&["FLUSHALL"]);
    before.get_as_operator("/health/ready").ok();
    assert!(before.log().contains("the store has lost its keyspace's facts"), "{}", before.log());
    let after = TestApp::on_redis(&redis.url(), &operators);
    for app in [&before, &after] {
        assert_eq!(salt(app, "alice"), of_alice, "or salts would tell which ids exist");
        app.get_as_operator("/health/ready").ok();
    }
    // Another service that starts before anybody has looked makes a keyspace of its own.
    redis.call(&["FLUSHALL"]);
    let first = TestApp::on_redis(&redis.url(), &operators);
    first.get_as_operator("/health/ready").ok();
    let not_ready = before.get_as_operator("/health/ready");
    assert_eq!(not_ready.status, 503, "{not_ready:?}");
    assert!(not_ready.text.contains("restart the service"), "{not_ready:?}");
}
