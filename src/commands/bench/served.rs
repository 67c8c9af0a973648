//! The service under test: this very binary, on loopback, in its own process. And a Redis for it.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::Outcome;
use super::plan::Plan;
use super::process::{Process, Processes};
use crate::commands::Failure;
use crate::domain::random::random_bytes;
use crate::domain::sealing::generate_key_line;

const PATIENCE: Duration = Duration::from_secs(20);

/// What differs from a service's defaults: a free port, no operators' listener, all callers on one address, guesses for
/// more logins at a time than people begin, and a session that is read from in each round lasts until the last.
const SETTINGS: [(&str, &str); 5] = [
    ("SPAKE_SESSION_TTL", "24h"),
    ("PORT", "0"),
    ("SPAKE_ADMIN_ADDR", "off"),
    ("SPAKE_RATE_LIMIT_PER_SECOND", "0"),
    ("SPAKE_GUESS_LIMIT", "1000"),
];

/// A service that answers.
pub(super) struct Served {
    pub(super) process: Process,
    pub(super) address: SocketAddr,
    // Closed, it would end what the service says.
    _said: BufReader<ChildStdout>,
}

/// Why nothing is known of the Redis of --redis-url itself.
pub(super) const NOT_OURS: &str =
    "the Redis of --redis-url is not this command's, which sees neither its CPU nor its memory";

/// Where a service keeps its sessions.
#[derive(Clone)]
pub(super) struct Store {
    pub(super) name: &'static str,
    variables: Vec<(&'static str, String)>,
}

impl Store {
    pub(super) fn embedded(plan: &Plan) -> Self {
        Self { name: "embedded", variables: vec![iterations(plan)] }
    }

    pub(super) fn is_embedded(&self) -> bool {
        self.name == "embedded"
    }

    /// Under a prefix of this run's own, so that it meets nothing that is there.
    pub(super) fn redis(plan: &Plan, url: String) -> Outcome<Self> {
        let keys = generate_key_line("bench").map_err(Failure::run)?;
        let prefix = format!("spake-bench-{}", hex::encode(random_bytes::<8>()));
        let variables = vec![
            iterations(plan),
            ("REDIS_URL", url),
            ("SPAKE_STATE_KEYS", keys.to_string()),
            ("SPAKE_REDIS_PREFIX", prefix),
        ];
        Ok(Self { name: "redis", variables })
    }
}

fn iterations(plan: &Plan) -> (&'static str, String) {
    ("SPAKE_PBKDF2_ITERATIONS", plan.iterations.to_string())
}

impl Served {
    pub(super) fn start(processes: &Processes, store: &Store, more: &[(&str, &str)]) -> Outcome<Self> {
        let mut command = of_this_binary(store, more)?;
        let mut process = processes.start(command.stdout(Stdio::piped()).stderr(Stdio::null()))?;
        let stdout = process.child.stdout.take();
        let mut said = BufReader::new(stdout.ok_or_else(|| Failure::run("the service has no output"))?);
        let mut line = String::new();
        drop(said.read_line(&mut line));
        let address = line.split("http://").nth(1).and_then(|rest| rest.split_whitespace().next());
        match address.and_then(|address| address.parse().ok()) {
            Some(address) => Ok(Self { process, address, _said: said }),
            None => Err(did_not_start(store, more)),
        }
    }
}

fn of_this_binary(store: &Store, more: &[(&str, &str)]) -> Outcome<Command> {
    let binary = std::env::current_exe();
    let binary =
        binary.map_err(|error| Failure::run(format!("this program's file is not known: {error}")))?;
    let mut command = Command::new(binary);
    command.env_clear().envs(SETTINGS).envs(store.variables.iter().map(|(name, value)| (name, value)));
    command.envs(more.iter().copied()).stdin(Stdio::null());
    Ok(command)
}

/// Its log goes nowhere, so the reason is asked for again.
fn did_not_start(store: &Store, more: &[(&str, &str)]) -> Failure {
    let asked = of_this_binary(store, more).and_then(|mut command| {
        command.arg("check-config").output().map_err(|error| Failure::run(error.to_string()))
    });
    let reason = asked.ok().filter(|output| !output.status.success());
    let reason = reason.map(|output| String::from_utf8_lossy(&output.stderr).trim().to_owned());
    let reason =
        reason.unwrap_or_else(|| format!("its configuration is right; is the store ({}) well?", store.name));
    Failure::run(format!("the service did not start: {}", reason.trim_start_matches("error: ")))
}

/// A Redis of the run's own.
pub(super) struct Redis {
    pub(super) process: Process,
    pub(super) url: String,
}

impl Redis {
    pub(super) fn start(processes: &Processes, program: &Path) -> Outcome<Self> {
        let port = free_port()?;
        let options = ["--bind", "127.0.0.1", "--save", "", "--maxmemory-policy", "noeviction", "--port"];
        let mut command = Command::new(program);
        command.args(options).arg(port.to_string()).stdin(Stdio::null()).stdout(Stdio::null());
        let mut process = processes.start(&mut command)?;
        wait_for(&mut process, port, "Redis")?;
        Ok(Self { process, url: format!("redis://127.0.0.1:{port}") })
    }
}

/// The first `redis-server` in the PATH.
pub(super) fn redis_in_path() -> Option<PathBuf> {
    in_path("redis-server")
}

/// The first file of that name in the PATH.
pub(super) fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(|file| file.is_file())
}

/// Free when it was asked; whoever takes it first has it.
pub(super) fn free_port() -> Outcome<u16> {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    port.map(|address| address.port())
        .map_err(|error| Failure::run(format!("there is no free port: {error}")))
}

/// Until someone listens there.
pub(super) fn wait_for(process: &mut Process, port: u16, name: &str) -> Outcome<()> {
    let start = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        if let Ok(Some(status)) = process.child.try_wait() {
            return Err(Failure::run(format!("{name} ended at its start ({status})")));
        }
        if start.elapsed() > PATIENCE {
            return Err(Failure::run(format!("{name} did not listen on port {port} within {PATIENCE:?}")));
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}
