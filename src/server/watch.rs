//! Files that are replaced without a restart.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::every;

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What tells one content of a file from another, also when a mounted secret is swapped under its name.
type Mark = Option<(SystemTime, u64, u64, u32)>;

/// Files as they were at one moment.
pub(super) struct Watch {
    files: Vec<PathBuf>,
    known: Vec<Mark>,
}

impl Watch {
    /// To be made before the files are read, or a change in between is not seen.
    pub(super) fn on(files: impl IntoIterator<Item = PathBuf>) -> Self {
        let files: Vec<_> = files.into_iter().collect();
        Self { known: marks(&files), files }
    }

    /// Calls `reread` after every change, again and again until it succeeds: a file that could not be read for a moment may
    /// have taken away somebody's key. What is wrong is said once. Two looks must find the same, so that nobody is in the
    /// middle of writing, or has replaced one of two files that belong together.
    pub(super) fn call<E: Display>(
        self,
        what: &'static str,
        reread: impl Fn() -> Result<(), E> + Send + 'static,
    ) {
        let Self { files, mut known } = self;
        let (mut last, mut told) = (known.clone(), known.clone());
        every(LOOK_EVERY, move || {
            let now = marks(&files);
            let settled = now == last;
            last.clone_from(&now);
            if settled && now != known {
                match reread() {
                    Ok(()) => known.clone_from(&now),
                    Err(error) if now != told => tracing::error!(%error, "{what} not replaced"),
                    Err(_) => {}
                }
                told = now;
            }
            std::future::ready(())
        });
    }
}

fn marks(files: &[PathBuf]) -> Vec<Mark> {
    files.iter().map(|file| mark(file)).collect()
}

fn mark(file: &Path) -> Mark {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len(), metadata.ino(), metadata.mode()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_change_that_could_not_be_read_is_read_as_soon_as_it_can() {
        let directory = tempfile::TempDir::new().unwrap();
        let file = directory.path().join("keys");
        std::fs::write(&file, "old").unwrap();
        let reads = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&reads);
        // Out of file descriptors, twice.
        Watch::on([file.clone()])
            .call("keys", move || if count.fetch_add(1, Ordering::SeqCst) < 2 { Err("no") } else { Ok(()) });
        std::fs::write(&file, "newer").unwrap();
        while reads.load(Ordering::SeqCst) < 3 {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        for _ in 0..5 {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        assert_eq!(reads.load(Ordering::SeqCst), 3, "read once, when it could be");
    }
}
