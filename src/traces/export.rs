//! Spans to the collector: on the thread of the batches, which nobody waits for.

use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use ureq::tls::{RootCerts, TlsConfig};

/// A collector has nothing to say that is longer.
const MAX_ANSWER: u64 = 64 * 1024;

/// Sends, and says once when it begins to fail and once when it ends.
#[derive(Debug)]
pub(super) struct Client {
    agent: ureq::Agent,
    fails: AtomicBool,
}

impl Client {
    pub(super) fn new(authorities: RootCerts, timeout: Duration) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // What is sent goes to the collector that was named, and nowhere else.
            .proxy(None)
            .max_redirects(0)
            .tls_config(TlsConfig::builder().root_certs(authorities).build())
            .timeout_global(Some(timeout));
        Self { agent: config.build().new_agent(), fails: AtomicBool::new(false) }
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let answer = self.agent.run(Request::from_parts(parts, body.as_ref()))?;
        let (parts, body) = answer.into_parts();
        let mut bytes = Vec::new();
        body.into_reader().take(MAX_ANSWER).read_to_end(&mut bytes)?;
        Ok(Response::from_parts(parts, bytes.into()))
    }

    fn note(&self, problem: Option<String>) {
        let failed = self.fails.swap(problem.is_some(), Ordering::Relaxed);
        match problem {
            Some(problem) if !failed => {
                tracing::warn!(problem, "traces cannot be sent, and are lost until they can be again");
            }
            None if failed => tracing::info!("traces are sent again"),
            _ => {}
        }
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let outcome = self.send(request);
        self.note(match &outcome {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("the collector answered {}", answer.status().as_u16())),
            Err(error) => Some(error.to_string()),
        });
        outcome
    }
}
