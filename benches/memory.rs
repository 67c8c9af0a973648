//! The memory of the real binary: with so many plain connections that are kept, and so many open sessions in the embedded
//! store, each the login of another id. What is printed is what the system counts as resident.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, clippy::panic)]

mod support;

use std::io::Write;
use std::net::TcpStream;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use spake_protocol::spake2plus::{Prover, ProverSecret, Setting};
use spake_service::domain::random::system_rng;
use support::{Service, read_answer, resident};

const CONNECTIONS: usize = 10_000;
const SESSIONS: usize = 100_000;
/// Longer than making all of them takes.
const LIFE: (&str, &str) = ("SPAKE_LOGIN_TTL", "10m");

fn main() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
    let service = Service::start(&[LIFE]);
    let megabytes = || resident(service.pid()) as f64 / 1e6;
    let mut before = megabytes();
    println!("at the start: {before:.1} MB");
    let mut add = |what: &str, count: usize| {
        let now = megabytes();
        println!(
            "with {count} {what}: {now:.1} MB, {:.0} bytes for each",
            (now - before) * 1e6 / count as f64
        );
        before = now;
    };
    let mut connections: Vec<_> = (0..CONNECTIONS).map(|_| connect(&service)).collect();
    // Each is in use, and was: buffers have grown as far as they do.
    for _ in 0..2 {
        for connection in &mut connections {
            ask(connection, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
        }
    }
    add("connections", CONNECTIONS);
    open_sessions(&mut connections);
    add("sessions", SESSIONS);
}

fn connect(service: &Service) -> TcpStream {
    let connection = TcpStream::connect(&service.address).unwrap();
    connection.set_nodelay(true).unwrap();
    connection
}

fn ask(connection: &mut TcpStream, request: &str) {
    connection.write_all(request.as_bytes()).unwrap();
    read_answer(connection).unwrap();
}

/// Over all connections in turn.
fn open_sessions(connections: &mut [TcpStream]) {
    let setting = Setting::new(b"somebody", b"spake-service", b"spake-service/1").unwrap();
    let secret = ProverSecret::from_bytes(&[7; 32], &[9; 32]).unwrap();
    let (_, share) = Prover::start(setting, secret, &mut system_rng());
    let share = hex::encode(share.as_bytes());
    let count = connections.len();
    for number in 0..SESSIONS {
        let id = format!("user-{number:08}@example.org");
        let body = json!({ "credential_id": id, "client_public_key": share }).to_string();
        let request = format!(
            "POST /spake/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        ask(connections.get_mut(number % count).unwrap(), &request);
    }
}
