//! Everything that is measured, running.

use std::path::PathBuf;

use super::figures::Figures;
use super::peers::{Flask, Peers};
use super::plan::Plan;
use super::process::Processes;
use super::served::{NOT_OURS, Redis, Served, Store, in_path, redis_in_path};
use super::{BenchArgs, Outcome};
use crate::commands::Failure;

/// How many services share the one Redis, in turns; the most of them are started.
pub(super) const COUNTS: [usize; 3] = [1, 2, REPLICAS];
const REPLICAS: usize = 4;

/// Fields are dropped in their order: services before their Redis.
pub(super) struct World {
    pub(super) embedded: Served,
    /// On one Redis; none without it.
    pub(super) replicas: Vec<Served>,
    pub(super) peers: Option<Peers>,
    pub(super) flask: Option<Flask>,
    /// None where it is someone else's.
    pub(super) redis: Option<Redis>,
}

impl World {
    /// Starts all that there is; `figures` learns why something is not.
    pub(super) fn start(
        processes: &Processes,
        args: &BenchArgs,
        plan: &Plan,
        figures: &mut Figures,
    ) -> Outcome<Self> {
        let (redis, on_redis) = redis(processes, args, plan, figures)?;
        let mut replicas = Vec::new();
        if let Some(store) = &on_redis {
            for _ in 0..REPLICAS {
                replicas.push(Served::start(processes, store, &[])?);
            }
        }
        let peers =
            args.peers.as_ref().map(|program| Peers::start(processes, program, figures)).transpose()?;
        if peers.is_none() {
            figures.leave_out("peer.", "there is no --peers; `make bench` builds spake-peers");
        }
        let flask = args.flask.as_ref().map(|command| Flask::start(processes, command, plan)).transpose()?;
        if flask.is_none() {
            figures.leave_out("flask.", "there is no --flask; `make bench` installs one");
        }
        let embedded = Served::start(processes, &Store::embedded(plan), &[])?;
        Ok(Self { embedded, replicas, peers, flask, redis })
    }
}

/// A Redis of the run's own, or the one that was named, and what the services are told of it.
fn redis(
    processes: &Processes,
    args: &BenchArgs,
    plan: &Plan,
    figures: &mut Figures,
) -> Outcome<(Option<Redis>, Option<Store>)> {
    if let Some(url) = &args.redis_url {
        for operation in ["login", "pairing", "initiate", "status", "health"] {
            figures.leave_out(&format!("{operation}.redis.cpu_of_redis"), NOT_OURS);
        }
        for count in COUNTS {
            figures.leave_out(&format!("replicas.{count}.cpu_of_redis"), NOT_OURS);
        }
        return Ok((None, Some(Store::redis(plan, url.clone())?)));
    }
    let program = if args.no_redis { None } else { args.redis_server.clone().or_else(redis_in_path) };
    let Some(program) = program else {
        let reason = if args.no_redis {
            "--no-redis was given"
        } else {
            "there is no redis-server in the PATH; install it, or give --redis-server or --redis-url"
        };
        let operations = ["login.redis", "pairing.redis", "initiate.redis", "status.redis", "health.redis"];
        for prefix in operations.into_iter().chain(["replicas", "scale.redis"]) {
            figures.leave_out(prefix, reason);
        }
        return Ok((None, None));
    };
    let redis = Redis::start(processes, &program)?;
    let store = Store::redis(plan, redis.url.clone())?;
    Ok((Some(redis), Some(store)))
}

/// The path of a program that must be there.
pub(super) fn program(text: &str) -> Result<PathBuf, String> {
    let there = if text.contains('/') { None } else { in_path(text) };
    let found = there.or_else(|| Some(PathBuf::from(text)).filter(|path| path.is_file()));
    let found = found.ok_or("there is no such file")?;
    // Links stay: under another name redis-server is another program.
    std::path::absolute(found).map_err(|error| error.to_string())
}

/// The URL of one server without TLS or a password of its own: what leaks into a table of figures must not be a secret.
pub(super) fn redis_url(text: &str) -> Result<String, String> {
    if text.starts_with("redis://") && !text.contains('@') {
        return Ok(text.to_owned());
    }
    Err("must be redis://host:port, without a password: what is measured is an empty Redis of your own"
        .to_owned())
}

impl World {
    /// The first of the replicas.
    pub(super) fn first_on_redis(&self) -> Option<&Served> {
        self.replicas.first()
    }

    /// Which of all these has ended by itself.
    pub(super) fn ended(&self) -> Option<&'static str> {
        let services = [&self.embedded].into_iter().chain(&self.replicas);
        let services = services.map(|service| ("the service", &service.process));
        let redis = self.redis.iter().map(|redis| ("Redis", &redis.process));
        let flask = self.flask.iter().map(|flask| ("the command of --flask", &flask.process));
        redis.chain(services).chain(flask).find(|(_, process)| process.has_ended()).map(|(name, _)| name)
    }

    /// So many of them, or an error: they are started together.
    pub(super) fn replicas(&self, count: usize) -> Outcome<&[Served]> {
        self.replicas.get(..count).ok_or_else(|| Failure::run("there are not so many replicas"))
    }
}
