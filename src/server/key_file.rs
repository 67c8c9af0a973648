//! State keys are replaced without a restart: the file is read again when it changes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::watch::Watch;
use crate::config::StateKeys;
use crate::domain::sealing::Sealer;

/// Keeps `sealer` at what stands in `file`. A file that does not parse is named in the log, and the keys stay.
pub(super) fn watch(file: PathBuf, sealer: Arc<Sealer>) {
    Watch::on([file.clone()]).call(move || reread(&file, &sealer));
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
