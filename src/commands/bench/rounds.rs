//! What is measured in turns, round after round.

use std::net::SocketAddr;

use super::Outcome;
use super::bare;
use super::figures::Figures;
use super::flood::{while_busy, while_flooded};
use super::load::{self, Prepare, Until};
use super::plan::Plan;
use super::process::Process;
use super::progress::Progress;
use super::scale;
use super::served::Served;
use super::workloads::{Accounts, Pairings, get, initiation, status_path};
use super::world::{COUNTS, World};
use crate::commands::Failure;

/// How many there are to log in to.
pub(super) const ACCOUNTS: u64 = 100;
/// Pairings a second in the open loop: most machines can stretch so many passwords.
const PAIRINGS_PACED: u32 = 8;
/// Reads a second in the open loop.
const READS_PACED: u32 = 1000;
/// In an open loop there must always be one who is free.
const CALLERS_PACED: usize = 64;

type Run<'a> = dyn FnMut(&mut Figures) -> Outcome<()> + 'a;

/// Something that adds one round's samples.
struct Task<'a> {
    what: String,
    run: Box<Run<'a>>,
}

/// What callers ask for, made once.
struct Asked {
    accounts: Accounts,
    pairings: Pairings,
    /// Of each service that is read from.
    paths: Vec<String>,
}

/// A service, the Redis that it is on if its CPU can be seen, and what the two are called.
struct Target<'a> {
    service: &'a Served,
    redis: Option<&'a Process>,
    name: &'static str,
    path: &'a str,
}

pub(super) fn run(world: &mut World, plan: &Plan, figures: &mut Figures, once: usize) -> Outcome<Progress> {
    let mut peers = world.peers.take();
    let world = &*world;
    let services: Vec<&Served> =
        [Some(&world.embedded), world.first_on_redis()].into_iter().flatten().collect();
    let paths = services.iter().map(|service| status_path(service.address)).collect::<Outcome<_>>()?;
    let asked = Asked {
        accounts: Accounts::new("bench", ACCOUNTS)?,
        pairings: Pairings::new(plan.iterations)?,
        paths,
    };
    let login = bare::Login::new()?;
    let mut targets = Vec::new();
    for ((service, name), path) in services.iter().zip(["embedded", "redis"]).zip(&asked.paths) {
        let register = |number| Ok(asked.accounts.register(number));
        load::closed(&[service.address], plan.callers, Until::Done(ACCOUNTS), &register)?;
        let redis = world.redis.as_ref().filter(|_| name == "redis").map(|redis| &redis.process);
        targets.push(Target { service, redis, name, path });
    }

    let mut tasks = vec![task("the operations of a login", |figures| login.measure(figures, plan.bare))];
    for target in &targets {
        tasks.extend(loops(target, &asked, plan));
    }
    tasks.push(task("the operations of a pairing", |figures| bare::pairing(figures, plan.bare)));
    tasks.push(task("stretching a password", |figures| bare::stretching(figures, plan)));
    if let Some(peers) = &mut peers {
        tasks.push(task("peers", |figures| peers.measure(figures, plan.bare)));
    }
    tasks.extend(flask(world, plan));
    for target in &targets {
        tasks.extend(paced(target, &asked, plan));
    }
    tasks.extend(flooded(&world.embedded, &asked, plan));
    for count in COUNTS.into_iter().filter(|_| !world.replicas.is_empty()) {
        let services = world.replicas(count)?;
        let run = move |figures: &mut Figures| scale::replicas(services, world.redis.as_ref(), plan, figures);
        tasks.push(task(&format!("{count} replicas"), run));
    }

    let mut progress = Progress::of(plan.rounds * tasks.len() + once);
    for round in 1..=plan.rounds {
        for task in &mut tasks {
            progress.step(&format!("round {round} of {}", plan.rounds), &task.what);
            let told = |failure: Failure| {
                // What a service answers without its Redis says less.
                let line = world.ended().map_or(failure.line, |name| format!("{name} ended"));
                Failure::run(format!("{}: {line}", task.what))
            };
            (task.run)(figures).map_err(told)?;
        }
    }
    Ok(progress)
}

fn task<'a>(what: &str, run: impl FnMut(&mut Figures) -> Outcome<()> + 'a) -> Task<'a> {
    Task { what: what.to_owned(), run: Box::new(run) }
}

