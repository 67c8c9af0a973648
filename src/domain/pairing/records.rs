//! Sessions in and out of a store: encoded, sealed for their id, and compared-and-set.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::codec::{self, Formats};
use crate::domain::ids::SessionId;
use crate::domain::pairing::{PairingError, Refusal};
use crate::domain::ports::{Created, Entry, Revision, SessionStore, StoreError, Stored, Swap};
use crate::domain::sealing::{Purpose, Sealer};
use crate::domain::session::Session;

pub(super) struct Records {
    store: Arc<dyn SessionStore>,
    sealer: Arc<Sealer>,
    formats: Formats,
}

impl Records {
    pub(super) fn new(store: Arc<dyn SessionStore>, sealer: Arc<Sealer>, formats: Formats) -> Self {
        Self { store, sealer, formats }
    }

    pub(super) async fn create(
        &self,
        id: &SessionId,
        session: &Session,
        ttl: Duration,
    ) -> Result<Created, PairingError> {
        Ok(self.store.create(id, self.entry(id, session)?, ttl).await?)
    }

    pub(super) async fn read(&self, id: &SessionId) -> Result<(Session, Stored), PairingError> {
        let stored = self.store.read(id).await?.ok_or(Refusal::NotFound)?;
        let unreadable = |why: &dyn Display| {
            PairingError::Store(StoreError::Corrupt(format!("{}: {why}", self.store.locate(id))))
        };
        let record = self.sealer.open(Purpose::Session, id.as_str(), &stored.sealed);
        let record = record.map_err(|error| unreadable(&error))?;
        Ok((codec::decode_session(&record, self.formats).map_err(|error| unreadable(&error))?, stored))
    }

    /// Whether what was read still stands, and is safe; see [`SessionStore::settle`].
    pub(super) async fn settle(&self, id: &SessionId, read: Revision) -> Result<bool, PairingError> {
        Ok(self.store.settle(id, read).await? == Swap::Won)
    }

    /// Whether the write won.
    pub(super) async fn replace(
        &self,
        id: &SessionId,
        expected: Revision,
        session: &Session,
    ) -> Result<bool, PairingError> {
        Ok(self.store.replace(id, expected, self.entry(id, session)?).await? == Swap::Won)
    }

    fn entry(&self, id: &SessionId, session: &Session) -> Result<Entry, PairingError> {
        let record = codec::encode_session(session, self.formats, self.store.permitted_format())?;
        let sealed = self.sealer.seal(Purpose::Session, id.as_str(), &record);
        Ok(Entry { sealed, summary: session.summary() })
    }
}
