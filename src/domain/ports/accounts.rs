//! Credentials, the logins that they allow, and the budget of guesses.

use std::time::Duration;

use async_trait::async_trait;

use super::{Cursor, Entry, Lifetime, ListError, Revision, StoreError, Stored};
use crate::domain::ids::{CredentialId, SessionId};
use crate::domain::time::Timestamp;

/// Names one state of one credential: drawn at random with each write of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generation(pub u64);

/// Names one answer that tested a password: random, and never used again. (An id that could come back would, after its
/// session's end, hand out an answer that nobody counted.)
///
/// 16 random bytes and the tag of the caller, so that a budget can be kept for each of them too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttemptId(pub [u8; 32]);

/// Who tries, as a store may know it: a keyed hash of the credential and the caller's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallerTag(pub [u8; 16]);

impl AttemptId {
    /// An attempt by `caller`.
    pub fn new(random: [u8; 16], caller: CallerTag) -> Self {
        let mut bytes = [0; 32];
        let (first, last) = bytes.split_at_mut(16);
        first.copy_from_slice(&random);
        last.copy_from_slice(&caller.0);
        Self(bytes)
    }

    /// Who tried.
    pub fn caller(&self) -> CallerTag {
        let mut tag = [0; 16];
        tag.copy_from_slice(self.0.split_at(16).1);
        CallerTag(tag)
    }
}

/// What is written for a credential.
#[derive(Debug, Clone)]
pub struct CredentialEntry {
    /// The envelope.
    pub sealed: Vec<u8>,
    /// The copy of the record's generation that the store compares.
    pub generation: Generation,
    /// The copy in the clear, for people.
    pub disabled: bool,
}

/// What is read of a credential.
#[derive(Debug, Clone)]
pub struct StoredCredential {
    /// The envelope.
    pub sealed: Vec<u8>,
    /// The clear copy of its generation.
    pub generation: Generation,
    /// When it was made and last written.
    pub times: Times,
}

/// When a credential was made and last written, by the store's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// When it was made.
    pub created: Timestamp,
    /// When it was last written.
    pub updated: Timestamp,
}

/// What must be so for a write to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Nothing.
    Always,
    /// There is no such credential.
    Absent,
    /// It is in this state.
    Is(Generation),
}

/// The answer to a write of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is new.
    Created(Times),
    /// It was there and is replaced.
    Replaced(Times),
    /// The condition does not hold; nothing was changed.
    Refused,
}

/// The answer to a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// It is gone.
    Gone,
    /// There was none.
    Absent,
    /// The condition does not hold; nothing was changed.
    Refused,
}

/// One line of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedCredential {
    /// The credential's id.
    pub id: CredentialId,
    /// The clear copy.
    pub disabled: bool,
    /// When it was made and last written.
    pub times: Times,
}

/// A part of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialPage {
    /// Each credential once, in an order of the store's own. May be fewer than asked for.
    pub credentials: Vec<ListedCredential>,
    /// Where to go on; `None` at the end.
    pub next: Option<Cursor>,
}

/// How many guesses a credential allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Answers in any window.
    pub limit: u32,
    /// The sliding window.
    pub window: Duration,
    /// Of these answers, at most so many to one caller, so that a stranger does not lock out the owner.
    pub per_caller: Option<u32>,
}

/// How much of a budget is used at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guesses {
    /// Attempts in the window that ends now.
    pub used: u32,
    /// Until there is one fewer; of a budget that is used up, until one is free.
    pub frees_in: Option<Duration>,
}

impl Guesses {
    /// Of attempts that leave the window at `ends`, the oldest first.
    pub fn of(ends: &[Timestamp], now: Timestamp) -> Self {
        let used = u32::try_from(ends.len()).unwrap_or(u32::MAX);
        Self { used, frees_in: ends.first().map(|end| end.since(now)) }
    }
}

impl Budget {
    /// What is used up, if something is: of `all` attempts or of the caller's (`theirs`), each told by when they leave
    /// the window, the oldest first.
    pub fn over(&self, all: &[Timestamp], theirs: &[Timestamp], now: Timestamp) -> Option<Guesses> {
        let over = |ends: &[Timestamp], limit: u32| {
            // When the limit was lowered, more than one has to leave.
            let too_many = ends.len().checked_sub(usize::try_from(limit).unwrap_or(usize::MAX))?;
            let frees_in = ends.get(too_many).map(|end| end.since(now));
            Some(Guesses { frees_in, ..Guesses::of(ends, now) })
        };
        over(all, self.limit).or_else(|| over(theirs, self.per_caller?))
    }
}

