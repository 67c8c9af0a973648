//! A blocking client of Redis, just enough to drive a server: the tests must not see it through the client
//! library that is under test.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(10);

/// A reply, in the terms of RESP2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Simple(String),
    Error(String),
    Int(i64),
    Bulk(Vec<u8>),
    Nil,
    Array(Vec<Value>),
}

impl Value {
    /// Any single value as text: what `redis-cli` would print. Empty for nil and for arrays.
    pub fn as_text(&self) -> Cow<'_, str> {
        match self {
            Self::Simple(text) | Self::Error(text) => Cow::Borrowed(text),
            Self::Int(number) => Cow::Owned(number.to_string()),
            Self::Bulk(bytes) => String::from_utf8_lossy(bytes),
            Self::Nil | Self::Array(_) => Cow::Borrowed(""),
        }
    }

    /// The elements of an array; none for anything else.
    pub fn items(&self) -> &[Self] {
        if let Self::Array(items) = self { items } else { &[] }
    }

    pub fn is_error(&self) -> bool {
        matches!(self, Self::Error(_))
    }
}

/// One connection.
pub struct Resp {
    stream: BufReader<TcpStream>,
}

impl Resp {
    /// Connects to `addr`, `127.0.0.1:6379` for instance. Gives up on any read or write after ten seconds.
    pub fn connect(addr: &str) -> io::Result<Self> {
        let addr: SocketAddr = addr.parse().map_err(io::Error::other)?;
        let stream = TcpStream::connect_timeout(&addr, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Sends one command and reads its reply; an error of the server's is a value like any other.
    pub fn call(&mut self, command: &[&str]) -> io::Result<Value> {
        let mut request = format!("*{}\r\n", command.len());
        for word in command {
            request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.read()
    }

    /// Reads one more reply: a message of a subscription, for instance.
    pub fn read(&mut self) -> io::Result<Value> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let line = line.strip_suffix("\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
        let (kind, rest) = line.split_at_checked(1).ok_or(io::ErrorKind::InvalidData)?;
        let number = || rest.parse::<i64>().map_err(io::Error::other);
        Ok(match kind {
            "+" => Value::Simple(rest.to_owned()),
            "-" => Value::Error(rest.to_owned()),
            ":" => Value::Int(number()?),
            "$" | "*" if number()? < 0 => Value::Nil,
            "$" => Value::Bulk(self.read_bulk(number()?.unsigned_abs())?),
            "*" => Value::Array((0..number()?).map(|_| self.read()).collect::<io::Result<_>>()?),
            _ => return Err(io::Error::other(format!("not RESP2: {line:?}"))),
        })
    }

    fn read_bulk(&mut self, length: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.stream.by_ref().take(length + 2).read_to_end(&mut bytes)?;
        if bytes.pop() != Some(b'\n') || bytes.pop() != Some(b'\r') {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes)
    }
}
