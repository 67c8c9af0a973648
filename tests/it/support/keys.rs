//! A keys file, and callers with a key of it.

use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use super::{Answer, TestApp, http, run};

/// A keys file that the real command writes.
pub struct KeysFile {
    _directory: TempDir,
    pub path: PathBuf,
}

/// Who calls with a key.
pub struct Caller<'a> {
    app: &'a TestApp,
    authorization: String,
}

impl KeysFile {
    /// A file that is not there yet.
    pub fn new() -> Self {
        let directory = TempDir::new().unwrap();
        Self { path: directory.path().join("keys"), _directory: directory }
    }

    pub fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }

    /// Adds a key; it is printed this once.
    pub fn add(&self, name: &str, scopes: &str) -> String {
        self.add_with(name, scopes, &[])
    }

    pub fn add_with(&self, name: &str, scopes: &str, more: &[&str]) -> String {
        let arguments =
            [&["apikey", "new", name, "--scopes", scopes, "--append", self.path()], more].concat();
        let (code, out, err) = run(&[], &arguments);
        assert_eq!((code, &*err), (0, ""));
        out.trim_end().to_owned()
    }

    /// A service whose callers need one of these keys. It is on loopback: not every machine that tests may be open.
    pub fn serve(&self, variables: &[(&str, &str)]) -> TestApp {
        let own = [("SPAKE_API_KEYS_FILE", self.path()), ("SPAKE_HOST", "127.0.0.1")];
        TestApp::with(&[&own, variables].concat())
    }
}

impl TestApp {
    /// The same service, called with `key`.
    pub fn called_with(&self, key: &str) -> Caller<'_> {
        Caller { app: self, authorization: format!("Bearer {key}") }
    }
}

impl Caller<'_> {
    pub fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let headers = [("authorization", &*self.authorization)];
        http::request_with(&headers, method, &self.app.url, path, body).unwrap()
    }

    pub fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None)
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, None)
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.call("POST", path, Some(body))
    }
}
