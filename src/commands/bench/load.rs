//! Load: callers that each wait for their answer (a closed loop), and callers that come when they come (an open one).

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::Outcome;
use super::connection::Connection;
use crate::commands::Failure;

/// One operation, ready to go: the time of its requests, and not what the client computes between them.
pub(super) type Operation<'a> = Box<dyn FnOnce(&mut Connection) -> Outcome<Duration> + 'a>;

/// Makes the operation with a number; what the client computes before its first request is done here.
pub(super) type Prepare<'a> = dyn Fn(u64) -> Outcome<Operation<'a>> + Sync + 'a;

/// When a closed loop ends.
#[derive(Clone, Copy)]
pub(super) enum Until {
    After(Duration),
    Done(u64),
}

pub(super) struct Load {
    pub(super) elapsed: Duration,
    pub(super) latencies: Vec<Duration>,
}

impl Load {
    pub(super) fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }
}

/// Each caller begins its next operation when its last one is done.
pub(super) fn closed(
    to: &[SocketAddr],
    callers: usize,
    until: Until,
    prepare: &Prepare<'_>,
) -> Outcome<Load> {
    let (start, next) = (Instant::now(), AtomicU64::new(0));
    run(to, callers, |connection| {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let ends = match until {
            Until::After(duration) => start.elapsed() >= duration,
            Until::Done(count) => number >= count,
        };
        if ends { Ok(None) } else { prepare(number)?(connection).map(Some) }
    })
}

/// Operations begin at a fixed rate, however long the ones before take. A latency counts from when its operation was meant
/// to begin: if the service stalls, those that had to wait for a free caller waited too, and it shows.
pub(super) fn open(
    to: &[SocketAddr],
    callers: usize,
    per_second: u32,
    duration: Duration,
    prepare: &Prepare<'_>,
) -> Outcome<Load> {
    let interval = Duration::from_secs(1) / per_second.max(1);
    let (start, next) = (Instant::now() + interval, AtomicU64::new(0));
    run(to, callers, |connection| {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let after = interval.mul_f64(number as f64);
        if after >= duration {
            return Ok(None);
        }
        let (operation, meant) = (prepare(number)?, start + after);
        wait_until(meant);
        let late = meant.elapsed();
        operation(connection).map(|took| Some(late + took))
    })
}

/// To within microseconds: a sleep alone ends late by what the kernel likes to save.
fn wait_until(moment: Instant) {
    const SLEEP_ENDS_LATE: Duration = Duration::from_micros(150);
    let left = moment.saturating_duration_since(Instant::now());
    thread::sleep(left.saturating_sub(SLEEP_ENDS_LATE));
    while Instant::now() < moment {
        thread::yield_now();
    }
}

/// `step` in so many threads, each with a connection, until it gives no more. The first failure ends all.
fn run(
    to: &[SocketAddr],
    callers: usize,
    step: impl Fn(&mut Connection) -> Outcome<Option<Duration>> + Sync,
) -> Outcome<Load> {
    let (start, failed, failure) = (Instant::now(), AtomicBool::new(false), Mutex::new(None));
    let call = || {
        let (mut connection, mut latencies) = (Connection::to(to), Vec::new());
        while !failed.load(Ordering::Relaxed) {
            match step(&mut connection) {
                Ok(Some(latency)) => latencies.push(latency),
                Ok(None) => break,
                Err(error) => {
                    failed.store(true, Ordering::Relaxed);
                    if let Ok(mut failure) = failure.lock() {
                        failure.get_or_insert(error);
                    }
                }
            }
        }
        latencies
    };
    let latencies = thread::scope(|scope| {
        let threads: Vec<_> = (0..callers).map(|_| scope.spawn(call)).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).flatten().collect::<Vec<_>>()
    });
    let elapsed = start.elapsed();
    match failure.into_inner() {
        Ok(Some(error)) => Err(error),
        _ if latencies.is_empty() => Err(Failure::run("not one operation was done in the time given")),
        _ => Ok(Load { elapsed, latencies }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STALL: Duration = Duration::from_millis(200);

    /// An operation that takes no time, but for the first, which stalls.
    fn stalls_once<'a>(number: u64) -> Outcome<Operation<'a>> {
        Ok(Box::new(move |_| {
            let start = Instant::now();
            if number == 0 {
                wait_until(start + STALL);
            }
            Ok(start.elapsed())
        }))
    }

    fn those_of_a_stall(load: &Load) -> usize {
        load.latencies.iter().filter(|latency| **latency > STALL / 2).count()
    }

    #[test]
    fn a_stall_shows_in_all_that_were_meant_to_begin_while_it_lasted() {
        let load = open(&[], 1, 1000, Duration::from_millis(400), &stalls_once).ok().unwrap();
        assert_eq!(load.latencies.len(), 400);
        // Half of the stall is left for those of its first half.
        assert!(those_of_a_stall(&load) >= 100, "{}", those_of_a_stall(&load));
    }

    #[test]
    fn a_closed_loop_sees_a_stall_once() {
        let load = closed(&[], 1, Until::Done(400), &stalls_once).ok().unwrap();
        assert_eq!((load.latencies.len(), those_of_a_stall(&load)), (400, 1));
    }

    #[test]
    fn the_first_failure_ends_a_load_and_is_told() {
        let fails = |number| match number {
            5 => Err(Failure::run("the sixth failed")),
            _ => stalls_once(number + 1),
        };
        let failure = closed(&[], 2, Until::After(Duration::from_secs(3600)), &fails).err().unwrap();
        assert_eq!(failure.line, "the sixth failed");
    }
}
