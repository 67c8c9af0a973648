//! Sealing credentials again, under the key that seals now.

use crate::domain::ids::CredentialId;
use crate::domain::ports::{CredentialStore, Cursor, ListError, StoreError};
use crate::domain::sealing::{Purpose, Sealer};

const PAGE: usize = 1000;

/// How many credentials there are, and how many were sealed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resealed {
    /// All that were seen.
    pub seen: usize,
    /// Those that were under another key.
    pub resealed: usize,
}

/// Seals every credential under the key that seals now, by compare-and-set: services may run meanwhile. One that does
/// not open ends it, with its name.
pub async fn reseal_all(store: &dyn CredentialStore, sealer: &Sealer) -> Result<Resealed, StoreError> {
    let (mut done, mut cursor) = (Resealed::default(), None::<Cursor>);
    loop {
        let page = store.list_credentials(cursor.as_ref(), PAGE).await.map_err(|error| match error {
            ListError::Store(error) => error,
            ListError::BadCursor => StoreError::Corrupt("a store refused its own cursor".to_owned()),
        })?;
        for listed in page.credentials {
            done.seen += 1;
            done.resealed += usize::from(reseal(store, sealer, &listed.id).await?);
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(done),
        }
    }
}

async fn reseal(store: &dyn CredentialStore, sealer: &Sealer, id: &CredentialId) -> Result<bool, StoreError> {
    // Until it is done, or somebody else has written or removed it.
    while let Some(stored) = store.get(id).await? {
        if sealer.is_current(&stored.sealed) {
            return Ok(false);
        }
        let record = sealer.open(Purpose::Credential, id.as_str(), &stored.sealed);
        let record = record.map_err(|error| StoreError::Corrupt(format!("credential {id}: {error}")))?;
        let sealed = sealer.seal(Purpose::Credential, id.as_str(), &record);
        if store.reseal(id, &stored, sealed).await? {
            return Ok(true);
        }
    }
    Ok(false)
}
