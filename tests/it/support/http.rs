//! Requests, well-formed and otherwise.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use super::contract;

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    pub fn field(&self, name: &str) -> Value {
        self.json()[name].clone()
    }

    pub fn string(&self, name: &str) -> String {
        self.field(name).as_str().unwrap_or_else(|| panic!("no {name}: {self:?}")).to_owned()
    }

    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{self:?}");
        self
    }

    /// Holds every error to the one shape.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.string("code").as_str()), (status, code), "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert_eq!(self.header("x-request-id"), Some(self.string("request_id").as_str()));
        assert!(self.string("error").len() > 10);
        assert_eq!(self.json().as_object().unwrap().len(), 3);
        self
    }
}

pub fn request(method: &str, url: &str, path: &str, body: Option<&Value>) -> Answer {
    try_request(method, url, path, body).unwrap()
}

/// An error is a service that went away.
pub fn try_request(method: &str, url: &str, path: &str, body: Option<&Value>) -> Result<Answer, ureq::Error> {
    request_with(&[], method, url, path, body)
}

pub fn request_with(
    headers: &[(&str, &str)],
    method: &str,
    url: &str,
    path: &str,
    body: Option<&Value>,
) -> Result<Answer, ureq::Error> {
    let config = ureq::Agent::config_builder().http_status_as_error(false).build();
    let mut request = ureq::http::Request::builder().method(method).uri(format!("{url}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = match body {
        Some(body) => {
            let request = request.header("content-type", "application/json").body(body.to_string()).unwrap();
            config.new_agent().run(request)
        }
        None => config.new_agent().run(request.body(()).unwrap()),
    };
    let mut response = response?;
    let headers = response.headers().iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let status = response.status().as_u16();
    let answer = Answer { status, headers, text: response.body_mut().read_to_string()? };
    contract::hold(method, path, &answer);
    Ok(answer)
}

pub fn raw(address: &str, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    // The service may answer and close before it has read everything (a body that is too long).
    drop(stream.write_all(bytes));
    let answer = read_answer(&mut stream);
    let head = String::from_utf8_lossy(bytes);
    if let [method, path, ..] = *head.lines().next().unwrap_or_default().split(' ').collect::<Vec<_>>() {
        contract::hold(method, path, &answer);
    }
    answer
}

/// Reads to the end of the connection. A reset after the answer loses nothing.
pub fn read_answer(stream: &mut impl Read) -> Answer {
    let mut bytes = Vec::new();
    drop(stream.read_to_end(&mut bytes));
    parse(String::from_utf8(bytes).unwrap())
}

/// Reads one answer, and leaves the connection open.
pub fn read_one_answer(stream: &mut impl Read) -> Answer {
    let mut bytes = Vec::new();
    loop {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        bytes.push(byte[0]);
        if bytes.ends_with(b"\r\n\r\n") {
            break;
        }
    }
    let mut answer = parse(String::from_utf8(bytes).unwrap());
    let mut body = vec![0; answer.header("content-length").unwrap().parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    answer.text = String::from_utf8(body).unwrap();
    answer
}

fn parse(text: String) -> Answer {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Answer { status, headers, text: body.to_owned() }
}
