//! A service of one's own, and the client of a pairing.

pub mod account;
pub mod at_rest;
pub mod audit;
pub mod certificates;
mod client;
pub mod collector;
pub mod contract;
pub mod http;
pub mod http2;
pub mod keys;
pub mod load;
pub mod metrics;
pub mod proxy;
pub mod redis_clock;
pub mod redis_cluster;
pub mod redis_process;
pub mod redis_sentinel;
pub mod redis_server;
pub mod redis_tls;
pub mod resp;
pub mod tls;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Barrier, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

pub use account::Account;
pub use client::Client;
pub use http::{Answer, read_answer, read_one_answer};
pub use keys::KeysFile;
pub use proxy::Proxy;
pub use redis_clock::RedisClock;
pub use redis_server::RedisServer;
use serde_json::Value;

pub const BINARY: &str = env!("CARGO_BIN_EXE_spake-service");
/// The least that the service accepts: these tests are about what happens around the stretching.
pub const ITERATIONS: &str = "100000";
/// What all services of one store share: bytes 0 to 31.
pub const STATE_KEYS: &str = "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// The built binary, serving on a free port. Killed when dropped.
pub struct TestApp {
    process: Starting,
    pub url: String,
    pub address: String,
    operators: OnceLock<String>,
}

/// The built binary, which has not said yet that it serves. Killed when dropped.
pub struct Starting {
    child: Child,
    stdout: Mutex<BufReader<ChildStdout>>,
    log: Arc<Mutex<String>>,
}

impl Starting {
    pub fn with(variables: &[(&str, &str)]) -> Self {
        Self::from_command(command(), variables)
    }

    fn from_command(mut command: Command, variables: &[(&str, &str)]) -> Self {
        let mut child = command
            .env("PORT", "0")
            .env("SPAKE_PBKDF2_ITERATIONS", ITERATIONS)
            // All callers of a test have one address, and most ask more often than a caller may.
            .env("SPAKE_RATE_LIMIT_PER_SECOND", "0")
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = collect(child.stderr.take().unwrap());
        let stdout = Mutex::new(BufReader::new(child.stdout.take().unwrap()));
        Self { child, stdout, log }
    }

    /// Waits until it serves.
    pub fn serving(self) -> TestApp {
        let url = self.next_url();
        let url = url.unwrap_or_else(|| panic!("did not start: {}", self.log()));
        let address = url.split("://").nth(1).unwrap().to_owned();
        TestApp { process: self, url, address, operators: OnceLock::new() }
    }

    /// The next address in what it says, if it says anything more.
    fn next_url(&self) -> Option<String> {
        let mut stdout = self.stdout.lock().unwrap();
        let lines = std::iter::from_fn(|| {
            let mut line = String::new();
            (stdout.read_line(&mut line).unwrap() > 0).then_some(line)
        });
        let url = |line: String| {
            let url = line
                .split([' ', ','])
                .find(|word| ["http://", "https://"].iter().any(|scheme| word.starts_with(scheme)));
            url.map(|url| url.trim_end().to_owned())
        };
        // The line to try repeats the address that came before it.
        lines.filter(|line| !line.contains(" pair ")).find_map(url)
    }

