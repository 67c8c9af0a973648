//! One pairing session as a pure state machine: `initiated → completed → completed, confirmed`, or `failed`.
//!
//! Nothing here reads or writes a store. Each step takes the session as it was read and the request, and says what to
//! write and what to answer; [`crate::domain::pairing`] releases the answer only after that write has won.

use sha2::{Digest, Sha256};
use spake_protocol::SharedSecret;
use spake_protocol::spake2::{
    AwaitingConfirmationA, ConfirmationA, ConfirmationB, Confirmed, PartyB, ShareA,
};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::domain::fingerprint::Fingerprint;
use crate::domain::ids::ClientId;
use crate::domain::pairing::{Malformed, Refusal};

/// Where a session is in its life, as the API names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The service's share is out; no exchange yet.
    Initiated,
    /// Exchanged once; confirmed or not.
    Completed,
    /// Burned by a wrong confirmation.
    Failed,
}

/// What a session shows in the clear: to `GET /spake/status`, and to people who look into the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Where the session is in its life.
    pub status: Status,
    /// Whether the client has shown that it knows the password.
    pub confirmed: bool,
}

/// A pairing session. Consumed by every step, so that none can be taken twice from one read.
pub struct Session {
    pub(in crate::domain) client_id: ClientId,
    pub(in crate::domain) progress: Progress,
}

/// The least that the next step needs, and nothing that an earlier one did.
pub(in crate::domain) enum Progress {
    /// The service's side before the exchange: y, w, the share and the setting.
    Initiated(PartyB),
    /// After the exchange y and w are gone; `outcome` is expected cA ‖ cB ‖ shared secret.
    Completed { share_a_hash: [u8; 32], outcome: Zeroizing<[u8; 96]>, confirmed: bool },
    /// Burned, every secret erased; the request that burned it is remembered for its repetition.
    Failed { by: Fingerprint },
}

/// What an exchange or a confirmation has come to.
pub enum Outcome {
    /// Exchanged, and nobody has shown yet that they know the password.
    Unconfirmed(AwaitingConfirmationA),
    /// The client's confirmation was right.
    Confirmed(Confirmed),
}

impl Outcome {
    /// The shared secret; before the confirmation only a caller that may see it unconfirmed may get it.
    pub fn shared_secret(&self) -> &SharedSecret {
        match self {
            Self::Unconfirmed(state) => state.unconfirmed_secret(),
            Self::Confirmed(confirmed) => &confirmed.shared_secret,
        }
    }

    /// cB, which exists for callers only after cA was verified.
    pub fn server_confirmation(&self) -> Option<&ConfirmationB> {
        match self {
            Self::Unconfirmed(_) => None,
            Self::Confirmed(confirmed) => Some(&confirmed.confirmation),
        }
    }
}

/// What a step wants: an answer now, or an answer once `write` has replaced what was read.
pub struct Step {
    /// The session's next state; `None` when the answer is already stored.
    pub write: Option<Session>,
    /// The answer to release.
    pub answer: Result<Outcome, Refusal>,
}

impl Session {
    /// A session whose service side has drawn its share.
    pub fn initiated(client_id: ClientId, party_b: PartyB) -> Self {
        Self { client_id, progress: Progress::Initiated(party_b) }
    }

    /// The identity of party A in this session.
    pub fn client_id(&self) -> &ClientId {
        &self.client_id
    }

    /// What the session shows in the clear.
    pub fn summary(&self) -> Summary {
        match self.progress {
            Progress::Initiated(_) => Summary { status: Status::Initiated, confirmed: false },
            Progress::Completed { confirmed, .. } => Summary { status: Status::Completed, confirmed },
            Progress::Failed { .. } => Summary { status: Status::Failed, confirmed: false },
        }
    }

