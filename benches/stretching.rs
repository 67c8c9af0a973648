//! What stretching a pairing password costs beside the fastest PBKDF2 there is.
//!
//! Here and not in the protocol crate: that crate's tests bring in others that turn on sha2's feature `zeroize`, which the
//! service is built without, and which costs a fifth.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing)]

use std::hint::black_box;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use spake_protocol::Password;
use spake_protocol::spake2::{Setting, W};
use spake_protocol::stretch::Kdf;

const ITERATIONS: u32 = 100_000;
const ROUNDS: usize = 41;

fn main() {
    let setting = Setting::new(b"client", b"spake-service", b"spake-service/1").unwrap();
    let (password, kdf) = (Password::prepare("correct horse").unwrap(), Kdf::pbkdf2(ITERATIONS).unwrap());
    let (iterations, salt) = (NonZeroU32::new(ITERATIONS).unwrap(), setting.salt());
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    // Alternating, so that a busy machine slows both alike.
    for _ in 0..ROUNDS {
        ours.push(timed(|| W::stretch(&password, &setting, &kdf).unwrap()));
        theirs.push(timed(|| {
            let (mut out, algorithm) = ([0; 32], aws_lc_rs::pbkdf2::PBKDF2_HMAC_SHA256);
            aws_lc_rs::pbkdf2::derive(algorithm, iterations, salt.as_bytes(), b"correct horse", &mut out);
            out
        }));
    }
    let (ours, theirs) = (median(ours), median(theirs));
    println!("W::stretch, PBKDF2 with {ITERATIONS} iterations: {ours:?}");
    println!("aws-lc-rs, the same: {theirs:?}");
    println!("ratio {:.3} (target 1.1)", ours.as_secs_f64() / theirs.as_secs_f64());
}

fn timed<T>(operation: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    black_box(operation());
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
