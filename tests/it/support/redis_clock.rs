//! A clock for a real Redis that stands still until a test moves it: expiry is tested to the millisecond, and no test
//! waits for it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tempfile::TempDir;

/// The file that a server started with [`RedisClock::environment`] takes its time from.
pub struct RedisClock {
    directory: TempDir,
    now: AtomicU64,
}

impl RedisClock {
    pub fn at(millis: u64) -> Self {
        let clock = Self { directory: tempfile::tempdir().unwrap(), now: AtomicU64::new(millis) };
        clock.write();
        clock
    }

    /// What a server needs to be told.
    pub fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        vec![("LD_PRELOAD", library().to_owned()), ("TEST_CLOCK", self.file())]
    }

    /// Returns what it shows then, in milliseconds since 1970.
    pub fn advance(&self, duration: Duration) -> u64 {
        let millis = u64::try_from(duration.as_millis()).unwrap();
        let now = self.now.fetch_add(millis, Ordering::SeqCst) + millis;
        self.write();
        now
    }

    fn write(&self) {
        // In place: the server has the file mapped.
        let now = self.now.load(Ordering::SeqCst).to_le_bytes();
        if self.file().exists() {
            let file = fs::OpenOptions::new().write(true).open(self.file()).unwrap();
            std::os::unix::fs::FileExt::write_all_at(&file, &now, 0).unwrap();
        } else {
            fs::write(self.file(), now).unwrap();
        }
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("clock")
    }
}

/// `clock.c`, compiled once for this run of the tests.
fn library() -> &'static PathBuf {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let finished = target.join("clock.so");
        // Under a name of its own until it is whole: other test processes may be at it too.
        let unfinished = target.join(format!("clock.{}.so", std::process::id()));
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/clock.c");
        let status = Command::new("cc")
            .args(["-O1", "-shared", "-fPIC", "-o"])
            .args([unfinished.as_os_str(), source.as_ref()])
            .status();
        assert!(status.expect("a C compiler").success());
        fs::rename(unfinished, &finished).unwrap();
        finished
    })
}
