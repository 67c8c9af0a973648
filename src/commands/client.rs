//! What the commands that are clients have in common: the service over HTTP, and where a password comes from.

use std::io::Read;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::Value;
use ureq::tls::TlsConfig;
use zeroize::Zeroizing;

use super::Failure;
use crate::config::{authorities, read_api_key};

#[derive(Args)]
pub(super) struct PasswordArgs {
    /// The password; everyone on this machine can see it in the list of processes
    #[arg(long, required_unless_present = "password_file")]
    password: Option<String>,
    /// File with the password (without its last line end); `-` reads standard input
    #[arg(long, value_name = "FILE", conflicts_with = "password")]
    password_file: Option<PathBuf>,
}

impl PasswordArgs {
    pub(super) fn read(&self) -> Result<Zeroizing<String>, Failure> {
        let mut text = Zeroizing::new(String::new());
        match (&self.password, &self.password_file) {
            (Some(password), _) => {
                text.push_str(password);
                return Ok(text);
            }
            (None, Some(path)) if path == Path::new("-") => {
                std::io::stdin()
                    .read_to_string(&mut text)
                    .map_err(|error| Failure::usage(format!("--password-file: standard input: {error}")))?;
            }
            (None, Some(path)) => {
                let failed = |error| Failure::usage(format!("--password-file: {}: {error}", path.display()));
                text = Zeroizing::new(std::fs::read_to_string(path).map_err(failed)?);
            }
            (None, None) => return Err(Failure::usage("--password or --password-file is required")),
        }
        let without_line_end = text.trim_end_matches(['\r', '\n']).len();
        text.truncate(without_line_end);
        Ok(text)
    }
}

/// Where the service is, and how it knows this caller.
#[derive(Args)]
pub(super) struct ServiceArgs {
    /// Base URL of the service
    #[arg(long, default_value = "http://localhost:5000")]
    url: String,
    /// File with the API key to call it with; the key itself may be in SPAKE_API_KEY
    #[arg(long, env = "SPAKE_API_KEY_FILE", value_name = "FILE")]
    api_key_file: Option<PathBuf>,
    /// PEM file with the certificates that may sign the service's [default: the public authorities]
    #[arg(long, env = "SPAKE_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Send passwords and keys to another machine over http://, where the network can read them
    #[arg(long)]
    allow_plain_http: bool,
}

/// A service, as its clients see it.
pub(super) struct Service {
    agent: ureq::Agent,
    url: String,
    /// `Bearer <key>`.
    authorization: Option<Zeroizing<String>>,
}

impl ServiceArgs {
    pub(super) fn connect(&self) -> Result<Service, Failure> {
        if !self.allow_plain_http && is_plain_http_to_another_machine(&self.url) {
            return Err(Failure::usage(format!(
                "--url: {}: the network could read what is sent; use https://, or say --allow-plain-http",
                self.url
            )));
        }
        let key = read_api_key(self.api_key_file.as_deref()).map_err(Failure::usage)?;
        Service::new(self, key.map(|key| Zeroizing::new(format!("Bearer {}", *key))))
    }
}

fn is_plain_http_to_another_machine(url: &str) -> bool {
    let Ok(url) = url.parse::<ureq::http::Uri>() else { return false };
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    url.scheme_str() == Some("http") && !is_here
}

impl Service {
    fn new(args: &ServiceArgs, authorization: Option<Zeroizing<String>>) -> Result<Self, Failure> {
        let roots = authorities("SPAKE_CA (--ca)", args.ca.as_deref()).map_err(Failure::usage)?;
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // What is sent goes to the service that was named, and nowhere else.
            .proxy(None)
            .max_redirects(0)
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .timeout_global(Some(Duration::from_secs(30)));
        let url = args.url.trim_end_matches('/').to_owned();
        Ok(Self { agent: config.build().new_agent(), url, authorization })
    }

    /// An error answer becomes its own sentence.
    pub(super) fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let failed = |error: ureq::Error| {
            let what = error.to_string();
            Failure::run(format!("{}: {what}{}", self.url, what_to_do(&what)))
        };
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("content-type", "application/json");
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization.as_str());
        }
        let request = request.body(body.map(Value::to_string).unwrap_or_default());
        let request = request
            .map_err(|error| Failure::usage(format!("--url: {error}; it begins with http:// or https://")))?;
        let mut response = self.agent.run(request).map_err(failed)?;
        let answer: Value = response.body_mut().read_json().map_err(failed)?;
        if !response.status().is_success() {
            let sentence = answer.get("error").and_then(Value::as_str).unwrap_or("no reason given");
            return Err(Failure::run(format!("{path} answered {}: {sentence}", response.status().as_u16())));
        }
        Ok(answer)
    }

    pub(super) fn get(&self, path: &str) -> Result<Value, Failure> {
        self.call("GET", path, None)
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.call("POST", path, Some(body))
    }
}

/// What a person can do about an error of TLS, whose own words are about bytes.
fn what_to_do(error: &str) -> &'static str {
    [
        ("UnknownIssuer", "; name the authority that signed its certificate with --ca"),
        ("InvalidContentType", "; does it speak TLS? Without, its URL begins with http://"),
        ("http parse fail", "; does it speak TLS? Then its URL begins with https://"),
        ("CertificateRequired", "; it wants a certificate of its clients, which this command has not"),
    ]
    .into_iter()
    .find_map(|(sign, advice)| error.contains(sign).then_some(advice))
    .unwrap_or_default()
}

pub(super) fn field<'a>(answer: &'a Value, name: &str) -> Result<&'a str, Failure> {
    let missing = || Failure::run(format!("the service's answer has no {name}; is this a spake-service?"));
    answer.get(name).and_then(Value::as_str).ok_or_else(missing)
}

/// An id as a part of a path.
pub(super) fn segment(id: &str) -> String {
    let mut encoded = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
