//! SIGTERM: no new connections (after a delay, if told so), what is in flight finishes, exit 0; a second one does not wait.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use crate::support::{TestApp, command, eventually};

/// A connection with a request whose body is still to come, and the service known to read it.
fn half_sent(app: &TestApp) -> TcpStream {
    let mut stream = TcpStream::connect(&app.address).unwrap();
    let head = "POST /spake/initiate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Expect: 100-continue\r\nContent-Length: 40\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    // The service asks for the body when the handler begins to read it.
    let mut buffer = [0; 64];
    let read = std::io::Read::read(&mut stream, &mut buffer).unwrap();
    assert!(buffer[..read].starts_with(b"HTTP/1.1 100"), "{}", String::from_utf8_lossy(&buffer[..read]));
    stream
}

#[test]
fn a_request_in_flight_finishes_and_new_ones_are_not_accepted() {
    let mut app = TestApp::start();
    let mut stream = half_sent(&app);
    app.terminate();
    eventually("the listener closes", || TcpStream::connect(&app.address).err());
    stream.write_all(br#"{"session_id":"s","password":"password"}"#).unwrap();
    let answer = crate::support::read_answer(&mut stream).ok();
    assert_eq!(answer.string("session_id"), "s");
    assert_eq!(app.wait().code(), Some(0));
}

#[test]
fn stretching_in_flight_finishes_too() {
    let mut app = TestApp::with(&[
        ("SPAKE_PBKDF2_ITERATIONS", "3000000"),
        ("SPAKE_STRETCH_THREADS", "1"),
        ("SPAKE_STRETCH_QUEUE", "1"),
    ]);
    let mut streams: Vec<_> = (0..3).map(|_| half_sent(&app)).collect();
    for (stream, id) in streams.iter_mut().zip(["a", "b", "c"]) {
        stream.write_all(format!(r#"{{"session_id":"{id}","password":"password"}}"#).as_bytes()).unwrap();
    }
    app.terminate();
    let answers = streams.iter_mut().map(crate::support::read_answer);
    let statuses: Vec<u16> = answers.map(|answer| answer.status).collect();
    assert!(statuses.contains(&200), "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
    assert_eq!(app.wait().code(), Some(0));
}

#[test]
fn what_does_not_finish_in_time_is_cut_off() {
    let mut app = TestApp::with(&[("SPAKE_DRAIN_TIMEOUT", "100ms")]);
    let _never_finished = half_sent(&app);
    app.terminate();
    assert_eq!(app.wait().code(), Some(0));
}

#[test]
fn before_it_drains_it_is_not_ready_and_goes_on_accepting() {
    let app = TestApp::with(&[("SPAKE_DRAIN_DELAY", "1h"), ("SPAKE_ADMIN_ADDR", "127.0.0.1:0")]);
    assert_eq!(app.get_as_operator("/health/ready").status, 200);
    app.terminate();
    let not_ready = eventually("not ready", || {
        Some(app.get_as_operator("/health/ready")).filter(|answer| answer.status == 503)
    });
    assert!(not_ready.text.contains("stopping"), "{not_ready:?}");
    assert_eq!(app.get_as_operator("/health/live").status, 200);
    app.get("/health").ok();
}

#[test]
fn after_the_delay_it_drains() {
    let mut app = TestApp::with(&[("SPAKE_DRAIN_DELAY", "200ms")]);
    let mut stream = half_sent(&app);
    app.terminate();
    eventually("the listener closes", || TcpStream::connect(&app.address).err());
    stream.write_all(br#"{"session_id":"s","password":"password"}"#).unwrap();
    crate::support::read_answer(&mut stream).ok();
    assert_eq!(app.wait().code(), Some(0));
}

#[test]
fn a_second_signal_ends_it_at_once_and_says_what_was_cut_off() {
    let long = [("SPAKE_DRAIN_DELAY", "1h")];
    let mut idle = TestApp::with(&long);
    let mut busy = TestApp::start();
    let mut waiting = TestApp::with(&long);
    let (_busy, _waiting) = (half_sent(&busy), half_sent(&waiting));
    for app in [&idle, &busy, &waiting] {
        app.terminate();
        eventually("it stops", || app.log().contains("stopping").then_some(()));
        app.terminate();
    }
    assert_eq!(idle.wait().code(), Some(0));
    for app in [&mut busy, &mut waiting] {
        assert_eq!(app.wait().code(), Some(1));
        eventually("it says so", || app.log().contains("1 connections were cut off").then_some(()));
    }
}

#[test]
fn an_idle_connection_does_not_hold_it_up() {
    let mut app = TestApp::start();
    let mut stream = TcpStream::connect(&app.address).unwrap();
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut buffer = [0; 16];
    std::io::Read::read_exact(&mut stream, &mut buffer).unwrap();
    let started = std::time::Instant::now();
    app.terminate();
    assert_eq!(app.wait().code(), Some(0));
    assert!(started.elapsed() < std::time::Duration::from_secs(20), "waited for the whole drain timeout");
}

#[test]
fn a_log_that_nobody_reads_costs_no_answer_and_no_shutdown() {
    let mut child = command().env("PORT", "0").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // From now on every line of the log is a failed write.
    drop(child.stderr.take());
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.split("http://").nth(1).unwrap().split_whitespace().next().unwrap();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(address).unwrap();
        stream
            .write_all(b"GET /spake/status/none HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer:?}");
    }
    let pid = rustix::process::Pid::from_raw(child.id().cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let status = eventually("the service ends", || child.try_wait().unwrap());
    assert!(status.success());
}
