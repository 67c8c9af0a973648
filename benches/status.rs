//! Requests per second and core of `GET /health` and `GET /spake/status`, on the real binary over real HTTP.
//!
//! The load comes from threads of this process on the same machine, so the figure is taken from the server's own CPU
//! time: requests for each second of CPU that the server used. With PEER set to the address of another service and
//! PEER_PID to its process (for example a gunicorn worker), its `/health` is measured in the same run.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const CONNECTIONS: usize = 16;
const ROUND: Duration = Duration::from_secs(2);
const ROUNDS: usize = 5;

struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn main() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spake-service"));
    let child =
        command.env_clear().env("PORT", "0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut service = Service(child);
    let mut line = String::new();
    BufReader::new(service.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.split("http://").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    let pid = service.0.id();
    let body = r#"{"session_id": "bench", "password": "password"}"#;
    let request = format!(
        "POST /spake/initiate HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(&address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();

    let peer = std::env::var("PEER").ok().zip(std::env::var("PEER_PID").ok());
    let mut results = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        results[0].push(load(&address, pid, "/health"));
        results[1].push(load(&address, pid, "/spake/status/bench"));
        if let Some((address, pid)) = &peer {
            results[2].push(load(address, pid.parse().unwrap(), "/health"));
        }
    }
    for (name, rounds) in ["GET /health", "GET /spake/status", "the peer's /health"].iter().zip(results) {
        if !rounds.is_empty() {
            let (per_second, per_cpu) = (median(&rounds, |r| r.0), median(&rounds, |r| r.1));
            println!(
                "{name}: {per_cpu:.0} requests per second of the server's CPU ({per_second:.0} per second)"
            );
        }
    }
}

/// Requests per second, and per second of the server's CPU.
fn load(address: &str, pid: u32, path: &str) -> (f64, f64) {
    let (stop, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let (start, cpu) = (Instant::now(), cpu_seconds(pid));
    thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
                let mut stream = TcpStream::connect(address).unwrap();
                stream.set_nodelay(true).unwrap();
                while !stop.load(Ordering::Relaxed) {
                    match stream.write_all(request.as_bytes()).and_then(|()| read_answer(&mut stream)) {
                        Ok(()) => drop(done.fetch_add(1, Ordering::Relaxed)),
                        // Some servers close a connection after each answer.
                        Err(_) => stream = TcpStream::connect(address).unwrap(),
                    }
                }
            });
        }
        thread::sleep(ROUND);
        stop.store(true, Ordering::Relaxed);
    });
    let done = done.load(Ordering::Relaxed) as f64;
    (done / start.elapsed().as_secs_f64(), done / (cpu_seconds(pid) - cpu))
}

/// Reads one answer to its end.
fn read_answer(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut answer = Vec::with_capacity(1024);
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            read => answer.extend_from_slice(&buffer[..read]),
        }
        let text = std::str::from_utf8(&answer).unwrap();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            assert!(head.starts_with("HTTP/1.1 200"));
            let mut headers = head.lines().filter_map(|line| line.split_once(": "));
            let length = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length")).unwrap().1;
            if body.len() >= length.parse().unwrap() {
                return Ok(());
            }
        }
    }
}

/// User and system time of a process so far (proc(5): fields 14 and 15, in ticks of 10 ms).
fn cpu_seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11..13].iter().map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

fn median(rounds: &[(f64, f64)], of: impl Fn(&(f64, f64)) -> f64) -> f64 {
    let mut values: Vec<f64> = rounds.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
