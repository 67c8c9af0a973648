//! `spake-service bench`: the real command, measuring the real binary, as quickly as it can.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{command, eventually, run};

/// What a quick run with these arguments has written.
fn report(arguments: &[&str]) -> Value {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let mut command = with_path(&["bench", "--quick", "--json", path]);
    let output = command.args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    let report: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for target in report["targets"].as_array().unwrap() {
        assert!(printed.contains(target["what"].as_str().unwrap()), "{printed}");
    }
    report
}

/// It looks for programs where everyone does.
fn with_path(arguments: &[&str]) -> Command {
    let mut command = command();
    command.args(arguments).env("PATH", std::env::var_os("PATH").unwrap());
    command
}

fn median(report: &Value, name: &str) -> f64 {
    report["figures"][name]["median"].as_f64().unwrap_or_else(|| panic!("no {name} in {report}"))
}

#[test]
fn a_run_measures_embedded_and_redis_and_says_what_it_could_not() {
    let report = report(&["--scale", "1000"]);
    for workload in ["login", "pairing", "initiate", "status", "health"] {
        for store in ["embedded", "redis"] {
            for figure in ["cpu", "per_second"] {
                assert!(median(&report, &format!("{workload}.{store}.{figure}")) > 0.0);
            }
        }
    }
    for name in ["bare.login", "bare.pairing", "verifier", "pbkdf2", "login.redis.cpu_of_redis"] {
        assert!(median(&report, name) > 0.0, "{name}");
    }
    for name in [
        "memory.idle",
        "memory.connections",
        "memory.sessions",
        "replicas.4.cpu",
        "scale.embedded.1000.login",
        "scale.redis.1000.status",
        "scale.redis.1000.memory",
    ] {
        assert!(median(&report, name) > 0.0, "{name}");
    }
    for name in ["login.embedded.open.50", "login.redis.open.100", "flood.idle", "flood.flooded"] {
        let spread = &report["latencies_us"][name];
        assert!(spread["p50"].as_f64().unwrap() <= spread["p99.9"].as_f64().unwrap(), "{name}: {spread}");
    }
    let targets = report["targets"].as_array().unwrap();
    assert_eq!(targets.len(), 12);
    for target in targets {
        let measured =
            target["measured"].is_f64() && target["met"].is_boolean() && target["reason"].is_null();
        let reasoned = target["measured"].is_null() && !target["reason"].as_str().unwrap().is_empty();
        assert!(measured || reasoned, "{target}");
        // What is neither of the service nor given by --peers.
        assert_eq!(
            reasoned,
            target.to_string().contains("peer.") || target["of"] == "memory.both",
            "{target}"
        );
    }
    assert!(report["left_out"]["flask."].as_str().unwrap().contains("--flask"));
    assert!(!report["machine"]["cpu"].as_str().unwrap().is_empty());
    assert_eq!(report["plan"]["quick"], true);
}

#[test]
fn what_is_wrong_on_the_command_line_is_said() {
    for (arguments, said) in [
        (&["--peers", "/nowhere"][..], "--peers: `/nowhere` is not accepted: there is no such file"),
        (&["--redis-url", "redis://user:pw@host"], "must be redis://host:port, without a password"),
        (&["--redis-url", "redis://a", "--no-redis"], "cannot be used with"),
        (&["--rounds", "0"], "--rounds: `0` is not accepted"),
        (&["--scale", "10"], "--scale: `10` is not accepted"),
        (&["--json", "/nowhere/figures.json"], "--json /nowhere/figures.json: No such file"),
    ] {
        let (code, out, err) = run(&[], &[&["bench", "--quick"], arguments].concat());
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}: {err}");
        assert!(err.contains(said) && err.lines().count() == 1, "{arguments:?}: {err}");
    }
}

#[test]
fn what_does_not_do_what_it_should_ends_the_run_with_a_sentence() {
    let quick = ["bench", "--quick", "--rounds", "1"];
    for (arguments, said) in [
        (&["--redis-server", "/bin/false"][..], "Redis ended at its start"),
        (&["--no-redis", "--flask", "exit 3"], "the command of --flask ended at its start"),
        (&["--redis-url", "redis://127.0.0.1:1"], "the service did not start"),
    ] {
        let (code, out, err) = run(&[], &[&quick, arguments].concat());
        assert_eq!((code, out.as_str()), (1, ""), "{err}");
        assert!(err.contains(said), "{arguments:?}: {err}");
    }
}

#[test]
fn a_run_that_is_told_to_stop_leaves_nothing_running() {
    for signal in [Signal::INT, Signal::HUP] {
        leaves_nothing_running(signal);
    }
}

fn leaves_nothing_running(signal: Signal) {
    let mut command = with_path(&["bench", "--quick", "--rounds", "1000"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    // Redis, its four services and the embedded one.
    let started = eventually("everything is started", || {
        Some(children(child.id())).filter(|children| children.len() >= 6)
    });
    kill_process(Pid::from_raw(child.id().cast_signed()).unwrap(), signal).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("stopped before everything was measured"), "{said}");
    for process in started {
        eventually("it ends too", || (!is_running(process)).then_some(()));
    }
}

#[test]
fn a_redis_that_ends_midway_is_named_and_what_was_measured_is_kept() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut command = with_path(&["bench", "--quick", "--rounds", "1000", "--json"]);
    let mut child = command.arg(file.path()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap().contains("round 2 of 1000")));
    let is_redis = |child: &u32| {
        std::fs::read_to_string(format!("/proc/{child}/comm")).is_ok_and(|name| name.starts_with("redis"))
    };
    let redis = children(child.id()).into_iter().find(is_redis).unwrap();
    kill_process(Pid::from_raw(redis.cast_signed()).unwrap(), Signal::KILL).unwrap();
    let rest: Vec<String> = said.map(Result::unwrap).collect();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(rest.last().unwrap().ends_with(": Redis ended"), "{rest:?}");
    assert!(String::from_utf8(output.stdout).unwrap().contains("login.redis"));
    let report: Value = serde_json::from_str(&std::fs::read_to_string(file.path()).unwrap()).unwrap();
    assert!(report["broke_off"].as_str().unwrap().ends_with(": Redis ended"), "{report}");
    assert!(median(&report, "login.redis.cpu") > 0.0);
}

#[test]
fn without_redis_or_enough_files_the_rest_is_measured_and_the_reason_is_told() {
    let script = "ulimit -n 220 && exec \"$0\" bench --quick --no-redis --json \"$1\"";
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_spake-service")]).arg(file.path());
    let output = shell.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_str(&std::fs::read_to_string(file.path()).unwrap()).unwrap();
    assert!(median(&report, "initiate.embedded.cpu") > 0.0);
    assert!(report["figures"]["memory.idle"].is_null() && report["broke_off"].is_null());
    assert!(report["left_out"]["memory."].as_str().unwrap().contains("ulimit"));
    assert_eq!(report["left_out"]["initiate.redis"], "--no-redis was given");
}

/// proc(5): state and parent are the first fields after the name.
fn stat(process: u32) -> Option<(String, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let mut fields = stat.rsplit(')').next()?.split_whitespace();
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}

fn children(parent: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").unwrap();
    let processes = processes.filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    processes.filter(|process| stat(*process).is_some_and(|(_, of)| of == parent)).collect()
}

/// What nobody has waited for yet has ended nevertheless.
fn is_running(process: u32) -> bool {
    stat(process).is_some_and(|(state, _)| state != "Z")
}

/// The tables and the plot are made, not written.
#[test]
fn the_document_shows_what_was_measured() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/performance");
    let output = Command::new("python3").args([script, "--check"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
