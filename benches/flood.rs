//! How long status and login take while `initiate` is flooded, beside how long they take on an idle service; and, as a
//! control, on one whose machine is kept busy by threads that do nothing and give way to all others. What those cost is
//! the machine's doing (its caches, its frequency, its host), and none of stretching.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing)]

mod support;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use spake_protocol::spake2plus::{Prover, ProverSecret, Setting};
use spake_service::domain::random::system_rng;
use support::Service;

const ROUNDS: usize = 5;
/// Of each, in each round.
const REQUESTS: usize = 600;
/// More than the default queue takes, so that some are refused all the time.
const FLOODERS: usize = 100;
/// A refused one comes back sooner than it was told.
const IMPATIENCE: Duration = Duration::from_millis(100);

fn main() {
    let service = Service::start(&[("SPAKE_GUESS_LIMIT", "1000")]);
    service.initiate();
    let [mut idle, mut busy, mut flooded] = std::array::from_fn(|_| [Vec::new(), Vec::new()]);
    // Alternating, so that a busy machine slows both alike.
    for round in 0..ROUNDS {
        ask(&service, &format!("idle-{round}"), &mut idle);
        while_busy(|| ask(&service, &format!("busy-{round}"), &mut busy));
        let (opened, refused) =
            while_flooded(&service, || ask(&service, &format!("flooded-{round}"), &mut flooded));
        println!("round {round}: {opened} initiated and {refused} refused meanwhile");
    }
    for (name, times) in ["status", "login"].iter().zip(idle.into_iter().zip(busy).zip(flooded)) {
        let ((idle, busy), flooded) = times;
        let [idle, busy, flooded] = [idle, busy, flooded].map(Percentiles::of);
        println!(
            "{name}: p50 {:?} idle, {:?} busy, {:?} flooded; p99 {:?} idle, {:?} busy, {:?} flooded: {:.2} x idle \
             (target 3), {:.2} x busy",
            idle.p50,
            busy.p50,
            flooded.p50,
            idle.p99,
            busy.p99,
            flooded.p99,
            flooded.p99.as_secs_f64() / idle.p99.as_secs_f64(),
            flooded.p99.as_secs_f64() / busy.p99.as_secs_f64()
        );
    }
}

fn ask(service: &Service, name: &str, times: &mut [Vec<Duration>; 2]) {
    let (_, share) =
        Prover::start(setting(), ProverSecret::from_bytes(&[7; 32], &[9; 32]).unwrap(), &mut system_rng());
    let share = hex::encode(share.as_bytes());
    for number in 0..REQUESTS {
        let login = json!({ "credential_id": format!("{name}-{number}"), "client_public_key": share });
        times[0].push(timed(|| service.call("GET", "/spake/status/bench", &Value::Null)));
        times[1].push(timed(|| service.call("POST", "/spake/login", &login)));
    }
}

fn setting() -> Setting {
    Setting::new(b"nobody", b"spake-service", b"spake-service/1").unwrap()
}

fn timed(call: impl FnOnce() -> (u16, Value)) -> Duration {
    let start = Instant::now();
    let (status, answer) = call();
    let time = start.elapsed();
    assert_eq!(status, 200, "{answer}");
    time
}

/// Runs `work` once the flood has reached its height; how many sessions were opened and how many refused.
fn while_flooded(service: &Service, work: impl FnOnce()) -> (u64, u64) {
    let (stop, opened, refused) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..FLOODERS {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let status =
                        service.call("POST", "/spake/initiate", &json!({ "password": "password" })).0;
                    if status == 200 {
                        opened.fetch_add(1, Ordering::Relaxed);
                    } else {
                        refused.fetch_add(1, Ordering::Relaxed);
                        thread::sleep(IMPATIENCE);
                    }
                }
            });
        }
        while refused.load(Ordering::Relaxed) == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        work();
        stop.store(true, Ordering::Relaxed);
    });
    (opened.into_inner(), refused.into_inner())
}

/// Runs `work` beside a thread for each core that does nothing, at the priority that stretching has.
fn while_busy(work: impl FnOnce()) {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().unwrap().get() {
            scope.spawn(|| {
                rustix::process::setpriority_process(None, 19).unwrap();
                while !stop.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        work();
        stop.store(true, Ordering::Relaxed);
    });
}

struct Percentiles {
    p50: Duration,
    p99: Duration,
}

impl Percentiles {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self { p50: times[times.len() / 2], p99: times[times.len() * 99 / 100] }
    }
}
