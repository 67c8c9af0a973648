//! What the benches share: the real binary, load on it, and the CPU time that it costs.

#![allow(dead_code, missing_docs, unreachable_pub)]

pub mod redis;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const CONNECTIONS: usize = 16;
const ROUND: Duration = Duration::from_secs(2);

/// The binary, serving on a free port. Killed when dropped.
pub struct Service {
    child: Child,
    pub address: String,
}

impl Service {
    pub fn start(variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_spake-service"))
            .env_clear()
            .env("PORT", "0")
            .env("SPAKE_ADMIN_ADDR", "off")
            .env("SPAKE_RATE_LIMIT_PER_SECOND", "0")
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split("http://").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
        Self { child, address }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// One request on a connection of its own: status and body.
    pub fn call(&self, method: &str, path: &str, body: &serde_json::Value) -> (u16, serde_json::Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap())
    }

    /// Opens the session `bench`.
    pub fn initiate(&self) {
        let body = serde_json::json!({ "session_id": "bench", "password": "password" });
        assert_eq!(self.call("POST", "/spake/initiate", &body).0, 200);
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Requests per second, and per second of the server's CPU.
pub fn load(address: &str, pid: u32, path: &str) -> (f64, f64) {
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
pub fn cpu_seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11..13].iter().map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

pub fn median(rounds: &[(f64, f64)], of: impl Fn(&(f64, f64)) -> f64) -> f64 {
    let mut values: Vec<f64> = rounds.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
