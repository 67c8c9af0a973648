//! What is too much, too long or no HTTP ends in a refusal or a closed connection, in bounded memory, and others are served.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::TestApp;

const SENDERS: usize = 16;
const ROUNDS: usize = 4;
const MEGABYTE: usize = 1 << 20;
const MAX_GROWTH: usize = 64 * MEGABYTE;

/// A head, and then the same again and again until it is enough or the connection is closed.
struct Flood {
    head: Vec<u8>,
    more: Vec<u8>,
    enough: usize,
}

fn flood(head: &str, more: &[u8], enough: usize) -> Flood {
    Flood { head: head.as_bytes().to_vec(), more: more.to_vec(), enough }
}

/// One message, and nothing more.
fn message(bytes: impl Into<Vec<u8>>) -> Flood {
    Flood { head: bytes.into(), more: Vec::new(), enough: 0 }
}

fn post(headers: &str) -> String {
    format!(
        "POST /spake/exchange HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{headers}\r\n"
    )
}

fn app() -> TestApp {
    TestApp::with(&[("SPAKE_REQUEST_TIMEOUT", "1s")])
}

/// Sends it, and what the service said before it closed the connection.
fn send(app: &TestApp, flood: &Flood) -> Vec<u8> {
    let mut stream = TcpStream::connect(&app.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut written = stream.write_all(&flood.head);
    let (start, mut sent) = (Instant::now(), 0);
    while written.is_ok() && sent < flood.enough {
        written = stream.write_all(&flood.more);
        sent += flood.more.len();
        assert!(start.elapsed() < Duration::from_secs(60), "not closed after {sent} bytes");
    }
    let mut said = Vec::new();
    let read = stream.read_to_end(&mut said);
    for error in [written.err(), read.err()].into_iter().flatten() {
        assert!(!matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "not closed: {error}");
    }
    said
}

/// Resident memory of the service, in bytes.
fn resident(app: &TestApp) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", app.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

/// From many senders at once, beside one that is served all the while.
#[track_caller]
fn withstands(app: &TestApp, name: &str, flood: &Flood) {
    let before = resident(app);
    let mut most = before;
    thread::scope(|scope| {
        let send_all = || {
            for _ in 0..ROUNDS {
                let said = send(app, flood);
                let said = String::from_utf8_lossy(&said);
                // What came before may have been a request.
                let status = said.rsplit("HTTP/1.1 ").next().unwrap();
                assert!(!said.contains("HTTP/1.1 ") || status.starts_with('4'), "{name}: {said}");
            }
        };
        let senders: Vec<_> = (0..SENDERS).map(|_| scope.spawn(send_all)).collect();
        while senders.iter().any(|sender| !sender.is_finished()) {
            app.get("/spake/status/none").refused(404, "session_not_found");
            most = most.max(resident(app));
        }
    });
    let growth = most - before;
    assert!(growth <= MAX_GROWTH, "{name}: {growth} bytes more");
}

#[test]
fn bodies_that_are_long_or_never_end_are_refused_before_they_are_read() {
    let app = app();
    let chunk = [b"10000\r\n", &[b'a'; 0x10000][..], b"\r\n"].concat();
    let zeros = [b'0'; 4096];
    let chunked = post("Transfer-Encoding: chunked\r\n");
    for (name, flood) in [
        ("20 MB, announced", flood(&post("Content-Length: 20971520\r\n"), &chunk, 20 * MEGABYTE)),
        ("20 MB, in chunks", flood(&chunked, &chunk, 20 * MEGABYTE)),
        ("chunks without end", flood(&chunked, &chunk, usize::MAX)),
        ("chunks of a byte", flood(&chunked, &b"1\r\na\r\n".repeat(1000), usize::MAX)),
        ("a chunk of 2^60 bytes", flood(&format!("{chunked}fffffffffffffff\r\n"), &zeros, usize::MAX)),
        ("a chunk's extension without end", flood(&format!("{chunked}1;"), &zeros, usize::MAX)),
        ("trailers without end", flood(&format!("{chunked}0\r\n"), &b"X: a\r\n".repeat(1000), usize::MAX)),
    ] {
        withstands(&app, name, &flood);
    }
}

#[test]
fn a_body_is_waited_for_no_longer_when_its_sender_is_never_slow() {
    let app = app();
    let endless_size = flood(&post("Transfer-Encoding: chunked\r\n"), &[b'0'; 4096], usize::MAX);
    send(&app, &endless_size);
    app.get("/health").ok();
}

#[test]
fn heads_that_are_long_or_never_end_are_refused() {
    let app = app();
    let get = "GET /spake/sessions HTTP/1.1\r\nHost: localhost\r\n";
    let line = [b'a'; 4096];
    for (name, flood) in [
        ("a line of 1 MB", message(format!("{get}X: {}\r\n\r\n", "a".repeat(MEGABYTE)))),
        ("a line without end", flood(&format!("{get}X: "), &line, usize::MAX)),
        ("a path without end", flood("GET /", &line, usize::MAX)),
        ("a method without end", flood("G", b"E", 8192)),
        ("5,000 headers", message(format!("{get}{}\r\n", "X: a\r\n".repeat(5000)))),
        ("headers without end", flood(get, &b"X: a\r\n".repeat(1000), usize::MAX)),
        ("many requests with 60 KB of headers", flood("", &long_request(), 4 * MEGABYTE)),
    ] {
        withstands(&app, name, &flood);
    }
}

fn long_request() -> Vec<u8> {
    let value = "a".repeat(60 * 1024);
    format!("GET /spake/status/none HTTP/1.1\r\nHost: localhost\r\nX: {value}\r\n\r\n").into_bytes()
}

#[test]
fn what_can_be_read_in_two_ways_is_read_in_none_or_ends_the_connection() {
    let app = app();
    let get = |path: &[u8], headers: &str| {
        message([b"GET ", path, b" HTTP/1.1\r\n", headers.as_bytes(), b"\r\n"].concat())
    };
    let smuggled = "0\r\n\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (name, flood) in [
        ("no UTF-8 in a path", get(b"/spake/status/\xff\xfe", "Host: localhost\r\n")),
        ("no UTF-8 in a percent-encoded path", get(b"/spake/status/%ff%fe", "Host: localhost\r\n")),
        ("two hosts", get(b"/spake/sessions", "Host: localhost\r\nHost: example.org\r\n")),
        ("the same host twice", get(b"/spake/sessions", "Host: localhost\r\nHost: localhost\r\n")),
        ("two lengths", message(post("Content-Length: 2\r\nContent-Length: 3\r\n") + "{}x")),
        ("a list of lengths", message(post("Content-Length: 2, 2\r\n") + "{}")),
        ("an encoding that is none", message(post("Transfer-Encoding: identity\r\n") + "{}")),
        (
            "a length and chunks",
            message(
                post(&format!("Content-Length: {}\r\nTransfer-Encoding: chunked\r\n", smuggled.len()))
                    + smuggled,
            ),
        ),
    ] {
        withstands(&app, name, &flood);
    }
}

#[test]
fn what_follows_a_request_and_is_none_ends_the_connection() {
    let app = app();
    let health = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let garbage = b"\0\xff\x16\x03 garbage\r\n\r\n".repeat(1000);
    withstands(&app, "garbage after requests", &flood(&health.repeat(3), &garbage, MEGABYTE));
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    withstands(&app, "garbage after a preface of HTTP/2", &flood(preface, &garbage, MEGABYTE));
}

#[test]
fn a_thousand_forwarding_proxies_cost_nothing_and_the_last_one_counts() {
    let app = TestApp::with(&[
        ("SPAKE_REQUEST_TIMEOUT", "1s"),
        ("SPAKE_INSECURE_NO_AUTH", "true"),
        ("SPAKE_TRUSTED_PROXIES", "127.0.0.1,10.0.0.0/8"),
    ]);
    for list in ["10.1.2.3, ".repeat(1000), "junk, ".repeat(1000), ",".repeat(50_000)] {
        let request = format!(
            "GET /spake/status/none HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             X-Forwarded-For: {list}198.51.100.7\r\n\r\n"
        );
        withstands(&app, "1,000 entries", &message(request));
    }
}
