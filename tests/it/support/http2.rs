//! HTTP/2, frame by frame: a client that may break the rules.

use std::io::{Error, ErrorKind, Read, Write};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const ACK: u8 = 1;

pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl Frame {
    /// The error code of a reset.
    pub fn reason(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }
}

/// The client's end of a connection.
pub struct Http2<S> {
    stream: S,
    last: u32,
}

impl<S: Read + Write> Http2<S> {
    pub fn start(mut stream: S) -> Self {
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
        let mut started = Self { stream, last: 0 };
        started.send(SETTINGS, 0, 0, &[]).unwrap();
        started
    }

    fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
    }

    fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Result<(), Error> {
        self.stream.write_all(&Self::frame(kind, flags, stream, payload))
    }

    /// The next frame; none when the connection has ended. What every connection says is answered here.
    pub fn next(&mut self) -> Option<Frame> {
        loop {
            let mut head = [0; 9];
            self.stream.read_exact(&mut head).ok()?;
            let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
            self.stream.read_exact(&mut payload).ok()?;
            let stream = u32::from_be_bytes(head[5..].try_into().unwrap());
            let frame = Frame { kind: head[3], flags: head[4], stream, payload };
            match frame.kind {
                SETTINGS | PING if frame.flags & ACK == 0 => {
                    let echo = if frame.kind == PING { &*frame.payload } else { &[] };
                    drop(self.send(frame.kind, ACK, 0, echo));
                }
                _ => return Some(frame),
            }
        }
    }

    /// A new stream with a request whose body, if it has one, is still to come.
    pub fn open(&mut self, method: &str, authority: &str, path: &str) -> u32 {
        let flags = if method == "GET" { END_HEADERS | END_STREAM } else { END_HEADERS };
        self.last += if self.last == 0 { 1 } else { 2 };
        self.send(HEADERS, flags, self.last, &head(method, authority, path, &[])).unwrap();
        self.last
    }

    /// Ends a stream with its body.
    pub fn body(&mut self, stream: u32, body: &str) {
        self.send(DATA, END_STREAM, stream, body.as_bytes()).unwrap();
    }

    /// What the service answers on `stream`, read to its end; or the code with which it ended it.
    pub fn answer(&mut self, stream: u32) -> Result<String, u32> {
        let mut text = Vec::new();
        loop {
            let frame = self.next().expect("the connection goes on");
            match frame.kind {
                GOAWAY => return Err(frame.reason()),
                RST_STREAM if frame.stream == stream => return Err(frame.reason()),
                DATA if frame.stream == stream => text.extend(&frame.payload),
                _ => {}
            }
            if frame.stream == stream && matches!(frame.kind, DATA | HEADERS) && frame.flags & END_STREAM != 0
            {
                return Ok(String::from_utf8(text).unwrap());
            }
        }
    }

    pub fn get(&mut self, authority: &str, path: &str) -> String {
        let stream = self.open("GET", authority, path);
        self.answer(stream).unwrap()
    }

    /// A request with a header of `size` bytes more than others have.
    pub fn get_with_header_of(&mut self, size: usize) -> Result<String, u32> {
        self.last += if self.last == 0 { 1 } else { 2 };
        let head = head("GET", "localhost", "/health", &vec![b'x'; size]);
        let (first, rest) = head.split_at(head.len().min(16_000));
        let (mut kind, mut part, mut rest) = (HEADERS, first, rest);
        loop {
            let last = rest.is_empty();
            let flags = u8::from(kind == HEADERS) * END_STREAM + u8::from(last) * END_HEADERS;
            self.send(kind, flags, self.last, part).unwrap();
            if last {
                return self.answer(self.last);
            }
            (kind, (part, rest)) = (CONTINUATION, rest.split_at(rest.len().min(16_000)));
        }
    }

    /// Streams that are opened and reset at once; an error when the service has had enough. It is read from meanwhile, or
    /// both sides would wait for the other to read.
    pub fn open_and_reset(&mut self, count: u32) -> Result<(), Error> {
        let mut bytes = Vec::new();
        for _ in 0..count {
            self.last += if self.last == 0 { 1 } else { 2 };
            let head = head("GET", "localhost", "/health", &[]);
            bytes.extend(Self::frame(HEADERS, END_HEADERS | END_STREAM, self.last, &head));
            bytes.extend(Self::frame(RST_STREAM, 0, self.last, &8_u32.to_be_bytes()));
        }
        self.stream.write_all(&bytes)?;
        self.send(PING, 0, 0, &[0; 8])?;
        loop {
            match self.next() {
                Some(frame) if frame.kind == PING => return Ok(()),
                Some(frame) if frame.kind != GOAWAY => {}
                _ => return Err(ErrorKind::ConnectionAborted.into()),
            }
        }
    }

    /// Headers that do not end.
    pub fn continue_for(&mut self, frames: usize) -> Result<(), Error> {
        self.send(HEADERS, END_STREAM, 1, &head("GET", "localhost", "/health", &[]))?;
        let more = Self::frame(CONTINUATION, 0, 1, &literal(b"x-more", &[b'x'; 8000]));
        (0..frames).try_for_each(|_| self.stream.write_all(&more))
    }
}

/// A request's header block (RFC 7541): indices into the static table where there are any, literals elsewhere.
fn head(method: &str, authority: &str, path: &str, more: &[u8]) -> Vec<u8> {
    let method = match method {
        "GET" => vec![0x82],
        _ => vec![0x83],
    };
    let mut block =
        [method, vec![0x86], indexed(4, path.as_bytes()), indexed(1, authority.as_bytes())].concat();
    block.extend(literal(b"content-type", b"application/json"));
    if !more.is_empty() {
        block.extend(literal(b"x-more", more));
    }
    block
}

/// The name by its index, the value without compression, and nothing remembered.
fn indexed(name: u8, value: &[u8]) -> Vec<u8> {
    [vec![name], text(value)].concat()
}

fn literal(name: &[u8], value: &[u8]) -> Vec<u8> {
    [vec![0], text(name), text(value)].concat()
}

fn text(value: &[u8]) -> Vec<u8> {
    let (mut bytes, mut left) = (vec![], value.len());
    if left < 127 {
        bytes.push(u8::try_from(left).unwrap());
    } else {
        bytes.push(127);
        left -= 127;
        while left >= 128 {
            bytes.push(u8::try_from(left % 128).unwrap() | 128);
            left /= 128;
        }
        bytes.push(u8::try_from(left).unwrap());
    }
    bytes.extend(value);
    bytes
}
