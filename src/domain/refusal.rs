//! What can go wrong in a use case, by blame: the request, the moment, the load, the store, us.

use std::time::Duration;

use spake_protocol::InvalidShare;

use crate::domain::codec;
use crate::domain::ports::StoreError;
use crate::domain::stretching::NotRun;

/// A field that does not parse. It travels into the use case because the session's status is judged first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// `client_public_key` is not a string.
    PublicKeyType,
    /// `client_public_key` is not hex.
    PublicKeyHex,
    /// `client_public_key` is not a point.
    PublicKey(InvalidShare),
    /// `client_confirmation` is not 64 hex digits.
    Confirmation,
}

/// The request was understood and is refused; nothing was lost by it, except by a wrong confirmation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A field does not parse.
    Malformed(Malformed),
    /// No live session of that id.
    NotFound,
    /// The id is taken.
    AlreadyExists,
    /// The session is not in a status that allows this.
    InvalidStatus,
    /// The secret exists, and the client has not shown yet that it knows the password.
    NotConfirmed,
    /// The confirmation is wrong: the password was. The session is burned.
    ConfirmationFailed,
    /// No credential of that id.
    NoCredential,
    /// The credential is not in the state that the caller asked for (`If-Match`, `If-None-Match`).
    Precondition,
    /// The deployment stretches in one way, and this is another.
    OtherKdf,
    /// As many guesses as allowed have been given away; one is free again after this time.
    TooManyGuesses(Duration),
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

/// Why a use case did not succeed.
#[derive(Debug)]
pub enum ServiceError {
    /// The caller's doing.
    Refused(Refusal),
    /// More passwords wait for stretching than the operator allows.
    Overloaded,
    /// The store's doing.
    Store(StoreError),
    /// Ours; the text is for the log.
    Internal(String),
}

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<codec::Malformed> for ServiceError {
    fn from(error: codec::Malformed) -> Self {
        Self::Store(StoreError::Corrupt(error.to_string()))
    }
}

impl From<NotRun> for ServiceError {
    fn from(error: NotRun) -> Self {
        match error {
            NotRun::QueueFull => Self::Overloaded,
            NotRun::Gone | NotRun::Failed(_) => Self::Internal(error.to_string()),
        }
    }
}
