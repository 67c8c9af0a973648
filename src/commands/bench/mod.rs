//! `spake-service bench`: what this machine makes of the service, beside what it could and beside others.
//!
//! | module | job |
//! |---|---|
//! | `plan`, `rounds` | how much, and what is measured in turns |
//! | `world` | what is started: `served` (this binary, Redis), `peers`; `process` sees that it ends |
//! | `workloads`, `connection`, `load`, `flood` | pairings and logins over HTTP; closed and open loops |
//! | `bare` | curve operations and PBKDF2 by themselves |
//! | `memory`, `scale` | connections, sessions, replicas |
//! | `figures`, `targets`, `table`, `report`, `output`, `machine`, `progress` | what comes out |

mod bare;
mod connection;
mod figures;
mod flood;
mod load;
mod machine;
mod memory;
mod output;
mod peers;
mod plan;
mod process;
mod progress;
mod report;
mod rounds;
mod scale;
mod served;
mod table;
mod targets;
mod workloads;
mod world;

use std::path::PathBuf;
use std::thread;
use std::time::Instant;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, run_async, say};
use crate::server::{StartError, StopSignals};
use figures::Figures;
use plan::Plan;
use process::Processes;
use served::{Redis, Store};
use world::World;

type Outcome<T> = Result<T, Failure>;

#[derive(Args, Clone)]
pub(super) struct BenchArgs {
    /// Write everything that was measured to this file, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// See that everything works, in seconds; the figures mean little
    #[arg(long)]
    quick: bool,
    /// How often everything is measured in turns [default: 5, and 1 with --quick]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    rounds: Option<u16>,
    /// The program to start for what is measured on Redis [default: redis-server, where it is in the PATH]
    #[arg(long, value_name = "FILE", value_parser = world::program, conflicts_with_all = ["redis_url", "no_redis"])]
    redis_server: Option<PathBuf>,
    /// An empty Redis of your own instead, redis://host:port; what a run leaves there is not removed
    #[arg(long, value_name = "URL", value_parser = world::redis_url, conflicts_with = "no_redis")]
    redis_url: Option<String>,
    /// Nothing on Redis
    #[arg(long)]
    no_redis: bool,
    /// The program that measures other libraries, target/release/spake-peers
    #[arg(long, value_name = "FILE", value_parser = world::program)]
    peers: Option<PathBuf>,
    /// A command that serves the same from Python on 127.0.0.1:$PORT, to compare with
    #[arg(long, value_name = "COMMAND")]
    flask: Option<String>,
    /// Also what an operation costs at 1,000 sessions and credentials, at 10,000 and so on up to this
    #[arg(long, value_name = "MOST", num_args = 0..=1, default_missing_value = "100000",
        value_parser = clap::value_parser!(u64).range(1000..=100_000_000))]
    scale: Option<u64>,
}

/// Measures in a thread, so that a signal can end what was started.
pub(super) fn bench(args: &BenchArgs) -> Result<(), Failure> {
    let (processes, args) = (Processes::default(), args.clone());
    let (done, wait) = tokio::sync::oneshot::channel();
    let ending = processes.clone();
    run_async(async move {
        let threads = |error| Failure::run(StartError::Threads(error));
        let mut signals = StopSignals::listen().map_err(threads)?;
        // A terminal that is gone, or its Ctrl-\.
        let mut hangup = signal(SignalKind::hangup()).map_err(threads)?;
        let mut quit = signal(SignalKind::quit()).map_err(threads)?;
        thread::spawn(move || drop(done.send(measure(&args, &processes))));
        tokio::select! {
            outcome = wait => return outcome.map_err(|_| Failure::run("the benchmark broke off"))?,
            () = signals.next() => {}
            _ = hangup.recv() => {}
            _ = quit.recv() => {}
        }
        ending.end();
        progress::clear_line();
        Err(Failure::run("stopped before everything was measured; nothing is left running"))
    })
}

fn measure(args: &BenchArgs, processes: &Processes) -> Outcome<()> {
    let start = Instant::now();
    let mut plan = if args.quick { Plan::QUICK } else { Plan::FULL };
    plan.rounds = args.rounds.map_or(plan.rounds, usize::from);
    if let Some(file) = &args.json {
        // Now, and not after a quarter of an hour; what is there stays until then.
        output::check(file)?;
    }
    let mut figures = Figures::default();
    memory::raise_limit(&plan, &mut figures);
    let world = World::start(processes, args, &plan, &mut figures)?;
    let done = everything(world, processes, args, &plan, &mut figures);
    if processes.are_ended() || figures.samples().next().is_none() {
        return done;
    }
    // What there is, also if something broke off late.
    say(format_args!("{}", table::render(&figures)));
    if cfg!(debug_assertions) {
        say(format_args!(
            "This program was built without optimisation: build it with --release for figures that mean something.\n"
        ));
    }
    if let Some(file) = &args.json {
        let broke_off = done.as_ref().err().map(|failure| failure.line.as_str());
        let written = output::write(file, &report::report(&figures, &plan, start.elapsed(), broke_off));
        return done.and(written);
    }
    done
}

fn everything(
    mut world: World,
    processes: &Processes,
    args: &BenchArgs,
    plan: &Plan,
    figures: &mut Figures,
) -> Outcome<()> {
    let sizes = args.scale.map(scale::sizes).unwrap_or_default();
    let stores = if world.first_on_redis().is_some() { 2 } else { 1 };
    let mut progress = rounds::run(&mut world, plan, figures, 1 + stores * sizes.len())?;
    let program =
        world.redis.is_some().then(|| args.redis_server.clone().or_else(served::redis_in_path)).flatten();
    drop(world);
    progress.step("memory", "connections and sessions");
    memory::measure(processes, plan, figures)?;
    let Some(most) = args.scale else {
        figures.leave_out("scale.", "there is no --scale, which takes longer than all the rest");
        return Ok(());
    };
    scale::measure(processes, (&Store::embedded(plan), None), plan, most, (figures, &mut progress))?;
    let redis = program.map(|program| Redis::start(processes, &program)).transpose()?;
    let Some(url) = redis.as_ref().map(|redis| redis.url.clone()).or_else(|| args.redis_url.clone()) else {
        return Ok(());
    };
    let on = (&Store::redis(plan, url)?, redis.as_ref());
    scale::measure(processes, on, plan, most, (figures, &mut progress)).map_err(|failure| {
        let ended = redis.as_ref().is_some_and(|redis| redis.process.has_ended());
        if ended { Failure::run("scale: Redis ended") } else { failure }
    })
}
