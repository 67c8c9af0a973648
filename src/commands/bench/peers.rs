//! Others, measured in turns with the service: libraries by `spake-peers`, and a service in Python over HTTP.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::Outcome;
use super::figures::Figures;
use super::plan::Plan;
use super::process::{Process, Processes};
use super::served::{free_port, wait_for};
use crate::commands::Failure;
use crate::commands::client::field;

/// What `spake-peers` measures. It is asked for what it has; these are what the targets name.
pub(super) const NAMES: [&str; 6] =
    ["spake2plus", "opaque_ristretto255", "opaque_p256", "bcrypt10", "bcrypt12", "argon2id"];

/// A running `spake-peers`.
pub(super) struct Peers {
    _process: Process,
    asked: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peers {
    pub(super) fn start(processes: &Processes, program: &Path) -> Outcome<Self> {
        let mut command = Command::new(program);
        let mut process =
            processes.start(command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()))?;
        let (Some(asked), Some(answers)) = (process.child.stdin.take(), process.child.stdout.take()) else {
            return Err(Failure::run("spake-peers has no input or output"));
        };
        Ok(Self { _process: process, asked, answers: BufReader::new(answers) })
    }

    /// One figure, measured for so long: `peer.<name>`.
    pub(super) fn measure(&mut self, figures: &mut Figures, name: &str, time: Duration) -> Outcome<()> {
        let answer = self.ask(&format!("{name} {}", time.as_secs_f64()))?;
        match answer.get("cpu_us").and_then(Value::as_f64) {
            Some(micros) => figures.add(&format!("peer.{name}"), micros),
            None => return Err(Failure::run(format!("spake-peers, {name}: {}", field(&answer, "error")?))),
        }
        figures.describe(&format!("peer.{name}"), field(&answer, "what")?);
        Ok(())
    }

    fn ask(&mut self, line: &str) -> Outcome<Value> {
        let said = |error: std::io::Error| Failure::run(format!("spake-peers does not answer: {error}"));
        writeln!(self.asked, "{line}").map_err(said)?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).map_err(said)?;
        serde_json::from_str(&answer)
            .map_err(|_| Failure::run(format!("spake-peers answered `{}`, which is not JSON", answer.trim())))
    }
}

/// A service in Python, started by a command that listens on 127.0.0.1 and the port in PORT.
pub(super) struct Flask {
    pub(super) process: Process,
    pub(super) address: SocketAddr,
}

impl Flask {
    pub(super) fn start(processes: &Processes, command: &str, plan: &Plan) -> Outcome<Self> {
        let port = free_port()?;
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).env("PORT", port.to_string());
        shell.env("PBKDF2_ITERATIONS", plan.iterations.to_string());
        shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = processes.start(&mut shell)?;
        wait_for(&mut process, port, "the command of --flask")?;
        Ok(Self { process, address: SocketAddr::from(([127, 0, 0, 1], port)) })
    }
}
