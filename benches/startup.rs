//! From the start of the process to `/health/ready`: with sessions in memory, in a file that holds some, and in Redis.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing)]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use support::redis::Redis;

const ROUNDS: usize = 15;
const STATE_KEYS: (&str, &str) = ("SPAKE_STATE_KEYS", "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");

fn main() {
    let directory = tempfile::tempdir().unwrap();
    let file = [("SPAKE_DATA_DIR", directory.path().to_str().unwrap()), STATE_KEYS];
    let redis = Redis::start();
    let url = redis.url();
    let in_redis = [("REDIS_URL", url.as_str()), STATE_KEYS];
    for (name, variables, target) in
        [("in memory", &[][..], 1.0), ("in a file", &file[..], 1.0), ("in Redis", &in_redis[..], 2.0)]
    {
        let mut times: Vec<_> = (0..ROUNDS).map(|_| started(variables)).collect();
        times.sort();
        let (first, median, last) = (times[0], times[ROUNDS / 2], times[ROUNDS - 1]);
        println!("{name}: ready after {median:?} ({first:?} to {last:?}; target {target} s)");
    }
}

/// Starts it, asks until it is ready, and ends it.
fn started(variables: &[(&str, &str)]) -> Duration {
    let begun = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_spake-service"))
        .env_clear()
        .envs([("PORT", "0"), ("SPAKE_ADMIN_ADDR", "127.0.0.1:0")])
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let line = { lines }.find(|line| line.contains("/health/ready")).unwrap();
    let address = line.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
    while !is_ready(&address) {
        thread::sleep(Duration::from_millis(1));
    }
    let time = begun.elapsed();
    end(&mut child);
    time
}

fn is_ready(address: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    stream.write_all(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.starts_with("HTTP/1.1 200")
}

fn end(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}
