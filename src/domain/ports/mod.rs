//! What a store must offer. [`crate::store`] implements it; one conformance suite holds every adapter to it.

mod accounts;
mod meter;

use std::time::Duration;

use async_trait::async_trait;

pub use self::accounts::{
    AttemptId, Budget, CallerTag, Committed, Completed, Completion, Condition, CredentialEntry,
    CredentialPage, CredentialStore, Generation, Guesses, ListedCredential, Login, LoginStore, LoginView,
    Put, Removed, StoredCredential, Times,
};
pub use self::meter::{Meter, Unmetered};
use crate::domain::ids::SessionId;
use crate::domain::session::{Status, Summary};
use crate::domain::time::Timestamp;

/// Why a store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It does not answer, and nothing was changed.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// A write was sent and its answer lost: it may have happened. The repeated request finds out.
    #[error("the outcome of a write is unknown: {0}")]
    OutcomeUnknown(String),
    /// It answered with something that is not ours.
    #[error("the store holds something unreadable: {0}")]
    Corrupt(String),
}

impl StoreError {
    /// Whether what was asked may have been done nevertheless.
    pub const fn leaves_doubt(&self) -> bool {
        matches!(self, Self::OutcomeUnknown(_))
    }
}

/// When a session was made and when it ends, by the store's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// When it was created.
    pub created: Timestamp,
    /// When it ends: always the TTL after `created`, never extended.
    pub expires: Timestamp,
}

/// Names one state of one session: two reads have equal revisions only if nothing was written between them, not even
/// a deletion and a new session of the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revision(pub u64);

/// What is written for a session.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The envelope. Never the same twice, for its nonce is random: a store may tell states and its own writes by it.
    pub sealed: Vec<u8>,
    /// The copy in the clear, for people and for listings; decisions use the sealed record.
    pub summary: Summary,
}

/// What is read of a session.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The envelope.
    pub sealed: Vec<u8>,
    /// The state that [`SessionStore::replace`] must still find.
    pub revision: Revision,
    /// When it began and ends.
    pub lifetime: Lifetime,
}

/// The answer to a creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It is there now.
    New(Lifetime),
    /// A session of that id is alive; nothing was changed.
    Exists,
}

/// The answer to a compare-and-set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swap {
    /// The write happened, and nobody else's between the read and it.
    Won,
    /// The session changed, ended or went away since it was read; nothing was written.
    Lost,
}

/// One line of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The session's id.
    pub id: SessionId,
    /// Its clear copy.
    pub summary: Summary,
    /// When it began and ends.
    pub lifetime: Lifetime,
}

/// A part of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Each live session once, in an order of the store's own. May be fewer than asked for.
    pub sessions: Vec<Listed>,
    /// Where to go on; `None` at the end.
    pub next: Option<Cursor>,
}

/// A place in a listing, opaque to callers; a store reads only what it wrote itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub String);

/// A listing was asked to go on at a place that this store did not name.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// Not a cursor of this store.
    #[error("not a cursor of this store")]
    BadCursor,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Sessions: each lives a fixed time, and each change is one atomic compare-and-set.
///
/// A session whose time has passed is not there for any method, whether or not its memory has been freed.
#[async_trait]
pub trait SessionStore: Send + Sync + 'static {
    /// Makes a session that ends after `ttl`, unless one of that id is alive.
    async fn create(&self, id: &SessionId, entry: Entry, ttl: Duration) -> Result<Created, StoreError>;

    /// The session as it is.
    async fn read(&self, id: &SessionId) -> Result<Option<Stored>, StoreError>;

    /// Replaces the state `expected` by `entry`, or changes nothing. The lifetime stays as it was.
    async fn replace(&self, id: &SessionId, expected: Revision, entry: Entry) -> Result<Swap, StoreError>;

    /// Returns once the state `read` is as safe as a write that has won, unless it is not the session's state any
    /// more. For answers that come from the record and need no write of their own.
    async fn settle(&self, _id: &SessionId, _read: Revision) -> Result<Swap, StoreError> {
        Ok(Swap::Won)
    }

    /// Removes a session: whatever its state, or only the state `expected`.
    async fn delete(&self, id: &SessionId, expected: Option<Revision>) -> Result<Swap, StoreError>;

    /// How many sessions are alive.
    async fn count(&self) -> Result<u64, StoreError>;

    /// At most `limit` live sessions after `cursor`, those of `status` only if it is given.
    async fn list(
        &self,
        cursor: Option<&Cursor>,
        limit: usize,
        status: Option<Status>,
    ) -> Result<Page, ListError>;

    /// The newest format of records that all who use this store can read (see [`crate::domain::codec::Formats`]).
    fn permitted_format(&self) -> u8 {
        u8::MAX
    }

    /// What an operator looks for to find this session in the store; for the log.
    fn locate(&self, id: &SessionId) -> String {
        format!("session {id}")
    }
}

/// Sealed facts without an end.
#[async_trait]
pub trait KeyspaceStore: Send + Sync + 'static {
    /// The fact called `name`.
    async fn fact(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Writes the fact unless there is one; returns the one that is there now.
    async fn create_fact(&self, name: &str, sealed: Vec<u8>) -> Result<Vec<u8>, StoreError>;

    /// Replaces the fact `expected`, or changes nothing.
    async fn replace_fact(&self, name: &str, expected: &[u8], sealed: Vec<u8>) -> Result<Swap, StoreError>;
}

/// Whether the store can do its work at this moment, writes included.
#[async_trait]
pub trait Readiness: Send + Sync + 'static {
    /// Nothing, or what is wrong, in a sentence for the operator.
    async fn check(&self) -> Result<(), String>;
}
