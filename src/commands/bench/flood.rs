//! What a login waits for while `initiate` is asked for more than the machine can stretch.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::Outcome;
use super::connection::Connection;
use super::workloads::initiate;
use crate::commands::Failure;

/// More than the default queue takes, so that some are refused all the time.
const FLOODERS: usize = 100;
/// A refused one comes back sooner than it was told.
const IMPATIENCE: Duration = Duration::from_millis(100);
/// By then the queue is full, unless it has no end.
const FULL_WITHIN: Duration = Duration::from_secs(30);

/// Runs `work` once the flood has reached its height.
pub(super) fn while_flooded<T>(to: SocketAddr, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    let (stop, refused, failure) = (AtomicBool::new(false), AtomicBool::new(false), Mutex::new(None));
    let flood = || {
        let mut connection = Connection::to(&[to]);
        while !stop.load(Ordering::Relaxed) {
            match initiate(&mut connection).and_then(|answer| answer.expect(&[200, 503], "an initiation")) {
                Ok(answer) if answer.status == 503 => {
                    refused.store(true, Ordering::Relaxed);
                    thread::sleep(IMPATIENCE);
                }
                Ok(_) => {}
                Err(error) => {
                    stop.store(true, Ordering::Relaxed);
                    failure.lock().map(|mut failure| failure.get_or_insert(error).code).ok();
                }
            }
        }
    };
    let done = thread::scope(|scope| {
        for _ in 0..FLOODERS {
            scope.spawn(flood);
        }
        let start = Instant::now();
        while !refused.load(Ordering::Relaxed)
            && !stop.load(Ordering::Relaxed)
            && start.elapsed() < FULL_WITHIN
        {
            thread::sleep(Duration::from_millis(1));
        }
        let full = refused.load(Ordering::Relaxed);
        let done = full.then(work);
        stop.store(true, Ordering::Relaxed);
        done
    });
    match (failure.into_inner(), done) {
        (Ok(Some(error)), _) => Err(error),
        (_, Some(done)) => done,
        (_, None) => {
            Err(Failure::run("a flood of initiations was not enough to fill the queue for stretching"))
        }
    }
}

/// Runs `work` beside a thread for each core that does nothing, at the priority that stretching has: what that costs is the
/// machine's doing (its caches, its frequency, its host), and none of stretching.
pub(super) fn while_busy<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                // On Linux this is the thread's own priority.
                let _ = rustix::process::setpriority_process(None, 19);
                while !stop.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let done = work();
        stop.store(true, Ordering::Relaxed);
        done
    })
}
