//! What every server of Redis has in common, whatever it speaks: a process, a directory, a log, a port.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::mem::take;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

const CONFIG: &str = "redis.conf";
const LOG: &str = "log";

/// A process in a directory of its own. Dropping it kills the process and removes the directory.
///
/// Everything goes through a shared reference: a test kills a server while its threads are using it.
pub struct Process {
    binary: OsString,
    environment: Vec<(&'static str, PathBuf)>,
    state: Mutex<State>,
    dir: TempDir,
}

#[derive(Default)]
struct State {
    child: Option<Child>,
    paused: bool,
}

impl Process {
    pub fn new(binary: OsString) -> Self {
        let dir = TempDir::with_prefix("spake-redis-").unwrap();
        Self { binary, environment: Vec::new(), state: Mutex::default(), dir }
    }

    pub fn with_environment(mut self, environment: Vec<(&'static str, PathBuf)>) -> Self {
        self.environment = environment;
        self
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Servers rewrite their configuration as they learn, so it is written once and kept over restarts.
    pub fn configure(&self, config: &str) {
        fs::write(self.dir().join(CONFIG), config).unwrap();
    }

    /// Starts the process, which is not yet a server that answers.
    pub fn spawn(&self, arguments: &[&str]) {
        self.kill();
        let log = File::create(self.dir().join(LOG)).unwrap();
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL"])
            .arg(&self.binary)
            .arg(CONFIG)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .args(arguments)
            .current_dir(self.dir())
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        self.state().child = Some(spawn_for_life(command).expect("setpriv, of util-linux"));
    }

    pub fn id(&self) -> Option<u32> {
        self.state().child.as_ref().map(Child::id)
    }

    /// How the process ended, if it did so by itself.
    pub fn ended(&self) -> Option<ExitStatus> {
        self.state().child.as_mut()?.try_wait().unwrap()
    }

    /// Whether it is there and not paused.
    pub fn is_running(&self) -> bool {
        let state = self.state();
        state.child.is_some() && !state.paused
    }

    /// SIGKILL, to the children that write its files too.
    pub fn kill(&self) {
        if let Some(mut child) = take(&mut *self.state()).child {
            // Once it has been waited for, its number may be another's.
            if child.try_wait().unwrap().is_none() {
                signal(&child, Signal::KILL);
                child.wait().unwrap();
            }
        }
    }

    /// SIGSTOP: the kernel still accepts connections and takes bytes, and nobody answers.
    pub fn pause(&self) {
        let mut state = self.state();
        signal(state.child.as_ref().expect("running"), Signal::STOP);
        state.paused = true;
    }

    pub fn resume(&self) {
        let mut state = self.state();
        signal(state.child.as_ref().expect("running"), Signal::CONT);
        state.paused = false;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A test that has failed must still be able to kill its servers.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The end of what it has printed since it was started last.
    pub fn log_tail(&self) -> String {
        let log = String::from_utf8_lossy(&fs::read(self.dir().join(LOG)).unwrap_or_default()).into_owned();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    pub fn lost_its_port(&self) -> bool {
        self.log_tail().contains("Address already in use")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn signal(child: &Child, signal: Signal) {
    kill_process_group(Pid::from_raw(child.id().cast_signed()).unwrap(), signal).unwrap();
}

type Order = (Command, Sender<io::Result<Child>>);

/// Spawns from a thread that lives as long as the tests do: the signal at the parent's death comes when the
/// *thread* that spawned is gone, and a test's thread may be gone before a server that others share.
fn spawn_for_life(command: Command) -> io::Result<Child> {
    static SPAWNER: LazyLock<Sender<Order>> = LazyLock::new(|| {
        let (sender, orders) = mpsc::channel::<Order>();
        thread::spawn(move || {
            orders.into_iter().for_each(|(mut command, to)| drop(to.send(command.spawn())))
        });
        sender
    });
    let (reply, child) = mpsc::channel();
    SPAWNER.send((command, reply)).unwrap();
    child.recv().unwrap()
}

/// A port that is free now, and that no other call in this process gets.
///
/// Not the kernel's choice of a port: those are also the ports of outgoing connections, so that one might be
/// taken while its server is down, even by the client that tries to reach the server again.
pub fn free_port() -> u16 {
    const FIRST: u16 = 10_240;
    const COUNT: u16 = 22_000;
    static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| {
        // Test processes that run side by side start far apart.
        let start = std::process::id().wrapping_mul(2_654_435_761) >> 16;
        AtomicU16::new(u16::try_from(start).unwrap())
    });
    for _ in 0..COUNT {
        let port = FIRST + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free port");
}

/// Asks until there is an answer; the last complaint tells what was missing.
#[track_caller]
pub fn within<T>(seconds: u64, mut ask: impl FnMut() -> Result<T, String>) -> T {
    let start = Instant::now();
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(complaint) if start.elapsed() >= Duration::from_secs(seconds) => {
                panic!("not within {seconds} s: {complaint}")
            }
            Err(_) => thread::sleep(Duration::from_millis(10)),
        }
    }
}
