//! A file of audit events.

use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Answer, TestApp, eventually, http};

/// Where a service appends its events.
pub struct AuditFile {
    _directory: TempDir,
    pub path: PathBuf,
}

impl AuditFile {
    /// A file that is not there yet.
    pub fn new() -> Self {
        let directory = TempDir::new().unwrap();
        Self { path: directory.path().join("audit"), _directory: directory }
    }

    /// For the service's environment.
    pub fn variable(&self) -> (&'static str, &str) {
        ("SPAKE_AUDIT_FILE", self.path.to_str().unwrap())
    }

    pub fn text(&self) -> String {
        std::fs::read_to_string(&self.path).unwrap_or_default()
    }

    /// The events that have come so far.
    pub fn events(&self) -> Vec<Value> {
        let text = self.text();
        // The last line may be half written.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line:?}"))).collect()
    }

    /// The one event of a request.
    #[track_caller]
    pub fn of(&self, request_id: &str) -> Value {
        let is_its = |event: &&Value| event["request_id"] == request_id;
        let event =
            eventually(&format!("the event of {request_id}"), || self.events().iter().find(is_its).cloned());
        assert_eq!(self.events().iter().filter(is_its).count(), 1, "{request_id}");
        event
    }

    /// The one event of the request that got `answer`.
    #[track_caller]
    pub fn of_answer(&self, answer: &Answer) -> Value {
        self.of(answer.header("x-request-id").unwrap())
    }
}

/// What an event says, without its time and the request's id.
pub fn said(event: &Value) -> Value {
    let mut fields = event.as_object().unwrap().clone();
    for always in ["time", "request_id"] {
        assert!(fields.remove(always).is_some_and(|value| value.is_string()), "{event}");
    }
    json!(fields)
}

impl TestApp {
    /// A request with a header of its own.
    pub fn call_with(&self, header: (&str, &str), method: &str, path: &str, body: Option<&Value>) -> Answer {
        http::request_with(&[header], method, &self.url, path, body).unwrap()
    }
}
