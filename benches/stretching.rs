//! What stretching a pairing password costs: beside the fastest PBKDF2 there is; two at once; and through the pool.
//!
//! Here and not in the protocol crate: that crate's tests bring in others that turn on sha2's feature `zeroize`, which the
//! service is built without, and which costs a fifth.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing)]

use std::hint::black_box;
use std::num::NonZeroU32;
use std::time::Duration;

use futures_util::future::join_all;
use rustix::time::{ClockId, clock_gettime};
use spake_protocol::Password;
use spake_protocol::spake2::{Setting, W};
use spake_protocol::stretch::{Kdf, Unstretched};
use spake_service::domain::stretching::StretchingPool;

const ITERATIONS: u32 = 100_000;
const ROUNDS: usize = 41;
/// Passwords that are there at once, of one thread.
const AT_ONCE: [usize; 5] = [1, 2, 3, 8, 64];

fn main() {
    alone_and_together();
    through_the_pool();
}

fn unstretched(password: &str) -> Unstretched {
    let kdf = Kdf::pbkdf2(ITERATIONS).unwrap();
    W::unstretched(&Password::prepare(password).unwrap(), &setting(), &kdf)
}

fn setting() -> Setting {
    Setting::new(b"client", b"spake-service", b"spake-service/1").unwrap()
}

fn alone_and_together() {
    let (one, other) = (unstretched("correct horse"), unstretched("battery staple"));
    let (iterations, salt) = (NonZeroU32::new(ITERATIONS).unwrap(), setting().salt());
    let [mut aws_lc, mut alone, mut together] = [const { Vec::new() }; 3];
    // Alternating, so that a busy machine slows all alike.
    for _ in 0..ROUNDS {
        aws_lc.push(timed(ClockId::ThreadCPUTime, || {
            let (mut out, algorithm) = ([0; 32], aws_lc_rs::pbkdf2::PBKDF2_HMAC_SHA256);
            aws_lc_rs::pbkdf2::derive(algorithm, iterations, salt.as_bytes(), b"correct horse", &mut out);
            out
        }));
        alone.push(timed(ClockId::ThreadCPUTime, || W::from_stretched(one.stretch().unwrap()).unwrap()));
        together.push(timed(ClockId::ThreadCPUTime, || {
            one.stretch_both(&other).map(|stretched| W::from_stretched(stretched.unwrap()).unwrap())
        }));
    }
    let [aws_lc, alone, together] = [aws_lc, alone, together].map(median);
    println!("PBKDF2 with {ITERATIONS} iterations, CPU: {aws_lc:?} with aws-lc-rs");
    println!("one password: {alone:?}, {:.3} x aws-lc-rs (target 1.1)", ratio(alone, aws_lc));
    println!(
        "two at once: {together:?}, {:.3} x one; each {:?}, {:.3} x one",
        ratio(together, alone),
        together / 2,
        ratio(together / 2, alone)
    );
}

fn through_the_pool() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let pool = StretchingPool::start(1, 64).unwrap();
    let mut times = AT_ONCE.map(|_| Vec::new());
    for _ in 0..ROUNDS / 4 {
        for (at_once, times) in AT_ONCE.into_iter().zip(&mut times) {
            let run = |number| pool.run(unstretched(&format!("password {number}")), W::from_stretched);
            let time = timed(ClockId::ProcessCPUTime, || runtime.block_on(join_all((0..at_once).map(run))));
            times.push(time / u32::try_from(at_once).unwrap());
        }
    }
    for (at_once, times) in AT_ONCE.into_iter().zip(times) {
        println!("{at_once} at once through the pool, one thread: {:?} of CPU each", median(times));
    }
}

/// CPU time, by `clock`, of `operation`.
fn timed<T>(clock: ClockId, operation: impl FnOnce() -> T) -> Duration {
    let start = cpu(clock);
    black_box(operation());
    cpu(clock) - start
}

fn cpu(clock: ClockId) -> Duration {
    clock_gettime(clock).try_into().unwrap()
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
