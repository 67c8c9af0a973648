//! Programs that are started to be measured. None outlives the command, unless it is killed by a signal that nothing can catch.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};

use super::Outcome;
use crate::commands::Failure;

/// All that are running.
#[derive(Clone, Default)]
pub(super) struct Processes(Arc<Mutex<Running>>);

#[derive(Default)]
struct Running {
    ended: bool,
    groups: Vec<Pid>,
}

impl Processes {
    /// Starts one, in a process group of its own, which has its children too.
    pub(super) fn start(&self, command: &mut Command) -> Outcome<Process> {
        let program = command.get_program().to_string_lossy().into_owned();
        // Held meanwhile: what is started while all are being ended must not be missed.
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if running.ended {
            return Err(Failure::run("the benchmark was told to stop"));
        }
        let child = command.process_group(0).spawn();
        let child = child.map_err(|error| Failure::run(format!("{program} cannot be started: {error}")))?;
        let group = Pid::from_child(&child);
        running.groups.push(group);
        Ok(Process { child, group, processes: self.clone() })
    }

    /// Whether all were ended.
    pub(super) fn are_ended(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).ended
    }

    /// Ends all, and lets none start any more.
    pub(super) fn end(&self) {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.ended = true;
        for group in running.groups.drain(..) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// One of them. Killed when dropped.
pub(super) struct Process {
    pub(super) child: Child,
    group: Pid,
    processes: Processes,
}

impl Process {
    /// CPU time so far, in microseconds, of all its threads and of its children's. (Of a thread that has ended it is not
    /// known; what is measured here keeps its threads.)
    pub(super) fn cpu(&self) -> Outcome<f64> {
        let threads = self.members().into_iter().flat_map(|process| {
            let tasks = fs::read_dir(format!("/proc/{process}/task"));
            tasks.into_iter().flatten().flatten().map(|task| task.path().join("schedstat"))
        });
        let nanos: Vec<f64> = threads
            .filter_map(|path| fs::read_to_string(path).ok()?.split(' ').next()?.parse().ok())
            .collect();
        if nanos.is_empty() {
            return Err(Failure::run(
                "the CPU time of what is measured cannot be read from /proc/<pid>/task/*/schedstat: it takes Linux, and \
                 the process must still run",
            ));
        }
        Ok(nanos.iter().sum::<f64>() / 1e3)
    }

    /// Resident memory, in MB of 1,000,000 bytes.
    pub(super) fn resident_mb(&self) -> Outcome<f64> {
        let read = |process: &u32| {
            let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
            let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
            line.split_whitespace().nth(1)?.parse::<f64>().ok()
        };
        let kib: Vec<f64> = self.members().iter().filter_map(read).collect();
        if kib.is_empty() {
            return Err(Failure::run(
                "the memory of what is measured cannot be read from /proc/<pid>/status",
            ));
        }
        Ok(kib.iter().sum::<f64>() * 1024.0 / 1e6)
    }

    /// Whether it is there no more, though nobody has asked it to end.
    pub(super) fn has_ended(&self) -> bool {
        stat(self.child.id(), STATE).is_none_or(|state| state == "Z")
    }

    /// The processes of the group.
    fn members(&self) -> Vec<u32> {
        let group = self.group.as_raw_nonzero().get();
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.filter(|id| group_of(*id) == Some(group)).collect()
    }
}

fn group_of(process: u32) -> Option<i32> {
    stat(process, GROUP)?.parse().ok()
}

/// Places of fields of stat, counted from the third.
const STATE: usize = 0;
const GROUP: usize = 2;

/// proc(5): a field of stat after the second, which is in parentheses and may have spaces.
fn stat(process: u32, field: usize) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit(')').next()?.split_whitespace().nth(field).map(str::to_owned)
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut running = self.processes.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = kill_process_group(self.group, Signal::KILL);
        drop(self.child.wait());
        running.groups.retain(|group| *group != self.group);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_alive(group: Pid) -> bool {
        rustix::process::test_kill_process_group(group).is_ok()
    }

    #[test]
    fn a_process_has_cpu_time_and_memory_and_ends_with_its_owner() {
        let process = Processes::default().start(Command::new("sleep").arg("1000")).ok().unwrap();
        assert!(process.cpu().ok().unwrap() > 0.0);
        assert!(process.resident_mb().ok().unwrap() > 0.0);
        assert!(!process.has_ended());
        let group = process.group;
        drop(process);
        assert!(!is_alive(group));
    }

    #[test]
    fn all_end_together_and_none_starts_afterwards() {
        let processes = Processes::default();
        // A shell with a child.
        let mut command = Command::new("sh");
        let mut process = processes.start(command.args(["-c", "sleep 30 & wait"])).ok().unwrap();
        processes.end();
        assert!(!process.child.wait().unwrap().success());
        let refused = processes.start(&mut Command::new("sleep")).err().unwrap();
        assert_eq!(refused.line, "the benchmark was told to stop");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let refused = Processes::default().start(&mut Command::new("no-such-program")).err().unwrap();
        assert!(refused.line.starts_with("no-such-program cannot be started: "), "{}", refused.line);
    }
}
