//! The servers that other tests rely on: that they start, fail over, and leave nothing behind.

use std::path::Path;

use crate::support::certificates::Certificates;
use crate::support::redis_cluster::Cluster;
use crate::support::redis_sentinel::SentinelSet;
use crate::support::redis_server::{Engine, RedisServer};
use crate::support::redis_tls::RedisTls;
use crate::support::resp::Value;

fn exists(id: u32) -> bool {
    Path::new(&format!("/proc/{id}")).exists()
}

/// Sets `key`, and holds a master to having a replica that got it.
fn set_on_two(master: &RedisServer, key: &str) {
    let mut connection = master.connect().unwrap();
    assert_eq!(connection.call(&["SET", key, "value"]).unwrap().as_text(), "OK");
    assert_eq!(connection.call(&["WAIT", "1", "5000"]).unwrap(), Value::Int(1));
}

#[test]
fn a_server_keeps_what_it_acknowledged_and_leaves_nothing_behind() {
    let server = RedisServer::with(&[("requirepass", "secret"), ("maxmemory", "10mb")]);
    assert_eq!(server.url(), format!("redis://:secret@127.0.0.1:{}", server.port()));
    assert_eq!(server.call(&["SET", "key", "value"]), Value::Simple("OK".to_owned()));
    let first = server.id().unwrap();
    server.kill();
    assert!(!exists(first) && !server.is_running() && server.try_call(&["PING"]).is_err());
    server.restart();
    assert_eq!(server.call(&["GET", "key"]), Value::Bulk(b"value".to_vec()));
    assert_eq!(server.call(&["GET", "nothing"]), Value::Nil);
    assert!(server.call(&["INCR", "key"]).is_error());

    server.pause();
    assert!(!server.is_running());
    server.resume();
    assert_eq!(server.call(&["PING"]).as_text(), "PONG");

    let second = server.id().unwrap();
    let dir = server.call(&["CONFIG", "GET", "dir"]).items()[1].as_text().into_owned();
    assert!(exists(second) && Path::new(&dir).exists());
    drop(server);
    assert!(!exists(second) && !Path::new(&dir).exists());
}

#[test]
fn a_server_outlives_the_thread_that_started_it() {
    let server = std::thread::spawn(RedisServer::start).join().unwrap();
    assert_eq!(server.connect().unwrap().call(&["PING"]).unwrap().as_text(), "PONG");
}

#[test]
fn other_engines_start_where_there_are_any() {
    for engine in [Engine::Redis, Engine::Valkey, Engine::Redis8] {
        if let Some(server) = RedisServer::start_with_engine(engine) {
            server.restart();
            assert_eq!(server.call(&["PING"]).as_text(), "PONG", "{engine:?}");
        }
    }
}

#[test]
fn a_tls_server_wants_a_certificate_if_told_so() {
    let open = RedisTls::start(false);
    assert!(open.accepts_without_certificate());
    let strict = RedisTls::start(true);
    assert!(!strict.accepts_without_certificate());
    assert_eq!(strict.call(&["SET", "key", "value"]), "OK");
    assert_eq!(strict.url(), format!("rediss://127.0.0.1:{}", strict.port()));
    assert!(Certificates::make().ca().exists());
}

#[test]
fn sentinels_replace_a_master() {
    let mut set = SentinelSet::start();
    assert_eq!(set.sentinel_urls().matches("redis://127.0.0.1:").count(), 3);
    let old = set.master_addr();
    assert_eq!(old, set.master().addr());
    set_on_two(set.master(), "key");
    set.kill_master();
    let new = set.wait_for_failover();
    assert_ne!(new, old);
    assert_eq!(set.master().call(&["GET", "key"]).as_text(), "value");
    set.restart_old_master();
    assert_eq!(set.replica().addr(), old);
    assert_eq!(set.replica().info("role"), "slave");
    let answer = set.sentinels()[2].call(&["SENTINEL", "CKQUORUM", set.master_name()]);
    assert!(answer.as_text().starts_with("OK 3 usable Sentinels"), "{answer:?}");
}

#[test]
fn sentinels_know_the_password_of_their_master() {
    let set = SentinelSet::with(&[("requirepass", "secret")]);
    assert_eq!(set.master().url(), format!("redis://:secret@{}", set.master_addr()));
}

#[test]
fn a_cluster_replaces_a_master() {
    let cluster = Cluster::start(3, 3);
    assert_eq!(cluster.masters(), [0, 1, 2]);
    assert_eq!(cluster.urls().split(',').count(), 6);
    // The key's slot is 12739: the third master's.
    set_on_two(&cluster.nodes()[2], "123456789");
    assert_eq!(cluster.kill_master_of(12_739), 2);
    cluster.wait_ok();
    assert_eq!(cluster.master_of(12_739), 5);
    assert_eq!(cluster.nodes()[5].call(&["GET", "123456789"]).as_text(), "value");
    cluster.restart_as_replica(2);
    assert_eq!(cluster.masters(), [0, 1, 5]);
}
