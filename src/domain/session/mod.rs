//! One session as a pure state machine, of either protocol.
//!
//! Nothing here reads or writes a store. Each step takes the session as it was read and the request, and says what to
//! write and what to answer; the use cases release the answer only after that write has won.

mod event;
mod login;
mod pairing;

use spake_protocol::SharedSecret;
use spake_protocol::spake2::{AwaitingConfirmationA, ConfirmationB, Confirmed};

pub use self::event::SessionEvent;
pub(in crate::domain) use self::login::LoginProgress;
pub use self::login::{Answered, LoginSession, Refund};
pub(in crate::domain) use self::pairing::Progress;
pub use self::pairing::{PairingSession, Parties};
use crate::domain::access::{Caller, Owner, Scope};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::refusal::{Malformed, Refusal};

/// Which protocol a session runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Pairing, RFC 9382.
    Spake2,
    /// A login, RFC 9383.
    Spake2Plus,
}

/// Where a session is in its life, as the API names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The service's share is out; no exchange yet. A login is never here: its first request completes it.
    Initiated,
    /// Exchanged once; confirmed or not.
    Completed,
    /// Burned by a wrong confirmation.
    Failed,
}

/// What a session shows in the clear: to `GET /spake/status`, and to people who look into the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// What it is a run of.
    pub protocol: Protocol,
    /// Where the session is in its life.
    pub status: Status,
    /// Whether the client has shown that it knows the password.
    pub confirmed: bool,
}

impl Protocol {
    /// As the API and people spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Spake2 => "spake2",
            Self::Spake2Plus => "spake2plus",
        }
    }

    /// The protocol of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Spake2, Self::Spake2Plus].into_iter().find(|protocol| protocol.name() == name)
    }
}

impl Status {
    /// As the API and people spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Initiated => "initiated",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }

    /// The status of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Initiated, Self::Completed, Self::Failed].into_iter().find(|status| status.name() == name)
    }
}

/// A session. Consumed by every step, so that none can be taken twice from one read.
pub enum Session {
    /// Two parties with one password.
    Pairing(PairingSession),
    /// A client with a password and a service with its verifier.
    Login(LoginSession),
}

/// What a client proves that it knows the password with: 32 bytes, cA or confirmP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmation(pub [u8; 32]);

/// What an exchange or a confirmation has come to.
pub enum Outcome {
    /// Exchanged, and nobody has shown yet that they know the password.
    Unconfirmed(AwaitingConfirmationA),
    /// The pairing client's confirmation was right.
    Confirmed(Confirmed),
    /// The login's confirmation was right; this is K_shared.
    LoggedIn(SharedSecret),
}

impl Outcome {
    /// The shared secret; before the confirmation only a caller that may see it unconfirmed may get it.
    pub fn shared_secret(&self) -> &SharedSecret {
        match self {
            Self::Unconfirmed(state) => state.unconfirmed_secret(),
            Self::Confirmed(confirmed) => &confirmed.shared_secret,
            Self::LoggedIn(secret) => secret,
        }
    }

    /// cB, which exists for callers only after cA was verified. (A login's client has confirmV from the start.)
    pub fn server_confirmation(&self) -> Option<&ConfirmationB> {
        match self {
            Self::Confirmed(confirmed) => Some(&confirmed.confirmation),
            Self::Unconfirmed(_) | Self::LoggedIn(_) => None,
        }
    }

    /// Whether the client has shown that it knows the password.
    pub const fn is_confirmed(&self) -> bool {
        !matches!(self, Self::Unconfirmed(_))
    }
}

/// What a step wants: an answer now, or an answer once `write` has replaced what was read.
pub struct Step {
    /// What to write; `None` when the answer is already stored.
    pub write: Option<Write>,
    /// The answer to release.
    pub answer: Result<Outcome, Refusal>,
}

/// The next state of a session.
pub struct Write {
    /// The state.
    pub session: Session,
    /// With it, an attempt that was none is taken back, and the credential must still be the one of the login.
    pub refund: Option<Refund>,
}

impl Session {
    /// What the session shows in the clear.
    pub fn summary(&self) -> Summary {
        match self {
            Self::Pairing(session) => session.summary(),
            Self::Login(session) => session.summary(),
        }
    }

    /// Whose the session is. A login is nobody's: its id was made by the service, and told to who logs in only.
    pub fn owner(&self) -> Option<&Owner> {
        match self {
            Self::Pairing(session) => Some(&session.parties().owner),
            Self::Login(_) => None,
        }
    }

    /// Whether `caller` may know of it.
    pub fn shows_to(&self, caller: &Caller) -> bool {
        self.owner().is_none_or(|owner| owner.shows_to(caller))
    }

    /// Whether `caller` may be its client.
    pub fn is_confirmed_by(&self, caller: &Caller) -> bool {
        caller.may(match self {
            Self::Pairing(_) => Scope::SessionExchange,
            Self::Login(_) => Scope::Login,
        })
    }

    /// The client's confirmation arrives by itself.
    pub fn confirm(self, confirmation: Result<Confirmation, Malformed>, request: Fingerprint) -> Step {
        match self {
            Self::Pairing(session) => {
                session.confirm(confirmation.map(|Confirmation(bytes)| bytes.into()), request)
            }
            Self::Login(session) => session.confirm(confirmation, request),
        }
    }
}

impl From<PairingSession> for Write {
    fn from(session: PairingSession) -> Self {
        Self { session: Session::Pairing(session), refund: None }
    }
}

impl Step {
    pub(in crate::domain) fn refuse(refusal: impl Into<Refusal>) -> Self {
        Self { write: None, answer: Err(refusal.into()) }
    }

    fn answer(outcome: Outcome) -> Self {
        Self { write: None, answer: Ok(outcome) }
    }
}

fn refusal_of_burned(by: Fingerprint, request: Fingerprint) -> Refusal {
    if by.matches(&request) { Refusal::ConfirmationFailed } else { Refusal::InvalidStatus }
}
