//! Whether an operation costs more when more is stored, and whether replicas share anything but Redis.

use std::net::SocketAddr;
use std::sync::Mutex;

use super::Outcome;
use super::figures::Figures;
use super::load::{self, Until};
use super::plan::Plan;
use super::process::{Process, Processes};
use super::progress::Progress;
use super::served::{NOT_OURS, Redis, Served, Store};
use super::workloads::{Accounts, Openings, get};
use crate::commands::Failure;

/// Nothing may end while it is counted on.
const LASTING: [(&str, &str); 2] = [("SPAKE_LOGIN_TTL", "24h"), ("SPAKE_GUESS_WINDOW", "48h")];
/// Sessions whose status is read: far apart, and more than fit into a cache.
const READ: u64 = 1000;

/// Sizes from 1,000 on, a decade a step, and `most`.
pub(super) fn sizes(most: u64) -> Vec<u64> {
    let decades = std::iter::successors(Some(1000), |size| Some(size * 10));
    decades.take_while(|size| *size < most).chain([most]).collect()
}

/// `scale.<store>.<size>.login`, `….status` and `….memory`, for a service that starts empty.
pub(super) fn measure(
    processes: &Processes,
    (store, redis): (&Store, Option<&Redis>),
    plan: &Plan,
    most: u64,
    (figures, progress): (&mut Figures, &mut Progress),
) -> Outcome<()> {
    let service = Served::start(processes, store, &LASTING)?;
    let to = [service.address];
    let openings = Openings::new("open")?;
    let mut stored = 0;
    for size in sizes(most) {
        let name = format!("scale.{}.{size}", store.name);
        progress.step("scale", &format!("{size} sessions and credentials, {}", store.name));
        let accounts = Accounts::new("scale", size)?;
        let register = |number| Ok(accounts.register(stored + number));
        load::closed(&to, plan.callers, Until::Done(size - stored), &register)?;
        let paths = open_sessions(&to, plan, &openings, stored..size)?;
        stored = size;
        for _ in 0..plan.rounds {
            let login = |number| accounts.login(number);
            let cost = cost(&[&service.process], &to, plan, &login)?;
            figures.add(&format!("{name}.login"), cost);
            let status = |number| {
                let index = usize::try_from(number).unwrap_or_default() % paths.len().max(1);
                Ok(get(paths.get(index).map_or("/health", String::as_str)))
            };
            figures.add(&format!("{name}.status"), self::cost(&[&service.process], &to, plan, &status)?);
        }
        let keeper =
            if store.is_embedded() { Some(&service.process) } else { redis.map(|redis| &redis.process) };
        match keeper {
            Some(keeper) => figures.add(&format!("{name}.memory"), keeper.resident_mb()?),
            None => figures.leave_out(&format!("{name}.memory"), NOT_OURS),
        }
    }
    Ok(())
}

/// Opens them; the paths of some are given back.
fn open_sessions(
    to: &[SocketAddr],
    plan: &Plan,
    openings: &Openings,
    numbers: std::ops::Range<u64>,
) -> Outcome<Vec<String>> {
    let (paths, count) = (Mutex::new(Vec::new()), numbers.end - numbers.start);
    let every = count.div_ceil(READ);
    let keep = |answer: &super::connection::Answer| {
        let id = answer.json().ok().and_then(|answer| Some(answer.get("session_id")?.as_str()?.to_owned()));
        if let (Some(id), Ok(mut paths)) = (id, paths.lock()) {
            paths.push(format!("/spake/status/{id}"));
        }
    };
    let ignore = |_: &super::connection::Answer| ();
    let open = |number: u64| {
        let kept = number.is_multiple_of(every);
        Ok(openings.open(numbers.start + number, if kept { &keep } else { &ignore }))
    };
    load::closed(to, plan.callers, Until::Done(count), &open)?;
    paths.into_inner().map_err(|_| Failure::run("a caller gave up"))
}

/// `replicas.<count>.cpu` of all services together, and `replicas.<count>.cpu_of_redis`: each request of a login goes to the
/// next of them.
pub(super) fn replicas(
    services: &[Served],
    redis: Option<&Redis>,
    plan: &Plan,
    figures: &mut Figures,
) -> Outcome<()> {
    let accounts = Accounts::new("bench", super::rounds::ACCOUNTS)?;
    let to: Vec<SocketAddr> = services.iter().map(|service| service.address).collect();
    let processes: Vec<&Process> = services.iter().map(|service| &service.process).collect();
    let name = format!("replicas.{}", services.len());
    let before = redis.map(|redis| redis.process.cpu()).transpose()?;
    let start = total(&processes)?;
    let load = load::closed(&to, plan.callers, Until::After(plan.slice), &|number| accounts.login(number))?;
    let count = load.latencies.len() as f64;
    figures.add(&format!("{name}.cpu"), (total(&processes)? - start) / count);
    if let (Some(before), Some(redis)) = (before, redis) {
        figures.add(&format!("{name}.cpu_of_redis"), (redis.process.cpu()? - before) / count);
    }
    Ok(())
}

fn cost(processes: &[&Process], to: &[SocketAddr], plan: &Plan, prepare: &load::Prepare<'_>) -> Outcome<f64> {
    let before = total(processes)?;
    let load = load::closed(to, plan.callers, Until::After(plan.slice), prepare)?;
    Ok((total(processes)? - before) / load.latencies.len() as f64)
}

fn total(processes: &[&Process]) -> Outcome<f64> {
    processes.iter().map(|process| process.cpu()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_go_up_by_decades_and_end_with_the_one_given() {
        assert_eq!(sizes(1_000_000), [1000, 10_000, 100_000, 1_000_000]);
        assert_eq!(sizes(50_000), [1000, 10_000, 50_000]);
        assert_eq!(sizes(1000), [1000]);
    }
}