/// What is done in closed loops: `<workload>.<store>.cpu`, `….per_second` and the latencies `….closed`.
fn loops<'a>(target: &'a Target<'a>, asked: &'a Asked, plan: &'a Plan) -> Vec<Task<'a>> {
    let mut tasks = Vec::new();
    let mut push = |workload: &str, prepare: Box<Prepare<'a>>| {
        let name = format!("{workload}.{}", target.name);
        let run = {
            let name = name.clone();
            move |figures: &mut Figures| closed(figures, &name, target, plan, &prepare)
        };
        tasks.push(task(&name, run));
    };
    push("login", Box::new(|number| asked.accounts.login(number)));
    push("pairing", Box::new(|_| asked.pairings.pair()));
    push("initiate", Box::new(|_| Ok(initiation())));
    push("status", Box::new(|_| Ok(get(target.path))));
    push("health", Box::new(|_| Ok(get("/health"))));
    tasks
}

fn closed(
    figures: &mut Figures,
    name: &str,
    target: &Target<'_>,
    plan: &Plan,
    prepare: &Prepare<'_>,
) -> Outcome<()> {
    let redis = target.redis.map(Process::cpu).transpose()?;
    let start = target.service.process.cpu()?;
    let load = load::closed(&[target.service.address], plan.callers, Until::After(plan.slice), prepare)?;
    let count = load.latencies.len() as f64;
    figures.add(&format!("{name}.cpu"), (target.service.process.cpu()? - start) / count);
    if let (Some(before), Some(redis)) = (redis, target.redis) {
        figures.add(&format!("{name}.cpu_of_redis"), (redis.cpu()? - before) / count);
    }
    figures.add(&format!("{name}.per_second"), load.per_second());
    figures.add_latencies(&format!("{name}.closed"), &load.latencies);
    Ok(())
}

/// What is done in open loops: the latencies `<workload>.<store>.open.<rate>`.
fn paced<'a>(target: &'a Target<'a>, asked: &'a Asked, plan: &'a Plan) -> Vec<Task<'a>> {
    let mut tasks = Vec::new();
    let mut push = |workload: &str, rate: u32, prepare: Box<Prepare<'a>>| {
        let name = format!("{workload}.{}.open.{rate}", target.name);
        let to = target.service.address;
        let run = {
            let name = name.clone();
            move |figures: &mut Figures| open(figures, &name, (to, rate), plan, &prepare)
        };
        tasks.push(task(&name, run));
    };
    for rate in plan.rates {
        push("login", rate, Box::new(|number| asked.accounts.login(number)));
    }
    push("status", READS_PACED, Box::new(|_| Ok(get(target.path))));
    push("pairing", PAIRINGS_PACED, Box::new(|_| asked.pairings.pair()));
    tasks
}

fn open(
    figures: &mut Figures,
    name: &str,
    (to, rate): (SocketAddr, u32),
    plan: &Plan,
    prepare: &Prepare<'_>,
) -> Outcome<()> {
    let load = load::open(&[to], CALLERS_PACED, rate, plan.paced, prepare)?;
    figures.add_latencies(name, &load.latencies);
    Ok(())
}

/// The same logins on an idle service, beside threads that keep its machine busy, and in a flood of initiations.
fn flooded<'a>(service: &'a Served, asked: &'a Asked, plan: &'a Plan) -> Vec<Task<'a>> {
    let [rate, _] = plan.rates;
    let to = service.address;
    let login = |number| asked.accounts.login(number);
    let logins = move |figures: &mut Figures, name: &str| open(figures, name, (to, rate), plan, &login);
    vec![
        task("logins, nothing else", move |figures| logins(figures, "flood.idle")),
        task("logins beside busy cores", move |figures| while_busy(|| logins(figures, "flood.busy"))),
        task("logins in a flood", move |figures| while_flooded(to, || logins(figures, "flood.flooded"))),
    ]
}

/// `flask.status` and `flask.initiate`, as for the service.
fn flask<'a>(world: &'a World, plan: &'a Plan) -> Vec<Task<'a>> {
    let Some(flask) = &world.flask else { return Vec::new() };
    let measure = move |figures: &mut Figures, name: &str, prepare: &Prepare<'_>| {
        let start = flask.process.cpu()?;
        let load = load::closed(&[flask.address], plan.callers, Until::After(plan.slice), prepare)?;
        figures.add(&format!("{name}.cpu"), (flask.process.cpu()? - start) / load.latencies.len() as f64);
        figures.add(&format!("{name}.per_second"), load.per_second());
        Ok(())
    };
    vec![
        task("Flask, status", move |figures| {
            measure(figures, "flask.status", &|_| Ok(get("/spake/status/bench")))
        }),
        task("Flask, initiate", move |figures| measure(figures, "flask.initiate", &|_| Ok(initiation()))),
    ]
}
