//! Files that are replaced without a restart.

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

    /// Calls `reread` after every change. Two looks must find the same, so that nobody is in the middle of writing, or has
    /// replaced one of two files that belong together.
    pub(super) fn call(self, reread: impl Fn() + Send + 'static) {
        let Self { files, mut known } = self;
        let mut last = known.clone();
        every(LOOK_EVERY, move || {
            let now = marks(&files);
            let settled = now == last;
            last.clone_from(&now);
            if settled && now != known {
                known = now;
                reread();
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
