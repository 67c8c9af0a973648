//! Who sends half a request, or nothing, does not hold the service up.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::{TestApp, read_answer};

/// The service closes the connection within a while; what it said before.
fn until_closed(app: &TestApp, sent: &[u8]) -> String {
    let mut stream = TcpStream::connect(&app.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(sent).unwrap();
    let (start, mut said) = (Instant::now(), Vec::new());
    // A reset is an end too.
    drop(stream.read_to_end(&mut said));
    assert!(start.elapsed() < Duration::from_secs(20), "not closed");
    String::from_utf8(said).unwrap()
}

#[test]
fn a_connection_that_says_nothing_or_half_a_head_is_closed() {
    let app = TestApp::with(&[("SPAKE_REQUEST_TIMEOUT", "500ms")]);
    for sent in [&b""[..], b"G", b"GET /health HTTP/1.1\r\nHost: local"] {
        let said = until_closed(&app, sent);
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{said}");
    }
    // And one that has said something, and then nothing more.
    let said = until_closed(&app, b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    app.get("/health").ok();
}

#[test]
fn a_body_that_does_not_come_is_a_408_and_changes_nothing() {
    let app = TestApp::with(&[("SPAKE_REQUEST_TIMEOUT", "500ms")]);
    let mut stream = TcpStream::connect(&app.address).unwrap();
    stream
        .write_all(
            b"POST /spake/initiate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
              Connection: close\r\nContent-Length: 40\r\n\r\n{\"session_id\": \"s\",",
        )
        .unwrap();
    read_answer(&mut stream).refused(408, "request_timeout");
    assert_eq!(app.get("/spake/sessions").ok().field("active_sessions"), 0);
}

#[test]
fn many_that_wait_do_not_keep_others_from_being_served() {
    let app = TestApp::start();
    let _idle: Vec<_> = (0..500).map(|_| TcpStream::connect(&app.address).unwrap()).collect();
    app.get("/health").ok();
}
