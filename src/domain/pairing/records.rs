//! Sessions in and out of a store: encoded, sealed for their id, and compared-and-set.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::codec;
use crate::domain::ids::SessionId;
use crate::domain::pairing::{PairingError, Refusal};
use crate::domain::ports::{Created, Entry, Revision, SessionStore, Stored, Swap};
use crate::domain::sealing::{Purpose, Sealer};
use crate::domain::session::Session;

pub(super) struct Records {
    store: Arc<dyn SessionStore>,
    sealer: Sealer,
}

impl Records {
    pub(super) fn new(store: Arc<dyn SessionStore>, sealer: Sealer) -> Self {
        Self { store, sealer }
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
        let record = self.sealer.open(Purpose::Session, id.as_str(), &stored.sealed)?;
        Ok((codec::decode_session(&record)?, stored))
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
        let record = codec::encode_session(session)?;
        let sealed = self.sealer.seal(Purpose::Session, id.as_str(), &record);
        Ok(Entry { sealed, summary: session.summary() })
    }
}
