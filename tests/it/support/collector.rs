//! An OpenTelemetry collector that keeps what it gets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
pub use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

use super::eventually;

/// Takes OTLP over HTTP on loopback.
pub struct Collector {
    address: String,
    got: Arc<Mutex<Vec<Got>>>,
}

/// A request's first line, and its body.
type Got = (String, Vec<u8>);

impl Collector {
    pub fn start() -> Self {
        Self::at("127.0.0.1:0")
    }

    pub fn at(address: &str) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let collector = Self { address: listener.local_addr().unwrap().to_string(), got: Arc::default() };
        let got = Arc::clone(&collector.got);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let got = Arc::clone(&got);
                thread::spawn(move || {
                    while let Some(request) = take(stream.as_ref().unwrap()) {
                        got.lock().unwrap().push(request);
                    }
                });
            }
        });
        collector
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All bodies, one after the other.
    pub fn bytes(&self) -> Vec<u8> {
        self.got.lock().unwrap().iter().flat_map(|(_, body)| body.clone()).collect()
    }

    /// All spans so far.
    pub fn spans(&self) -> Vec<Span> {
        let all = self.exports().into_iter().flat_map(|export| export.resource_spans);
        all.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
    }

    /// An attribute of the process that sent.
    pub fn resource(&self, name: &str) -> Option<String> {
        let all = self.exports().into_iter().flat_map(|export| export.resource_spans);
        all.flat_map(|spans| spans.resource).find_map(|resource| text(&resource.attributes, name))
    }

    /// Waits for the span called `name`.
    pub fn span(&self, name: &str) -> Span {
        eventually(name, || self.spans().into_iter().find(|span| span.name == name))
    }

    fn exports(&self) -> Vec<ExportTraceServiceRequest> {
        let got = self.got.lock().unwrap();
        let decoded = got.iter().map(|(line, body)| {
            assert!(line.starts_with("POST /v1/traces "), "{line}");
            ExportTraceServiceRequest::decode(&**body).unwrap()
        });
        decoded.collect()
    }
}

/// The attribute called `name`, as text.
pub fn text(attributes: &[KeyValue], name: &str) -> Option<String> {
    let attribute = attributes.iter().find(|attribute| attribute.key == name)?;
    Some(match attribute.value.clone()?.value? {
        any_value::Value::StringValue(text) => text,
        any_value::Value::IntValue(number) => number.to_string(),
        value => format!("{value:?}"),
    })
}

fn take(mut stream: &TcpStream) -> Option<Got> {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        head.push(line);
    }
    let length = head
        .iter()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(str::to_owned));
    let mut body = vec![0; length?.trim().parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    stream
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n")
        .ok()?;
    Some((head.swap_remove(0), body))
}
