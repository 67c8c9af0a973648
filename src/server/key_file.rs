//! State keys are replaced without a restart: the file is read again when it changes.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::every;
use crate::config::StateKeys;
use crate::domain::sealing::Sealer;

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What tells one content of a file from another, also when a mounted secret is swapped under its name.
type Mark = (SystemTime, u64, u64);

/// Keeps `sealer` at what stands in `file`. A file that does not parse is named in the log, and the keys stay.
pub(super) fn watch(file: PathBuf, sealer: Arc<Sealer>) {
    let seen = Arc::new(Mutex::new(mark(&file)));
    every(LOOK_EVERY, move || {
        let now = mark(&file);
        let before = std::mem::replace(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner), now);
        if now != before {
            reread(&file, &sealer);
        }
        std::future::ready(())
    });
}

fn reread(file: &Path, sealer: &Sealer) {
    match StateKeys::reread(file) {
        Ok(ring) => {
            sealer.replace_ring(ring);
            tracing::info!(seals_under = sealer.sealing_key_id(), "state keys read again");
        }
        Err(error) => tracing::error!(%error, "state keys not replaced"),
    }
}

fn mark(file: &Path) -> Option<Mark> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
}
