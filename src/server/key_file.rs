//! Keys are replaced without a restart: their files are read again when they change.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::every;
use crate::config::{StateKeys, read_api_keys};
use crate::domain::access::Access;
use crate::domain::sealing::Sealer;

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What tells one content of a file from another, also when a mounted secret is swapped under its name.
type Mark = (SystemTime, u64, u64, u32);

/// Keeps `sealer` at what stands in `file`. A file that does not parse is named in the log, and the keys stay.
pub(super) fn watch_state_keys(file: PathBuf, sealer: Arc<Sealer>) {
    watch(file, move |file| match StateKeys::reread(file) {
        Ok(ring) => {
            sealer.replace_ring(ring);
            tracing::info!(seals_under = sealer.sealing_key_id(), "state keys read again");
        }
        Err(error) => tracing::error!(%error, "state keys not replaced"),
    });
}

/// The same for the keys of callers.
pub(super) fn watch_api_keys(file: PathBuf, access: Arc<Access>) {
    watch(file, move |file| match read_api_keys(file) {
        Ok(keys) => {
            tracing::info!(keys = keys.iter().count(), "API keys read again");
            access.replace_keys(keys);
        }
        Err(error) => tracing::error!(%error, "API keys not replaced"),
    });
}

/// Does `reread` whenever the file has changed.
fn watch(file: PathBuf, reread: impl Fn(&Path) + Send + 'static) {
    let seen = Arc::new(Mutex::new(mark(&file)));
    every(LOOK_EVERY, move || {
        let now = mark(&file);
        let before = std::mem::replace(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner), now);
        if now != before {
            reread(&file);
        }
        std::future::ready(())
    });
}

fn mark(file: &Path) -> Option<Mark> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len(), metadata.ino(), metadata.mode()))
}
