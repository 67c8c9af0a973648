//! What a login and a pairing cannot do without, by itself, in this process: the curve's operations, the verifier's whole
//! computation, and the stretching of a password.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use spake_protocol::Password;
use spake_protocol::bare::Bare;
use spake_protocol::spake2::{self, W};
use spake_protocol::spake2plus::{Prover, ProverSecret, Setting, ShareP, Verifier, VerifierRecord};
use spake_protocol::stretch::Kdf;

use super::Outcome;
use super::figures::Figures;
use super::plan::Plan;
use crate::commands::Failure;
use crate::domain::random::system_rng;

/// A verifier's record and a prover's share, as they come.
pub(super) struct Login {
    record: VerifierRecord,
    setting: Setting,
    share: [u8; 65],
}

impl Login {
    pub(super) fn new() -> Outcome<Self> {
        let setting = Setting::new(b"alice", b"spake-service", b"spake-service/1").map_err(Failure::run)?;
        let secret = ProverSecret::from_bytes(&[5; 32], &[6; 32]).map_err(Failure::run)?;
        let record = secret.verifier();
        let (_, share) = Prover::start(setting.clone(), secret, &mut system_rng());
        Ok(Self { record, setting, share: *share.as_bytes() })
    }

    /// Both in turns, many times, so that whatever slows the machine slows both: `bare.login` and `verifier`.
    pub(super) fn measure(&self, figures: &mut Figures, time: Duration) -> Outcome<()> {
        let bare = Bare::new(&mut system_rng());
        let mut turns = [Cost::default(), Cost::default()];
        let [curve, verifier] = &mut turns;
        let start = Instant::now();
        while start.elapsed() < time || curve.count == 0 {
            curve.of(TURN, || Ok(bare.verifier()))?;
            verifier.of(TURN, || {
                // From the bytes of shareP to those of shareV and confirmV.
                let share = ShareP::try_from(&self.share[..]).map_err(Failure::run)?;
                Ok(Verifier::respond(&self.record, &self.setting, &share, &mut system_rng()))
            })?;
        }
        figures.add("bare.login", curve.micros());
        figures.add("verifier", verifier.micros());
        Ok(())
    }
}

/// The curve's operations of a pairing: `bare.pairing`.
pub(super) fn pairing(figures: &mut Figures, time: Duration) -> Outcome<()> {
    let bare = Bare::new(&mut system_rng());
    figures.add("bare.pairing", cost(time, || Ok(bare.party()))?);
    Ok(())
}

/// Passwords, by a thread for each core, as the service does it under load: `pbkdf2`.
pub(super) fn stretching(figures: &mut Figures, plan: &Plan) -> Outcome<()> {
    let setting = spake2::Setting::new(b"", b"spake-service", b"spake-service/1").map_err(Failure::run)?;
    let password = Password::prepare("correct horse").map_err(Failure::run)?;
    let kdf = Kdf::pbkdf2(plan.iterations).map_err(Failure::run)?;
    let stretch = || cost(plan.bare, || W::stretch(&password, &setting, &kdf).map_err(Failure::run));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let costs = thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(stretch)).collect();
        let joined = threads.into_iter().filter_map(|thread| thread.join().ok());
        joined.collect::<Outcome<Vec<f64>>>()
    })?;
    figures.add("pbkdf2", costs.iter().sum::<f64>() / costs.len() as f64);
    Ok(())
}

/// As many are timed together: the clock costs something too.
const TURN: u32 = 20;

fn cost<T>(time: Duration, mut work: impl FnMut() -> Outcome<T>) -> Outcome<f64> {
    let (start, mut cost) = (Instant::now(), Cost::default());
    while start.elapsed() < time || cost.count == 0 {
        cost.of(1, &mut work)?;
    }
    Ok(cost.micros())
}

/// This thread's CPU time, and for how many.
#[derive(Default)]
struct Cost {
    spent: Duration,
    count: u32,
}

impl Cost {
    fn of<T>(&mut self, count: u32, mut work: impl FnMut() -> Outcome<T>) -> Outcome<()> {
        let start = own_cpu();
        for _ in 0..count {
            black_box(work()?);
        }
        self.spent += own_cpu().saturating_sub(start);
        self.count += count;
        Ok(())
    }

    fn micros(&self) -> f64 {
        self.spent.as_secs_f64() * 1e6 / f64::from(self.count.max(1))
    }
}

fn own_cpu() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}
