//! A real Redis of one's own, that can be killed, paused and brought back.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::Path;

use super::redis_clock::RedisClock;
use super::redis_process::{Process, free_port, within};
use super::resp::{Resp, Value};

/// Everything that was acknowledged is there after a SIGKILL, and nothing is evicted.
const DEFAULTS: &[(&str, &str)] = &[
    ("save", "\"\""),
    ("appendonly", "yes"),
    ("appendfsync", "always"),
    ("maxmemory-policy", "noeviction"),
    // Without a disk, a replica gets what comes after its copy only once it has reported: up to a second later.
    ("repl-diskless-sync", "no"),
];

/// Whose server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// `redis-server` in the path.
    Redis,
    /// What `SPAKE_TEST_VALKEY_SERVER` names by its full path.
    Valkey,
    /// What `SPAKE_TEST_REDIS8_SERVER` names by its full path.
    Redis8,
}

impl Engine {
    /// The binary, if this machine has been told of one.
    pub fn binary(self) -> Option<OsString> {
        match self {
            Self::Redis => Some("redis-server".into()),
            Self::Valkey => env::var_os("SPAKE_TEST_VALKEY_SERVER"),
            Self::Redis8 => env::var_os("SPAKE_TEST_REDIS8_SERVER"),
        }
        .filter(|binary| !binary.is_empty())
    }
}

/// A server on a free port of 127.0.0.1. Killed when dropped, and its directory removed.
pub struct RedisServer {
    process: Process,
    options: Vec<(String, String)>,
    is_sentinel: bool,
    port: u16,
}

impl RedisServer {
    /// A server on the defaults of these tests: see [`DEFAULTS`].
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Options as in `redis.conf`, in its quoting, after the defaults: `("maxmemory", "10mb")`.
    ///
    /// With a `requirepass`, of letters and digits, [`Self::call`] and [`Self::url`] use that password.
    pub fn with(options: &[(&str, &str)]) -> Self {
        Self::launch(Process::new("redis-server".into()), &[DEFAULTS, options].concat(), false)
    }

    /// A server whose time is that of `clock`; none, if this machine has not been told of one. Keeps nothing on disk:
    /// only sessions end there.
    pub fn with_clock(engine: Engine, clock: &RedisClock) -> Option<Self> {
        let process = Process::new(engine.binary()?).with_environment(clock.environment());
        Some(Self::launch(process, &[("save", "\"\""), ("maxmemory-policy", "noeviction")], false))
    }

    /// None, if this machine has not been told of such a server.
    pub fn start_with_engine(engine: Engine) -> Option<Self> {
        engine.binary().map(|binary| Self::launch(Process::new(binary), DEFAULTS, false))
    }

    /// A sentinel, which has hardly an option in common with a server.
    pub fn sentinel(options: &[(&str, &str)]) -> Self {
        Self::launch(Process::new("redis-server".into()), options, true)
    }

    fn launch(process: Process, options: &[(&str, &str)], is_sentinel: bool) -> Self {
        let options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut server = Self { process, options, is_sentinel, port: 0 };
        loop {
            server.port = free_port();
            server.process.configure(&server.config());
            match server.try_start() {
                Ok(()) => return server,
                Err(_) if server.process.lost_its_port() => {}
                Err(complaint) => panic!("{complaint}"),
            }
        }
    }

    fn config(&self) -> String {
        let dir = self.process.dir().to_str().unwrap();
        let mut config = format!(
            "port {}\nbind 127.0.0.1\nprotected-mode no\ndaemonize no\nloglevel warning\ndir {dir}\n",
            self.port
        );
        if self.options.iter().any(|option| option.0 == "cluster-enabled") {
            // The default is ten thousand above the port, which may be no port at all.
            config.push_str(&format!("cluster-port {}\n", free_port()));
        }
        if let Some(password) = self.password() {
            config.push_str(&format!("masterauth {password}\n"));
        }
        for (name, value) in &self.options {
            config.push_str(&format!("{name} {value}\n"));
        }
        config
    }

