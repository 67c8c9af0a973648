//! Requests per second and core of `GET /health` and `GET /spake/status`, on the real binary over real HTTP.
//!
//! The load comes from threads of this process on the same machine, so the figure is taken from the server's own CPU
//! time: requests for each second of CPU that the server used. The status is measured with audit events in the log (to
//! nowhere), in a file, and kept out of the log, which is what making them costs. With PEER set to the address of another
//! service and PEER_PID to its process (for example a gunicorn worker), its `/health` is measured in the same run, or
//! the path in PEER_PATH.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing)]

mod support;

use support::{Service, load, median};

const ROUNDS: usize = 5;

fn main() {
    let audit = tempfile::NamedTempFile::new().unwrap();
    let services = [
        Service::start(&[]),
        Service::start(&[("SPAKE_AUDIT_FILE", audit.path().to_str().unwrap())]),
        Service::start(&[("RUST_LOG", "audit=off")]),
    ];
    for service in &services {
        service.initiate();
    }
    let peer = std::env::var("PEER").ok().zip(std::env::var("PEER_PID").ok());
    let peer_path = std::env::var("PEER_PATH").unwrap_or("/health".to_owned());
    let mut results = [const { Vec::new() }; 5];
    for _ in 0..ROUNDS {
        results[0].push(load(&services[0].address, services[0].pid(), "/health"));
        for (service, results) in services.iter().zip(&mut results[1..]) {
            results.push(load(&service.address, service.pid(), "/spake/status/bench"));
        }
        if let Some((address, pid)) = &peer {
            results[4].push(load(address, pid.parse().unwrap(), &peer_path));
        }
    }
    let names = [
        "GET /health",
        "GET /spake/status",
        "the same, audit events in a file",
        "the same, audit events not written",
        "the peer",
    ];
    for (name, rounds) in names.iter().zip(results) {
        if !rounds.is_empty() {
            let (per_second, per_cpu) = (median(&rounds, |r| r.0), median(&rounds, |r| r.1));
            println!(
                "{name}: {per_cpu:.0} requests per second of the server's CPU ({per_second:.0} per second)"
            );
        }
    }
}
