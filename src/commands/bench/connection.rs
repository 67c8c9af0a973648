//! A client of HTTP/1.1 that costs next to nothing: it shares the machine with what it measures.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Outcome;
use crate::commands::Failure;

/// No answer takes that long; without it a stuck service would hang the command.
const PATIENCE: Duration = Duration::from_secs(60);

/// A caller's connections, one to each replica, which it takes in turn. They are kept open.
pub(super) struct Connection {
    addresses: Vec<SocketAddr>,
    streams: Vec<Option<TcpStream>>,
    turn: usize,
    buffer: Vec<u8>,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// From the first byte sent to the last received.
    pub(super) took: Duration,
}

impl Connection {
    pub(super) fn to(addresses: &[SocketAddr]) -> Self {
        let streams = addresses.iter().map(|_| None).collect();
        Self { addresses: addresses.to_vec(), streams, turn: 0, buffer: Vec::new() }
    }

    pub(super) fn get(&mut self, path: &str) -> Outcome<Answer> {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"), path)
    }

    pub(super) fn post(&mut self, path: &str, body: &str) -> Outcome<Answer> {
        self.send("POST", path, body)
    }

    pub(super) fn put(&mut self, path: &str, body: &str) -> Outcome<Answer> {
        self.send("PUT", path, body)
    }

    fn send(&mut self, method: &str, path: &str, body: &str) -> Outcome<Answer> {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        self.ask(&request, path)
    }

    fn ask(&mut self, request: &str, path: &str) -> Outcome<Answer> {
        let turn = self.turn;
        self.turn = (turn + 1) % self.addresses.len().max(1);
        let said = |error: std::io::Error| Failure::run(format!("{path} was not answered: {error}"));
        let (Some(address), Some(slot)) = (self.addresses.get(turn), self.streams.get_mut(turn)) else {
            return Err(Failure::run("there is nothing to connect to"));
        };
        let stream = match slot {
            Some(stream) => stream,
            None => slot.insert(connect(address).map_err(said)?),
        };
        let start = Instant::now();
        stream.write_all(request.as_bytes()).map_err(said)?;
        let head = read(stream, &mut self.buffer).map_err(said)?;
        let took = start.elapsed();
        if head.closes {
            *slot = None;
        }
        Ok(Answer {
            status: head.status,
            body: self.buffer.get(head.body..).unwrap_or_default().to_vec(),
            took,
        })
    }
}

fn connect(address: &SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Where an answer's body begins, and what the head says.
struct Head {
    status: u16,
    body: usize,
    length: usize,
    closes: bool,
}

/// One answer, to the last byte of its body.
fn read(stream: &mut impl Read, buffer: &mut Vec<u8>) -> std::io::Result<Head> {
    let (mut chunk, mut head) = ([0; 4096], None);
    buffer.clear();
    loop {
        let count = stream.read(&mut chunk)?;
        if count == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        buffer.extend_from_slice(chunk.get(..count).unwrap_or_default());
        if head.is_none() {
            head = parse(buffer);
        }
        if let Some(found) = head.take_if(|head| buffer.len() >= head.body + head.length) {
            return Ok(found);
        }
    }
}

/// None until the head is complete. An answer without a length has no body: what is measured always says it.
fn parse(buffer: &[u8]) -> Option<Head> {
    let end = buffer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let text = std::str::from_utf8(buffer.get(..end)?).ok()?;
    let status = text.split(' ').nth(1)?.parse().ok()?;
    let (mut length, mut closes) = (0, false);
    for (name, value) in text.lines().filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        } else if name.eq_ignore_ascii_case("connection") {
            closes = value.trim().eq_ignore_ascii_case("close");
        }
    }
    Some(Head { status, body: end + 4, length, closes })
}

impl Answer {
    /// An answer with another status ends the benchmark: what refuses does not do what is measured.
    pub(super) fn expect(self, allowed: &[u16], what: &str) -> Outcome<Self> {
        if allowed.contains(&self.status) {
            return Ok(self);
        }
        let body = String::from_utf8_lossy(&self.body);
        Err(Failure::run(format!("{what} was answered with {}: {}", self.status, body.trim())))
    }

    pub(super) fn json(&self) -> Outcome<Value> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Failure::run(format!("an answer is not JSON: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_in_pieces_is_read_to_its_end() {
        let mut pieces: &[u8] =
            b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 5\r\nConnection: close\r\n\r\n12345";
        let (mut first, mut buffer) = (pieces.split_off(..20).unwrap(), Vec::new());
        let head = read(&mut Read::chain(&mut first, pieces), &mut buffer).unwrap();
        assert_eq!((head.status, &buffer[head.body..], head.closes), (503, b"12345".as_slice(), true));
    }

    #[test]
    fn an_answer_that_is_cut_is_an_error() {
        let mut cut: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n123";
        assert!(read(&mut cut, &mut Vec::new()).is_err());
    }

    #[test]
    fn another_status_than_expected_is_told_with_the_services_words() {
        let answer =
            Answer { status: 429, body: b"{\"code\":\"rate_limited\"}".to_vec(), took: Duration::ZERO };
        let failure = answer.expect(&[200], "a login").err().unwrap();
        assert_eq!(failure.line, "a login was answered with 429: {\"code\":\"rate_limited\"}");
    }
}
