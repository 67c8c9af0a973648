//! A pairing: `initiated → completed → completed, confirmed`, or `failed`.

use sha2::{Digest, Sha256};
use spake_protocol::SharedSecret;
use spake_protocol::spake2::{AwaitingConfirmationA, ConfirmationA, PartyB, ShareA};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{Outcome, Protocol, Status, Step, Summary, refusal_of_burned};
use crate::domain::access::Owner;
use crate::domain::fingerprint::Fingerprint;
use crate::domain::ids::ClientId;
use crate::domain::refusal::{Malformed, Refusal};

/// A pairing session. Consumed by every step, so that none can be taken twice from one read.
pub struct PairingSession {
    pub(in crate::domain) parties: Parties,
    pub(in crate::domain) progress: Progress,
}

/// Who takes part in a pairing, beside the service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parties {
    /// Whose session it is: the backend that opened it.
    pub owner: Owner,
    /// The identity of party A.
    pub client_id: ClientId,
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

impl PairingSession {
    /// A session whose service side has drawn its share.
    pub fn initiated(parties: Parties, party_b: PartyB) -> Self {
        Self { parties, progress: Progress::Initiated(party_b) }
    }

    /// Who takes part in this session.
    pub fn parties(&self) -> &Parties {
        &self.parties
    }

    /// What the session shows in the clear.
    pub fn summary(&self) -> Summary {
        match self.progress {
            Progress::Initiated(_) => summary(Status::Initiated, false),
            Progress::Completed { confirmed, .. } => summary(Status::Completed, confirmed),
            Progress::Failed { .. } => summary(Status::Failed, false),
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
                    parties: self.parties,
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
                let exchanged = Exchanged { parties: self.parties, share_a_hash, state: opened(&outcome) };
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
                let exchanged = Exchanged { parties: self.parties, share_a_hash, state: opened(&outcome) };
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
    pub fn secret(self) -> Result<SharedSecret, Refusal> {
        match self.progress {
            Progress::Completed { outcome, confirmed: true, .. } => {
                let state = opened(&outcome);
                Ok(SharedSecret::from_bytes(*state.unconfirmed_secret().expose()))
            }
            Progress::Initiated(_) | Progress::Completed { confirmed: false, .. } => {
                Err(Refusal::NotConfirmed)
            }
            Progress::Failed { .. } => Err(Refusal::InvalidStatus),
        }
    }
}

/// A session with the exchange done and the confirmation to be judged.
struct Exchanged {
    parties: Parties,
    share_a_hash: [u8; 32],
    state: AwaitingConfirmationA,
}

impl Exchanged {
    fn unconfirmed(self) -> Step {
        let outcome = self.state.to_bytes();
        let progress = Progress::Completed { share_a_hash: self.share_a_hash, outcome, confirmed: false };
        Step {
            write: Some(PairingSession { parties: self.parties, progress }.into()),
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
        Step { write: Some(PairingSession { parties: self.parties, progress }.into()), answer }
    }

    /// A confirmation for a session that is confirmed: the same one gets the stored answer, another changes nothing.
    fn confirm_again(self, confirmation: &ConfirmationA) -> Step {
        match self.state.confirm(confirmation) {
            Ok(confirmed) => Step::answer(Outcome::Confirmed(confirmed)),
            Err(_) => Step::refuse(Refusal::InvalidStatus),
        }
    }
}

const fn summary(status: Status, confirmed: bool) -> Summary {
    Summary { protocol: Protocol::Spake2, status, confirmed }
}

fn opened(outcome: &[u8; 96]) -> AwaitingConfirmationA {
    AwaitingConfirmationA::from_bytes(outcome)
}

fn hash_of(share: &ShareA) -> [u8; 32] {
    Sha256::digest(share.as_bytes()).into()
}
