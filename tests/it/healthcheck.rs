//! `spake-service healthcheck`: exit 0 when the service is ready, else 1 and a line that says why it is not.

use std::io::Write;
use std::net::TcpListener;

use crate::support::{RedisServer, STATE_KEYS, TestApp, eventually, run};

/// Asks at `address`: exit code, standard output, standard error.
fn healthcheck(address: &str, arguments: &[&str]) -> (i32, String, String) {
    run(&[("SPAKE_ADMIN_ADDR", address)], &[&["healthcheck"], arguments].concat())
}

fn with_operators(variables: &[(&str, &str)]) -> (TestApp, String) {
    let app = TestApp::with(&[&[("SPAKE_ADMIN_ADDR", "127.0.0.1:0")], variables].concat());
    let address = app.operators().trim_start_matches("http://").to_owned();
    (app, address)
}

/// One line that contains `reason`, and exit 1.
#[track_caller]
fn says_no((code, out, err): (i32, String, String), reason: &str) {
    assert_eq!((code, &*out, err.lines().count()), (1, "", 1), "{err}");
    assert!(err.contains(reason), "{err}");
}

#[test]
fn a_service_that_is_ready_is_healthy() {
    let (_app, address) = with_operators(&[]);
    assert_eq!(healthcheck(&address, &[]), (0, "ready\n".to_owned(), String::new()));
    assert_eq!(healthcheck(&address, &["--live"]), (0, "live\n".to_owned(), String::new()));
    // The flag is the service's own.
    assert_eq!(healthcheck("off", &["--admin-addr", &address]).0, 0);
}

#[test]
fn a_listener_on_all_addresses_is_found() {
    let (_app, address) = with_operators(&[("SPAKE_ADMIN_ADDR", "0.0.0.0:0")]);
    assert!(address.starts_with("0.0.0.0:"), "{address}");
    assert_eq!(healthcheck(&address, &[]).0, 0);
}

#[test]
fn without_its_store_a_service_is_alive_and_not_healthy() {
    let redis = RedisServer::start();
    let url = redis.url();
    let (_app, address) = with_operators(&[("REDIS_URL", &url), ("SPAKE_STATE_KEYS", STATE_KEYS)]);
    assert_eq!(healthcheck(&address, &[]).0, 0);
    redis.kill();
    says_no(healthcheck(&address, &[]), "/health/ready answered 503: the store is unavailable");
    assert_eq!(healthcheck(&address, &["--live"]).0, 0);
    redis.restart();
    eventually("it is healthy again", || (healthcheck(&address, &[]).0 == 0).then_some(()));
}

#[test]
fn a_service_that_was_told_to_stop_is_not_healthy() {
    let (app, address) = with_operators(&[("SPAKE_DRAIN_DELAY", "1h")]);
    app.terminate();
    eventually("it stops", || app.log().contains("stopping").then_some(()));
    says_no(healthcheck(&address, &[]), "answered 503: the service is stopping");
    assert_eq!(healthcheck(&address, &["--live"]).0, 0);
}

#[test]
fn nobody_and_a_stranger_are_not_healthy() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    // It accepts, and never answers.
    says_no(healthcheck(&address, &["--timeout", "200ms"]), "timeout");
    let stranger = std::thread::spawn(move || {
        // What waits in the backlog was given up.
        drop(listener.accept().unwrap());
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").unwrap();
    });
    says_no(healthcheck(&address, &[]), "is this a spake-service?");
    stranger.join().unwrap();
    says_no(healthcheck(&address, &[]), "refused");
}

#[test]
fn where_there_is_nobody_to_ask_it_says_so() {
    for (address, reason) in [
        ("off", "SPAKE_ADMIN_ADDR=off: there is no listener to ask"),
        ("127.0.0.1:0", "name the one that the service printed"),
        ("localhost", "SPAKE_ADMIN_ADDR (--admin-addr): `localhost` is not accepted"),
    ] {
        let (code, out, err) = healthcheck(address, &[]);
        assert_eq!((code, &*out, err.lines().count()), (2, "", 1), "{err}");
        assert!(err.contains(reason), "{err}");
    }
}
