//! What connections and open sessions cost in memory.

use super::Outcome;
use super::connection::Connection;
use super::figures::Figures;
use super::load::{self, Until};
use super::plan::Plan;
use super::process::Processes;
use super::served::{Served, Store};
use super::workloads::Openings;
use crate::commands::Failure;

/// As long as the measurement may take, so that nothing ends meanwhile.
const LASTING: [(&str, &str); 3] =
    [("SPAKE_LOGIN_TTL", "1h"), ("SPAKE_GUESS_WINDOW", "2h"), ("SPAKE_REQUEST_TIMEOUT", "300s")];

/// What is open besides connections.
const FILES_BESIDE: u64 = 200;

/// `memory.idle`, `memory.connections`, `memory.sessions` and `memory.both`, in MB.
pub(super) fn measure(processes: &Processes, plan: &Plan, figures: &mut Figures) -> Outcome<()> {
    if figures.is_left_out("memory.idle") {
        return Ok(());
    }
    let service = Served::start(processes, &Store::embedded(plan), &LASTING)?;
    figures.add("memory.idle", service.process.resident_mb()?);
    let connections = connect(&service, plan.plain_connections)?;
    figures.add("memory.connections", service.process.resident_mb()?);
    drop((connections, service));

    let service = Served::start(processes, &Store::embedded(plan), &LASTING)?;
    let openings = Openings::new("memory")?;
    let open = |number| Ok(openings.open(number, &|_| ()));
    load::closed(&[service.address], plan.callers, Until::Done(plan.open_sessions), &open)?;
    figures.add("memory.sessions", service.process.resident_mb()?);
    let connections = connect(&service, plan.plain_connections)?;
    if plan.is_quick {
        figures
            .leave_out("memory.both", "--quick has fewer connections and sessions than its target is about");
    } else {
        figures.add("memory.both", service.process.resident_mb()?);
    }
    drop(connections);
    Ok(())
}

/// So many connections that stay, each of which has made a request.
fn connect(service: &Served, count: usize) -> Outcome<Vec<Connection>> {
    let call = |_| {
        let mut connection = Connection::to(&[service.address]);
        connection.get("/health").and_then(|answer| answer.expect(&[200], "/health")).map_err(|failure| {
            let line = failure.line;
            Failure::run(format!("{line} ({count} connections take as many open files: see ulimit -n)"))
        })?;
        Ok(connection)
    };
    (0..count).map(call).collect()
}

/// Every connection is an open file. Where there may not be as many, that is said before anything is measured.
pub(super) fn raise_limit(plan: &Plan, figures: &mut Figures) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let needed = plan.plain_connections as u64 + FILES_BESIDE;
    if getrlimit(Resource::Nofile).current.is_some_and(|limit| limit < needed) {
        figures.leave_out("memory.", format!("fewer than {needed} files may be open: raise `ulimit -Hn`"));
    }
}