    /// Waits until this very process answers: on a port that was free, another might have come first.
    fn try_start(&self) -> Result<(), String> {
        self.process.spawn(if self.is_sentinel { &["--sentinel"] } else { &[] });
        within(10, || {
            if let Some(status) = self.process.ended() {
                return Ok(Err(format!("ended with {status}:\n{}", self.process.log_tail())));
            }
            let pong = self.try_call(&["PING"]).map_err(|error| error.to_string());
            match pong {
                Ok(pong) if pong.as_text() != "PONG" => Err(pong.as_text().into_owned()),
                Ok(_) if self.info("process_id") != self.id().unwrap().to_string() => {
                    Err(format!("another server has port {}", self.port))
                }
                Ok(_) => Ok(Ok(())),
                Err(error) => Err(format!("{error}:\n{}", self.process.log_tail())),
            }
        })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// `127.0.0.1:port`.
    pub fn addr(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// With the password, if there is one.
    pub fn url(&self) -> String {
        match self.password() {
            Some(password) => format!("redis://:{password}@{}", self.addr()),
            None => format!("redis://{}", self.addr()),
        }
    }

    pub fn password(&self) -> Option<&str> {
        self.options.iter().rev().find(|option| option.0 == "requirepass").map(|option| option.1.as_str())
    }

    /// A connection that has authenticated.
    pub fn connect(&self) -> io::Result<Resp> {
        let mut connection = Resp::connect(&self.addr())?;
        if let Some(password) = self.password() {
            connection.call(&["AUTH", password])?;
        }
        Ok(connection)
    }

    /// One command on a connection of its own. An error of the server's is a value.
    ///
    /// `WAIT` is about the writes of the same connection: use [`Self::connect`] for that, and for `MULTI`.
    #[track_caller]
    pub fn call(&self, command: &[&str]) -> Value {
        self.try_call(command).unwrap_or_else(|error| panic!("{command:?}: {error}"))
    }

    pub fn try_call(&self, command: &[&str]) -> io::Result<Value> {
        self.connect()?.call(command)
    }

    /// The line of `INFO` that starts with `name` and a colon; empty if there is none, or no answer.
    pub fn info(&self, name: &str) -> String {
        let info = self.try_call(&["INFO"]).unwrap_or(Value::Nil);
        let field = |line: &str| line.strip_prefix(name)?.strip_prefix(':').map(str::to_owned);
        info.as_text().lines().find_map(field).unwrap_or_default()
    }

    /// Every key with all that it holds.
    pub fn dump(&self) -> Vec<u8> {
        let mut connection = self.connect().unwrap();
        let mut dump = Vec::new();
        for key in connection.call(&["KEYS", "*"]).unwrap().items() {
            let key = key.as_text();
            let content = match &*connection.call(&["TYPE", &key]).unwrap().as_text() {
                "hash" => connection.call(&["HGETALL", &key]),
                "zset" => connection.call(&["ZRANGE", &key, "0", "-1", "WITHSCORES"]),
                "string" => connection.call(&["GET", &key]),
                kind => panic!("{key} is a {kind}"),
            };
            dump.extend(key.as_bytes());
            flatten(&content.unwrap(), &mut dump);
        }
        dump
    }

    /// Where its files are.
    pub fn dir(&self) -> &Path {
        self.process.dir()
    }

    /// Whether the tests have left it running: neither killed nor paused.
    pub fn is_running(&self) -> bool {
        self.process.is_running()
    }

    /// SIGKILL.
    pub fn kill(&self) {
        self.process.kill();
    }

    /// Starts it again, on the same port and in the same directory; kills it first, if need be.
    pub fn restart(&self) {
        within(10, || match self.try_start() {
            Err(complaint) if self.process.lost_its_port() => Err(complaint),
            done => Ok(done),
        })
        .unwrap_or_else(|complaint| panic!("{complaint}"));
    }

    /// SIGSTOP: accepts connections, answers nothing.
    pub fn pause(&self) {
        self.process.pause();
    }

    pub fn resume(&self) {
        self.process.resume();
    }

    /// The process, if it has not been killed.
    pub fn id(&self) -> Option<u32> {
        self.process.id()
    }
}

fn flatten(value: &Value, into: &mut Vec<u8>) {
    match value {
        Value::Bulk(bytes) => into.extend(bytes),
        Value::Array(items) => items.iter().for_each(|item| flatten(item, into)),
        other => panic!("{other:?}"),
    }
    into.push(b'\n');
}
