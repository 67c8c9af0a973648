//! Sessions in and out of a store: encoded, sealed for their id, and compared-and-set.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::codec::{self, Formats};
use crate::domain::ids::SessionId;
use crate::domain::ports::{Created, Entry, Revision, SessionStore, StoreError, Stored, Swap};
use crate::domain::refusal::{Refusal, ServiceError};
use crate::domain::sealing::{Purpose, Sealer};
use crate::domain::session::Session;

pub(in crate::domain) struct Records {
    pub(in crate::domain) store: Arc<dyn SessionStore>,
    sealer: Arc<Sealer>,
    formats: Formats,
}

impl Records {
    pub(in crate::domain) fn new(
        store: Arc<dyn SessionStore>,
        sealer: Arc<Sealer>,
        formats: Formats,
    ) -> Self {
        Self { store, sealer, formats }
    }

    pub(in crate::domain) async fn create(
        &self,
        id: &SessionId,
        session: &Session,
        ttl: Duration,
    ) -> Result<Created, ServiceError> {
        Ok(self.store.create(id, self.entry(id, session)?, ttl).await?)
    }

    pub(in crate::domain) async fn read(&self, id: &SessionId) -> Result<(Session, Stored), ServiceError> {
        let stored = self.store.read(id).await?.ok_or(Refusal::NotFound)?;
        Ok((self.open(id, &stored)?, stored))
    }

    /// The session in an envelope; one that does not open is named for the log as operators find it.
    pub(in crate::domain) fn open(&self, id: &SessionId, stored: &Stored) -> Result<Session, ServiceError> {
        let unreadable = |why: &dyn Display| {
            ServiceError::Store(StoreError::Corrupt(format!("{}: {why}", self.store.locate(id))))
        };
        let record = self.sealer.open(Purpose::Session, id.as_str(), &stored.sealed);
        let record = record.map_err(|error| unreadable(&error))?;
        codec::decode_session(&record, self.formats).map_err(|error| unreadable(&error))
    }

    /// Whether what was read still stands, and is safe; see [`SessionStore::settle`].
    pub(in crate::domain) async fn settle(
        &self,
        id: &SessionId,
        read: Revision,
    ) -> Result<bool, ServiceError> {
        Ok(self.store.settle(id, read).await? == Swap::Won)
    }

    /// Whether the write won.
    pub(in crate::domain) async fn replace(
        &self,
        id: &SessionId,
        expected: Revision,
        session: &Session,
    ) -> Result<bool, ServiceError> {
        Ok(self.store.replace(id, expected, self.entry(id, session)?).await? == Swap::Won)
    }

    pub(in crate::domain) fn entry(&self, id: &SessionId, session: &Session) -> Result<Entry, ServiceError> {
        let record = codec::encode_session(session, self.formats, self.store.permitted_format())?;
        let sealed = self.sealer.seal(Purpose::Session, id.as_str(), &record);
        Ok(Entry { sealed, summary: session.summary() })
    }
}
