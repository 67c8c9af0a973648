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

/// What is measured of what `spake-peers` has; a test of that program compares the two lists.
pub(super) const NAMES: [&str; 6] =
    ["spake2plus", "opaque_ristretto255", "opaque_p256", "bcrypt10", "bcrypt12", "argon2id"];

/// A running `spake-peers`.
pub(super) struct Peers {
    _process: Process,
    asked: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// Of `NAMES`, what this one has.
    names: Vec<&'static str>,
}

impl Peers {
    /// `figures` learns what this one does not have.
    pub(super) fn start(processes: &Processes, program: &Path, figures: &mut Figures) -> Outcome<Self> {
        let mut command = Command::new(program);
        let mut process =
            processes.start(command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()))?;
        let (Some(asked), Some(answers)) = (process.child.stdin.take(), process.child.stdout.take()) else {
            return Err(Failure::run("spake-peers has no input or output"));
        };
        let mut peers =
            Self { _process: process, asked, answers: BufReader::new(answers), names: Vec::new() };
        let list = peers.ask("list")?;
        let listed = |name: &str| list.as_array().into_iter().flatten().any(|peer| peer["name"] == name);
        for name in NAMES {
            if listed(name) {
                peers.names.push(name);
            } else {
                figures.leave_out(
                    &format!("peer.{name}"),
                    format!("the program of --peers does not list {name}; `make bench` builds one that does"),
                );
            }
        }
        Ok(peers)
    }

    /// Of each, measured for so long: `peer.<name>`, and `operations.peer.<name>`, how many that is the mean of.
    pub(super) fn measure(&mut self, figures: &mut Figures, time: Duration) -> Outcome<()> {
        self.names.clone().into_iter().try_for_each(|name| self.measure_one(figures, name, time))
    }

    fn measure_one(&mut self, figures: &mut Figures, name: &str, time: Duration) -> Outcome<()> {
        let answer = self.ask(&format!("{name} {}", time.as_secs_f64()))?;
        match answer.get("cpu_us").and_then(Value::as_f64) {
            Some(micros) => figures.add(&format!("peer.{name}"), micros),
            None => return Err(Failure::run(format!("spake-peers, {name}: {}", field(&answer, "error")?))),
        }
        if let Some(operations) = answer.get("operations").and_then(Value::as_f64) {
            figures.add(&format!("operations.peer.{name}"), operations);
        }
        figures.describe(&format!("peer.{name}"), field(&answer, "what")?);
        Ok(())
    }

    fn ask(&mut self, line: &str) -> Outcome<Value> {
        let said = |error: std::io::Error| Failure::run(format!("spake-peers does not answer: {error}"));
        writeln!(self.asked, "{line}").map_err(said)?;
        let mut answer = String::new();
        if self.answers.read_line(&mut answer).map_err(said)? == 0 {
            return Err(Failure::run("spake-peers ended"));
        }
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