/// Everything that a login needs to know, read at once.
#[derive(Debug, Clone)]
pub struct LoginView {
    /// The credential, if it exists.
    pub credential: Option<StoredCredential>,
    /// The budget that is used up, if one is: the credential's, or the caller's share of it.
    pub over_budget: Option<Guesses>,
    /// An earlier session of the same id.
    pub earlier: Option<Stored>,
}

/// A login to commit.
#[derive(Debug, Clone)]
pub struct Login {
    /// The session's id; its bucket is the credential's.
    pub session: SessionId,
    /// The session.
    pub entry: Entry,
    /// The session's life.
    pub ttl: Duration,
    /// The attempt to count.
    pub attempt: AttemptId,
}

/// The answer to a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// The attempt is counted and the session there.
    New(Lifetime),
    /// A session of that id was there; nothing was counted or changed.
    Earlier,
    /// The budget is used up; nothing was counted or changed.
    OverBudget(Guesses),
}

/// A login that turned out right.
#[derive(Debug, Clone)]
pub struct Completion {
    /// The session.
    pub session: SessionId,
    /// The state in which it was read.
    pub expected: Revision,
    /// Its confirmed state.
    pub entry: Entry,
    /// The attempt to take back.
    pub attempt: AttemptId,
    /// The credential's state at the login.
    pub generation: Generation,
}

/// The answer to a completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completed {
    /// The session is confirmed and the attempt taken back.
    Won,
    /// The session changed or ended since it was read; nothing was written.
    Lost,
    /// The credential was replaced or removed since the login; nothing was written.
    Stale,
}

/// Credentials: without an end, and each write conditional.
#[async_trait]
pub trait CredentialStore: Send + Sync + 'static {
    /// Writes a credential if `condition` holds.
    async fn put(
        &self,
        id: &CredentialId,
        entry: CredentialEntry,
        condition: Condition,
    ) -> Result<Put, StoreError>;

    /// The credential as it is.
    async fn get(&self, id: &CredentialId) -> Result<Option<StoredCredential>, StoreError>;

    /// Replaces the envelope of a credential in the state `expected` by another of the same content: neither
    /// generation nor times change. Whether it did.
    async fn reseal(
        &self,
        id: &CredentialId,
        expected: &StoredCredential,
        sealed: Vec<u8>,
    ) -> Result<bool, StoreError>;

    /// Removes a credential if `condition` holds. Attempts stay counted.
    async fn remove(&self, id: &CredentialId, condition: Condition) -> Result<Removed, StoreError>;

    /// At most `limit` credentials after `cursor`.
    async fn list_credentials(
        &self,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<CredentialPage, ListError>;
}

/// Logins and the budget that they draw on, of credentials that exist and of those that do not alike.
///
/// The budget is the set of the attempts of the last window, by the store's clock: nothing else is counted, and an
/// attempt is counted before its answer leaves.
#[async_trait]
pub trait LoginStore: Send + Sync + 'static {
    /// What a login needs to know.
    async fn view(
        &self,
        credential: &CredentialId,
        session: &SessionId,
        caller: CallerTag,
        budget: Budget,
    ) -> Result<LoginView, StoreError>;

    /// In one step: unless a session of that id is there, and if fewer than the limits are in the window, counts the
    /// attempt and makes the session.
    async fn commit(
        &self,
        credential: &CredentialId,
        login: Login,
        budget: Budget,
    ) -> Result<Committed, StoreError>;

    /// In one step: if the session is in the state that was read and the credential in that of the login, writes the
    /// session's confirmed state and takes its attempt back.
    async fn complete(
        &self,
        credential: &CredentialId,
        completion: Completion,
    ) -> Result<Completed, StoreError>;

    /// The attempts in the window that ends now.
    async fn guesses(&self, credential: &CredentialId, window: Duration) -> Result<Guesses, StoreError>;

    /// Forgets all attempts; whether there were any in the store.
    async fn clear_guesses(&self, credential: &CredentialId) -> Result<bool, StoreError>;
}
