//! What can go wrong in pairing, by blame: the request, the moment, the load, the store, us.

use spake_protocol::spake2::InvalidShare;

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
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

/// Why a use case did not succeed.
#[derive(Debug)]
pub enum PairingError {
    /// The caller's doing.
    Refused(Refusal),
    /// More passwords wait for stretching than the operator allows.
    Overloaded,
    /// The store's doing.
    Store(StoreError),
    /// Ours; the text is for the log.
    Internal(String),
}

impl From<Refusal> for PairingError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for PairingError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<codec::Malformed> for PairingError {
    fn from(error: codec::Malformed) -> Self {
        Self::Store(StoreError::Corrupt(error.to_string()))
    }
}

impl From<NotRun> for PairingError {
    fn from(error: NotRun) -> Self {
        match error {
            NotRun::QueueFull => Self::Overloaded,
            NotRun::Gone => Self::Internal(error.to_string()),
        }
    }
}
