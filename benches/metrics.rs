//! What measuring costs beside the request that is measured: what one `GET /spake/status` adds to the metrics, on one
//! thread and on all cores at once, and the CPU time of such a request of the real binary, which includes it.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing)]

mod support;

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use spake_service::metrics::{Metrics, Operation};
use support::{Service, load, median};

const ROUNDS: usize = 9;
const TIMES: u32 = 200_000;

fn main() {
    let metrics = Metrics::new(spake_service::http::routes()).unwrap();
    let service = Service::start(&[]);
    service.initiate();
    let cores = thread::available_parallelism().unwrap().get();
    let (mut requests, mut costs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        requests.push(load(&service.address, service.pid(), "/spake/status/bench"));
        costs.push((measured(&metrics, 1), measured(&metrics, cores)));
    }
    let status = 1e9 / median(&requests, |(_, per_cpu_second)| *per_cpu_second);
    println!("GET /spake/status: {:.1} µs of the service's CPU", status / 1e3);
    for (threads, cost) in [(1, median(&costs, |cost| cost.0)), (cores, median(&costs, |cost| cost.1))] {
        let share = 100.0 * cost / status;
        println!("its metrics, {threads} at once: {cost:.0} ns, {share:.2} % of it (target 2 %)");
    }
}

/// Nanoseconds of one request's metrics, on so many threads at once.
fn measured(metrics: &Metrics, threads: usize) -> f64 {
    let begun = Instant::now();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                for _ in 0..TIMES {
                    let asked = Arc::clone(&metrics.requests).asked("GET", Some("/spake/status/{id}"));
                    let begun = Instant::now();
                    metrics.operations.done(Operation::ReadSession, None, begun.elapsed());
                    asked.answered(200, None);
                }
            });
        }
    });
    begun.elapsed().as_secs_f64() * 1e9 / f64::from(TIMES)
}