    /// Everything that it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub fn terminate(&self) {
        let pid = rustix::process::Pid::from_raw(self.child.id().cast_signed()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    /// Waits for the process to end by itself.
    pub fn wait(&mut self) -> ExitStatus {
        eventually("the service ends", || self.child.try_wait().unwrap())
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl TestApp {
    /// A service on its defaults, but for the port, cheap stretching and no rate limit.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// A service on the Redis of `url`; more variables override.
    pub fn on_redis(url: &str, variables: &[(&str, &str)]) -> Self {
        Self::with(&[&[("REDIS_URL", url), ("SPAKE_STATE_KEYS", STATE_KEYS)], variables].concat())
    }

    pub fn with(variables: &[(&str, &str)]) -> Self {
        Starting::with(variables).serving()
    }

    /// A service started by `command`, which runs the binary in its own way.
    pub fn from_command(command: Command, variables: &[(&str, &str)]) -> Self {
        Starting::from_command(command, variables).serving()
    }

    /// URL of the operators' listener; the service must have been told where to have it.
    pub fn operators(&self) -> &str {
        self.operators.get_or_init(|| {
            let live = self.process.next_url().expect("SPAKE_ADMIN_ADDR");
            live.trim_end_matches("/health/live").to_owned()
        })
    }

    /// Asks the operators' listener; the service must have been told where to have it.
    pub fn get_as_operator(&self, path: &str) -> Answer {
        http::request("GET", self.operators(), path, None)
    }

    pub fn get(&self, path: &str) -> Answer {
        http::request("GET", &self.url, path, None)
    }

    pub fn delete(&self, path: &str) -> Answer {
        http::request("DELETE", &self.url, path, None)
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        http::request("POST", &self.url, path, Some(body))
    }

    /// For a service that may be killed meanwhile.
    pub fn try_post(&self, path: &str, body: &Value) -> Option<Answer> {
        http::try_request("POST", &self.url, path, Some(body)).ok()
    }

    /// Sends `bytes` as they are and reads until the service closes the connection.
    pub fn raw(&self, bytes: &[u8]) -> Answer {
        http::raw(&self.address, bytes)
    }

    /// A request with a body of any kind; `Connection: close` and the length are added.
    pub fn raw_post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut bytes = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            bytes.push_str(&format!("{name}: {value}\r\n"));
        }
        bytes.push_str("\r\n");
        self.raw(&[bytes.as_bytes(), body].concat())
    }

    /// Everything that the service has logged so far.
    pub fn log(&self) -> String {
        self.process.log()
    }

    pub fn pid(&self) -> u32 {
        self.process.child.id()
    }

    pub fn terminate(&self) {
        self.process.terminate();
    }

    pub fn kill(&mut self) {
        self.process.child.kill().unwrap();
        self.process.child.wait().unwrap();
    }

    /// SIGKILL, while other threads are using it.
    pub fn kill_in_use(&self) {
        let pid = rustix::process::Pid::from_raw(self.process.child.id().cast_signed()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }

    /// Waits for the process to end by itself.
    pub fn wait(&mut self) -> ExitStatus {
        self.process.wait()
    }
}

/// The binary with no environment but what a test sets.
pub fn command() -> Command {
    let mut command = Command::new(BINARY);
    command.env_clear().stdin(Stdio::null());
    command
}

/// Runs the binary to its end: exit code, standard output, standard error.
pub fn run(variables: &[(&str, &str)], arguments: &[&str]) -> (i32, String, String) {
    // The operators' default address may be another test's, and that is a line more on standard error.
    let mut command = command();
    command.env("SPAKE_ADMIN_ADDR", "off").envs(variables.iter().copied()).args(arguments);
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// For another listener than that of a [`TestApp`].
pub fn get(url: &str, path: &str) -> Answer {
    http::request("GET", url, path, None)
}

/// Asks until there is an answer; a test never sleeps for a time that it hopes is long enough.
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "in vain: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// How often a test that ends something at random does so: once, or as often as `SPAKE_TEST_ROUNDS` says.
pub fn rounds() -> usize {
    std::env::var("SPAKE_TEST_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap())
}

/// All at once: each from a thread of its own, and none before all are there.
pub fn at_once<T: Sync, R: Send>(inputs: &[T], act: impl Fn(usize, &T) -> R + Sync) -> Vec<R> {
    let start = Barrier::new(inputs.len());
    thread::scope(|scope| {
        let run = |(index, input)| {
            let (start, act) = (&start, &act);
            scope.spawn(move || {
                start.wait();
                act(index, input)
            })
        };
        let threads: Vec<_> = inputs.iter().enumerate().map(run).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn collect(mut stderr: ChildStderr) -> Arc<Mutex<String>> {
    let log = Arc::new(Mutex::new(String::new()));
    let copy = Arc::clone(&log);
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = stderr.read(&mut buffer) {
            copy.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
    });
    log
}
