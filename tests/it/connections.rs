//! What connections may cost, and how many there may be.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use crate::support::http2::Http2;
use crate::support::{BINARY, TestApp, at_once, eventually};

fn http2(app: &TestApp) -> Http2<TcpStream> {
    let stream = TcpStream::connect(&app.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(30))).unwrap();
    Http2::start(stream)
}

/// How many files and connections the service has open.
fn open_files(app: &TestApp) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", app.pid())).unwrap().count()
}

/// The binary under a limit.
fn under(limit: &str) -> Command {
    let mut limited = Command::new("sh");
    limited.env_clear().args(["-c", &format!("{limit}; exec {BINARY}")]);
    limited
}

#[test]
fn the_soft_limit_of_open_files_is_raised() {
    let app = TestApp::from_command(under("ulimit -Sn 64"), &[]);
    let idle: Vec<_> = (0..200).map(|_| TcpStream::connect(&app.address).unwrap()).collect();
    app.get("/health").ok();
    eventually("all are accepted", || (open_files(&app) > idle.len()).then_some(()));
}

#[test]
fn a_hard_limit_that_is_low_is_warned_of() {
    let app = TestApp::from_command(under("ulimit -n 512"), &[]);
    eventually("a warning", || app.log().contains("only 512 files").then_some(()));
}

#[test]
fn ten_thousand_idle_connections_keep_nobody_from_being_served_and_end() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    // Other tests of this process need some too.
    let allowed = getrlimit(Resource::Nofile).current.map_or(usize::MAX, |current| current as usize);
    let count = 10_000.min(allowed.saturating_sub(1000));
    if count < 10_000 {
        println!("only {count} connections: the hard limit of open files is {allowed}");
    }
    let app = TestApp::with(&[("SPAKE_REQUEST_TIMEOUT", "10s")]);
    let before = open_files(&app);
    let connect = |_: usize, count: &usize| -> Vec<_> {
        (0..*count).map(|_| TcpStream::connect(&app.address).unwrap()).collect()
    };
    let idle = at_once(&[count / 4; 4], connect);
    eventually("all are accepted", || (open_files(&app) >= before + count / 4 * 4).then_some(()));
    app.get("/health").ok();
    eventually("all are closed", || (open_files(&app) <= before + 10).then_some(()));
    drop(idle);
    app.get("/health").ok();
}

#[test]
fn http2_is_spoken_in_the_clear() {
    let app = TestApp::start();
    let mut connection = http2(&app);
    assert!(connection.get("localhost", "/health").contains("healthy"));
    let stream = connection.open("POST", "localhost", "/spake/initiate");
    connection.body(stream, r#"{"session_id":"s","password":"password"}"#);
    assert!(connection.answer(stream).unwrap().contains("public_key"));
    assert!(connection.get("example.org", "/health").contains("foreign_request"));
}

#[test]
fn a_connection_has_a_hundred_streams_and_no_more() {
    let app = TestApp::start();
    let mut connection = http2(&app);
    let streams: Vec<_> = (0..100).map(|_| connection.open("POST", "localhost", "/spake/exchange")).collect();
    let one_more = connection.open("POST", "localhost", "/spake/exchange");
    assert_eq!(connection.answer(one_more), Err(7), "REFUSED_STREAM");
    connection.body(streams[0], "{}");
    assert!(connection.answer(streams[0]).unwrap().contains("error"));
    assert!(
        connection.get("localhost", "/health").contains("healthy"),
        "one has ended, so there is room for one"
    );
    app.get("/health").ok();
}

#[test]
fn streams_that_are_opened_and_reset_without_end_end_the_connection() {
    let app = TestApp::start();
    let mut connection = http2(&app);
    let ended = (0..1000).any(|_| connection.open_and_reset(100).is_err());
    assert!(ended, "100,000 resets were taken");
    app.get("/health").ok();
}

#[test]
fn headers_that_do_not_end_end_the_connection() {
    let app = TestApp::start();
    let mut connection = http2(&app);
    assert!(connection.continue_for(10_000).is_err(), "80 MB of headers were taken");
    app.get("/health").ok();
}

#[test]
fn a_header_that_is_too_large_is_refused() {
    let app = TestApp::start();
    let mut connection = http2(&app);
    assert!(connection.get_with_header_of(8_000).unwrap().contains("healthy"));
    let refused = connection.get_with_header_of(20_000);
    assert!(!refused.is_ok_and(|text| text.contains("healthy")));
    let get = |path: &str, header: &str| {
        let mut stream = TcpStream::connect(&app.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let head = format!("GET /{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{header}\r\n");
        // The service may answer and close before it has read everything, and a reset may overtake the answer.
        drop(stream.write_all(head.as_bytes()));
        let mut answer = Vec::new();
        let ended = stream.read_to_end(&mut answer);
        assert!(!ended.is_err_and(|error| error.kind() == ErrorKind::WouldBlock), "not closed");
        String::from_utf8(answer).unwrap()
    };
    assert!(get("health", &format!("X: {}\r\n", "x".repeat(8_000))).starts_with("HTTP/1.1 200"));
    assert!(get("health", &format!("X: {}\r\n", "x".repeat(20_000))).starts_with("HTTP/1.1 431"));
    assert!(get("health", &"X: x\r\n".repeat(101)).starts_with("HTTP/1.1 431"));
    for (path, header) in [
        ("health", format!("X: {}\r\n", "x".repeat(1_000_000))),
        ("health", format!("{}: x\r\n", "x".repeat(1_000_000))),
        ("health", "X: x\r\n".repeat(10_000)),
        (&*"x".repeat(1_000_000), String::new()),
    ] {
        let answer = get(path, &header);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    app.get("/health").ok();
}