    /// The client's share arrives, perhaps with its confirmation.
    ///
    /// The status is judged before the fields (as callers of the service's predecessor expect), therefore malformed
    /// fields come in as such. A share that was already exchanged is answered again from the record.
    pub fn exchange(
        self,
        share: Result<ShareA, Malformed>,
        confirmation: Result<Option<ConfirmationA>, Malformed>,
        request: Fingerprint,
    ) -> Step {
        match self.progress {
            Progress::Initiated(party_b) => {
                let (share, confirmation) = match (share, confirmation) {
                    (Ok(share), Ok(confirmation)) => (share, confirmation),
                    (Err(malformed), _) | (_, Err(malformed)) => return Step::refuse(malformed),
                };
                let exchanged = Exchanged {
                    client_id: self.client_id,
                    share_a_hash: hash_of(&share),
                    state: party_b.finish(&share),
                };
                match confirmation {
                    Some(confirmation) => exchanged.confirm(&confirmation, request),
                    None => exchanged.unconfirmed(),
                }
            }
            Progress::Completed { share_a_hash, outcome, confirmed } => {
                let same = share.is_ok_and(|share| share_a_hash.ct_eq(&hash_of(&share)).into());
                let exchanged =
                    Exchanged { client_id: self.client_id, share_a_hash, state: opened(&outcome) };
                match confirmation {
                    _ if !same => Step::refuse(Refusal::InvalidStatus),
                    Err(malformed) => Step::refuse(malformed),
                    Ok(None) => Step::answer(Outcome::Unconfirmed(exchanged.state)),
                    Ok(Some(confirmation)) if confirmed => exchanged.confirm_again(&confirmation),
                    Ok(Some(confirmation)) => exchanged.confirm(&confirmation, request),
                }
            }
            Progress::Failed { by } => Step::refuse(refusal_of_burned(by, request)),
        }
    }

    /// The client's confirmation arrives by itself, after the exchange.
    pub fn confirm(self, confirmation: Result<ConfirmationA, Malformed>, request: Fingerprint) -> Step {
        match self.progress {
            Progress::Initiated(_) => Step::refuse(Refusal::InvalidStatus),
            Progress::Completed { share_a_hash, outcome, confirmed } => {
                let exchanged =
                    Exchanged { client_id: self.client_id, share_a_hash, state: opened(&outcome) };
                match confirmation {
                    Err(malformed) => Step::refuse(malformed),
                    Ok(confirmation) if confirmed => exchanged.confirm_again(&confirmation),
                    Ok(confirmation) => exchanged.confirm(&confirmation, request),
                }
            }
            Progress::Failed { by } => Step::refuse(refusal_of_burned(by, request)),
        }
    }

    /// The shared secret for a backend, once the client is known to hold the password.
    pub fn secret(self) -> Result<AwaitingConfirmationA, Refusal> {
        match self.progress {
            Progress::Completed { outcome, confirmed: true, .. } => Ok(opened(&outcome)),
            Progress::Initiated(_) | Progress::Completed { confirmed: false, .. } => {
                Err(Refusal::NotConfirmed)
            }
            Progress::Failed { .. } => Err(Refusal::InvalidStatus),
        }
    }
}

impl Step {
    fn refuse(refusal: impl Into<Refusal>) -> Self {
        Self { write: None, answer: Err(refusal.into()) }
    }

    fn answer(outcome: Outcome) -> Self {
        Self { write: None, answer: Ok(outcome) }
    }
}

/// A session with the exchange done and the confirmation to be judged.
struct Exchanged {
    client_id: ClientId,
    share_a_hash: [u8; 32],
    state: AwaitingConfirmationA,
}

impl Exchanged {
    fn unconfirmed(self) -> Step {
        let outcome = self.state.to_bytes();
        let progress = Progress::Completed { share_a_hash: self.share_a_hash, outcome, confirmed: false };
        Step {
            write: Some(Session { client_id: self.client_id, progress }),
            answer: Ok(Outcome::Unconfirmed(self.state)),
        }
    }

    /// The one guess that a session allows: right confirms it, wrong burns it.
    fn confirm(self, confirmation: &ConfirmationA, request: Fingerprint) -> Step {
        let outcome = self.state.to_bytes();
        let (progress, answer) = match self.state.confirm(confirmation) {
            Ok(confirmed) => {
                let share_a_hash = self.share_a_hash;
                (
                    Progress::Completed { share_a_hash, outcome, confirmed: true },
                    Ok(Outcome::Confirmed(confirmed)),
                )
            }
            Err(_) => (Progress::Failed { by: request }, Err(Refusal::ConfirmationFailed)),
        };
        Step { write: Some(Session { client_id: self.client_id, progress }), answer }
    }

    /// A confirmation for a session that is confirmed: the same one gets the stored answer, another changes nothing.
    fn confirm_again(self, confirmation: &ConfirmationA) -> Step {
        match self.state.confirm(confirmation) {
            Ok(confirmed) => Step::answer(Outcome::Confirmed(confirmed)),
            Err(_) => Step::refuse(Refusal::InvalidStatus),
        }
    }
}

fn refusal_of_burned(by: Fingerprint, request: Fingerprint) -> Refusal {
    if by.matches(&request) { Refusal::ConfirmationFailed } else { Refusal::InvalidStatus }
}

fn opened(outcome: &[u8; 96]) -> AwaitingConfirmationA {
    AwaitingConfirmationA::from_bytes(outcome)
}

fn hash_of(share: &ShareA) -> [u8; 32] {
    Sha256::digest(share.as_bytes()).into()
}
