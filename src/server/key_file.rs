//! Keys are replaced without a restart: their files are read again when they change.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::watch::Watch;
use crate::config::{InvalidConfig, StateKeys, read_api_keys};
use crate::domain::access::Access;
use crate::domain::sealing::Sealer;

/// Keeps `sealer` at what stands in `file`. A file that does not parse is named in the log, and the keys stay.
pub(super) fn watch_state_keys(file: PathBuf, sealer: Arc<Sealer>) {
    watch(file, move |file| {
        StateKeys::reread(file, &sealer)?;
        Ok(format!("state keys read again; `{}` seals", sealer.sealing_key_id()))
    });
}

/// The same for the keys of callers.
pub(super) fn watch_api_keys(file: PathBuf, access: Arc<Access>) {
    watch(file, move |file| {
        let keys = read_api_keys(file)?;
        let read = format!("API keys read again; there are {}", keys.iter().count());
        access.replace_keys(keys);
        Ok(read)
    });
}

fn watch(file: PathBuf, reread: impl Fn(&Path) -> Result<String, InvalidConfig> + Send + 'static) {
    let watch = Watch::on([file.clone()]);
    // A start may have waited long for Redis since the file was read.
    if let Err(error) = reread(&file) {
        tracing::error!(%error, "keys not replaced");
    }
    watch.call("keys", move || reread(&file).map(|read| tracing::info!("{read}")));
}
