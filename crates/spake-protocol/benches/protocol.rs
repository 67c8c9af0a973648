//! What a step costs beside the operations that it cannot do without.
//!
//! Each group times a step and its bare operations in the same run. The last lines of the output are the
//! ratios, measured by alternating the two, so that a busy machine slows both alike.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use spake_protocol::bare::{Bare, MULTIPLICATION};
use spake_protocol::spake2::{self, PartyA, PartyB, W};
use spake_protocol::spake2plus::{self, Prover, ProverSecret, ShareP, Verifier, VerifierRecord};

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(9382)
}

/// B's stored state, and a share to finish it with.
fn spake2_run() -> (Vec<u8>, spake2::ShareA) {
    let setting = spake2::Setting::new(b"client", b"spake-service", b"spake-service/1").unwrap();
    let w = || W::from_bytes(&[0x42; 32]).unwrap();
    let (_, share_a) = PartyA::start(setting.clone(), w(), &mut rng());
    (PartyB::start(setting, w(), &mut rng()).to_bytes().to_vec(), share_a)
}

fn spake2plus_run() -> (VerifierRecord, spake2plus::Setting, ShareP) {
    let setting = spake2plus::Setting::new(b"client", b"spake-service", b"spake-service/1").unwrap();
    let secret = ProverSecret::from_bytes(&[0x42; 32], &[0x43; 32]).unwrap();
    let record = secret.verifier();
    let (_, share_p) = Prover::start(setting.clone(), secret, &mut rng());
    (record, setting, share_p)
}

/// w·M and y·(pA − w·M).
fn two_multiplications(bare: &Bare) {
    black_box([bare.multiplication(), bare.multiplication()]);
}

fn finish(c: &mut Criterion) {
    let (state, share_a) = spake2_run();
    let bare = Bare::new(&mut rng());
    let mut group = c.benchmark_group("spake2_party_b");
    group.bench_function("finish", |b| {
        b.iter_batched(
            || PartyB::from_bytes(&state).unwrap(),
            |party| party.finish(black_box(&share_a)),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("bare_multiplications", |b| b.iter(|| two_multiplications(&bare)));
    group.bench_function("from_bytes", |b| b.iter(|| PartyB::from_bytes(black_box(&state)).unwrap()));
    group.finish();
}

fn respond(c: &mut Criterion) {
    let (record, setting, share_p) = spake2plus_run();
    let stored = record.to_bytes();
    let bare = Bare::new(&mut rng());
    let mut rng = rng();
    let mut group = c.benchmark_group("spake2plus_verifier");
    group.bench_function("respond", |b| {
        b.iter(|| Verifier::respond(&record, &setting, black_box(&share_p), &mut rng));
    });
    group.bench_function("bare_operations", |b| b.iter(|| bare.verifier()));
    group.bench_function("from_bytes", |b| {
        b.iter(|| VerifierRecord::from_bytes(black_box(&stored)).unwrap());
    });
    group.finish();
}

fn timed<T>(operation: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    black_box(operation());
    start.elapsed()
}

/// The median of the first's time over the median of the second's, alternating.
fn ratio(rounds: usize, mut step: impl FnMut() -> Duration, mut bare: impl FnMut() -> Duration) -> f64 {
    let mut times = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        times.0.push(step());
        times.1.push(bare());
    }
    times.0.sort_unstable();
    times.1.sort_unstable();
    times.0[rounds / 2].as_secs_f64() / times.1[rounds / 2].as_secs_f64()
}

fn ratios() {
    let bare = Bare::new(&mut rng());

    let (state, share_a) = spake2_run();
    let finish = ratio(
        2000,
        || {
            let party = PartyB::from_bytes(&state).unwrap();
            timed(|| party.finish(&share_a))
        },
        || timed(|| two_multiplications(&bare)),
    );
    println!("multiplication by {MULTIPLICATION}");
    println!("ratio PartyB::finish / its two multiplications: {finish:.3} (target 1.25)");

    let (record, setting, share_p) = spake2plus_run();
    let mut rng = rng();
    let respond = ratio(
        2000,
        || timed(|| Verifier::respond(&record, &setting, &share_p, &mut rng)),
        || timed(|| bare.verifier()),
    );
    println!("ratio Verifier::respond / its multiplications and encodings: {respond:.3}");
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    finish(&mut criterion);
    respond(&mut criterion);
    criterion.final_summary();
    ratios();
}
