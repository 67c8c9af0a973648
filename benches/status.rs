//! Requests per second and core of `GET /health` and `GET /spake/status`, on the real binary over real HTTP.
//!
//! The load comes from threads of this process on the same machine, so the figure is taken from the server's own CPU
//! time: requests for each second of CPU that the server used. With PEER set to the address of another service and
//! PEER_PID to its process (for example a gunicorn worker), its `/health` is measured in the same run.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing)]

mod support;

use support::{Service, load, median};

const ROUNDS: usize = 5;

fn main() {
    let service = Service::start(&[]);
    service.initiate();
    let (address, pid) = (&service.address, service.pid());
    let peer = std::env::var("PEER").ok().zip(std::env::var("PEER_PID").ok());
    let mut results = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        results[0].push(load(address, pid, "/health"));
        results[1].push(load(address, pid, "/spake/status/bench"));
        if let Some((address, pid)) = &peer {
            results[2].push(load(address, pid.parse().unwrap(), "/health"));
        }
    }
    for (name, rounds) in ["GET /health", "GET /spake/status", "the peer's /health"].iter().zip(results) {
        if !rounds.is_empty() {
            let (per_second, per_cpu) = (median(&rounds, |r| r.0), median(&rounds, |r| r.1));
            println!(
                "{name}: {per_cpu:.0} requests per second of the server's CPU ({per_second:.0} per second)"
            );
        }
    }
}
