//! What others do at a login, measured beside it: `spake-service bench --peers` starts this, and asks for one figure at a
//! time, so that both are measured in turns on the same machine in the same minute.
//!
//! A line `NAME SECONDS` in, a line of JSON out: `{"name", "what", "cpu_us", "operations"}`, or `{"name", "error"}`. The line
//! `list` is answered by an array of `{"name", "what"}`. Nothing but the server's part is counted.

mod clock;
mod hashes;
mod opaque;
mod rfc9383;

use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// What went wrong, in words.
type Trouble = String;

/// Does the work once, and says what of this thread's CPU was the server's part.
type Work = Box<dyn FnMut() -> Result<Duration, Trouble>>;

struct Peer {
    name: &'static str,
    what: &'static str,
    prepare: fn() -> Result<Work, Trouble>,
}

const PEERS: [Peer; 6] = [
    Peer {
        name: "spake2plus",
        what: "the verifier of the crate spake2plus 0.1, from shareP's bytes to shareV and confirmV",
        prepare: rfc9383::verifier,
    },
    Peer {
        name: "opaque_ristretto255",
        what: "opaque-ke 4.0, ristretto255 and SHA-512: ServerLogin::start and finish, from bytes to bytes",
        prepare: opaque::ristretto255,
    },
    Peer {
        name: "opaque_p256",
        what: "opaque-ke 4.0, P-256 and SHA-256: ServerLogin::start and finish, from bytes to bytes",
        prepare: opaque::p256,
    },
    Peer { name: "bcrypt10", what: "bcrypt 0.19, cost 10: verify", prepare: || hashes::bcrypt(10) },
    Peer { name: "bcrypt12", what: "bcrypt 0.19, cost 12: verify", prepare: || hashes::bcrypt(12) },
    Peer {
        name: "argon2id",
        what: "argon2 0.6, Argon2id with 19 MiB, 2 passes, 1 lane: verify",
        prepare: hashes::argon2id,
    },
];

fn main() {
    let mut prepared: [Option<Work>; PEERS.len()] = Default::default();
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { return };
        let answer = answer(&line, &mut prepared);
        if writeln!(out, "{answer}").and_then(|()| out.flush()).is_err() {
            return;
        }
    }
}

fn answer(line: &str, prepared: &mut [Option<Work>; PEERS.len()]) -> Value {
    if line.trim() == "list" {
        return PEERS.iter().map(|peer| json!({ "name": peer.name, "what": peer.what })).collect();
    }
    let (name, seconds) = line.trim().split_once(' ').unwrap_or((line.trim(), "1"));
    let Ok(seconds) = seconds.parse() else {
        return json!({ "name": name, "error": format!("`{seconds}` is no number of seconds") });
    };
    let found = PEERS.iter().zip(prepared).find(|(peer, _)| peer.name == name);
    let Some((peer, work)) = found else {
        return json!({ "name": name, "error": "no such peer; `list` names them" });
    };
    match measured(peer, work, seconds) {
        Ok((cpu_us, operations)) => {
            json!({ "name": name, "what": peer.what, "cpu_us": cpu_us, "operations": operations })
        }
        Err(error) => json!({ "name": name, "error": error }),
    }
}

/// The mean over so many seconds, and of how many operations.
fn measured(peer: &Peer, work: &mut Option<Work>, seconds: f64) -> Result<(f64, u32), Trouble> {
    let work = match work {
        Some(work) => work,
        None => work.insert((peer.prepare)()?),
    };
    let (start, mut spent, mut operations) = (Instant::now(), Duration::ZERO, 0);
    while operations == 0 || start.elapsed().as_secs_f64() < seconds {
        spent += work()?;
        operations += 1;
    }
    Ok((spent.as_secs_f64() * 1e6 / f64::from(operations), operations))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(line: &str) -> Value {
        answer(line, &mut Default::default())
    }

    #[test]
    fn every_peer_works_and_has_a_figure() {
        for peer in ask("list").as_array().unwrap() {
            let name = peer["name"].as_str().unwrap();
            let answer = ask(&format!("{name} 0"));
            assert!(answer["cpu_us"].as_f64().unwrap() > 0.0, "{answer}");
            assert_eq!(answer["operations"], 1);
        }
    }

    /// Out of its source: neither of the two crates depends on the other.
    #[test]
    fn the_bench_knows_all_of_them() {
        let source = include_str!("../../../src/commands/bench/peers.rs");
        let names = source.split("NAMES: ").nth(1).unwrap().split("];").next().unwrap();
        let known: Vec<&str> = names.split('"').skip(1).step_by(2).collect();
        assert_eq!(known, PEERS.map(|peer| peer.name));
    }

    #[test]
    fn what_is_not_understood_is_answered_with_a_reason() {
        assert_eq!(ask("scrypt 1")["error"], "no such peer; `list` names them");
        assert_eq!(ask("bcrypt10 soon")["error"], "`soon` is no number of seconds");
    }
}
