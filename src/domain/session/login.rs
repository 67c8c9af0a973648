//! A login: `completed → completed, confirmed`, or `failed`. Everything but the client's proof is in its first request.

use sha2::{Digest, Sha256};
use spake_protocol::SharedSecret;
use spake_protocol::spake2plus::{AwaitingConfirmP, ConfirmP, ShareP, VerifierResponse};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{Confirmation, Outcome, Protocol, Status, Step, Summary, Write, refusal_of_burned};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::ids::CredentialId;
use crate::domain::ports::{AttemptId, Generation};
use crate::domain::refusal::{Malformed, Refusal};

/// A login session.
pub struct LoginSession {
    pub(in crate::domain) credential: CredentialId,
    pub(in crate::domain) progress: LoginProgress,
}

/// The least that the next step needs; no ephemeral scalar, w0 or L is among it.
#[expect(clippy::large_enum_variant, reason = "one at a time, for the moment of a request")]
pub(in crate::domain) enum LoginProgress {
    /// shareV and confirmV are out: a guess has been given away.
    Answered {
        share_p_hash: [u8; 32],
        answered: Answered,
        /// Expected confirmP ‖ K_shared.
        outcome: Zeroizing<[u8; 64]>,
        attempt: AttemptId,
        /// The credential's at the time; `None` for one that does not exist, whose confirmation never is right.
        generation: Option<Generation>,
        confirmed: bool,
    },
    /// Burned, every secret erased; the request that burned it is remembered for its repetition.
    Failed { by: Fingerprint },
}

/// What a login was answered with, and is again when it is repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// shareV.
    pub share_v: [u8; 65],
    /// confirmV.
    pub confirm_v: [u8; 32],
}

impl From<&VerifierResponse> for Answered {
    fn from(response: &VerifierResponse) -> Self {
        Self { share_v: *response.share_v.as_bytes(), confirm_v: *response.confirm_v.as_bytes() }
    }
}

/// An attempt that turned out to be none, and the credential that must not have changed meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Whose budget.
    pub credential: CredentialId,
    /// The attempt to take back.
    pub attempt: AttemptId,
    /// The credential's state at the login.
    pub generation: Generation,
}

impl LoginSession {
    /// A login that is about to be answered with `response`.
    pub fn answered(
        credential: CredentialId,
        share_p: &ShareP,
        response: &VerifierResponse,
        attempt: AttemptId,
        generation: Option<Generation>,
    ) -> Self {
        let progress = LoginProgress::Answered {
            share_p_hash: hash_of(share_p),
            answered: response.into(),
            outcome: response.state.to_bytes(),
            attempt,
            generation,
            confirmed: false,
        };
        Self { credential, progress }
    }

    /// What the session shows in the clear.
    pub fn summary(&self) -> Summary {
        let (status, confirmed) = match self.progress {
            LoginProgress::Answered { confirmed, .. } => (Status::Completed, confirmed),
            LoginProgress::Failed { .. } => (Status::Failed, false),
        };
        Summary { protocol: Protocol::Spake2Plus, status, confirmed }
    }

    /// Whose login it is, or seems to be.
    pub fn credential(&self) -> &CredentialId {
        &self.credential
    }

    /// The stored answer, for the identical login.
    pub fn answer_again(self, credential: &CredentialId, share_p: &ShareP) -> Result<Answered, Refusal> {
        match self.progress {
            LoginProgress::Answered { share_p_hash, answered, .. }
                if self.credential == *credential && bool::from(share_p_hash.ct_eq(&hash_of(share_p))) =>
            {
                Ok(answered)
            }
            _ => Err(Refusal::InvalidStatus),
        }
    }

    /// confirmP arrives: right, it confirms the session and takes the attempt back; wrong, it burns the session.
    pub(super) fn confirm(self, confirmation: Result<Confirmation, Malformed>, request: Fingerprint) -> Step {
        let Self { credential, progress } = self;
        let (share_p_hash, answered, outcome, attempt, generation, was_confirmed) = match progress {
            LoginProgress::Failed { by } => return Step::refuse(refusal_of_burned(by, request)),
            LoginProgress::Answered { share_p_hash, answered, outcome, attempt, generation, confirmed } => {
                (share_p_hash, answered, outcome, attempt, generation, confirmed)
            }
        };
        let Confirmation(bytes) = match confirmation {
            Ok(confirmation) => confirmation,
            Err(malformed) => return Step::refuse(malformed),
        };
        let right = AwaitingConfirmP::from_bytes(&outcome).confirm(&ConfirmP::from(bytes));
        match (right, generation, was_confirmed) {
            (Ok(secret), Some(_), true) => Step::answer(Outcome::LoggedIn(secret)),
            (_, _, true) => Step::refuse(Refusal::InvalidStatus),
            (Ok(secret), Some(generation), false) => {
                let refund = Refund { credential: credential.clone(), attempt, generation };
                let progress = LoginProgress::Answered {
                    share_p_hash,
                    answered,
                    outcome,
                    attempt,
                    generation: Some(generation),
                    confirmed: true,
                };
                let session = super::Session::Login(Self { credential, progress });
                Step {
                    write: Some(Write { session, refund: Some(refund) }),
                    answer: Ok(Outcome::LoggedIn(secret)),
                }
            }
            // Wrong; or right for a credential that is none, which nobody can have a password of.
            (_, _, false) => Step {
                write: Some(Self::burned(credential, request)),
                answer: Err(Refusal::ConfirmationFailed),
            },
        }
    }

    /// The end of a login whose credential was replaced or removed since it was answered.
    pub(in crate::domain) fn burned(credential: CredentialId, by: Fingerprint) -> Write {
        let session = Self { credential, progress: LoginProgress::Failed { by } };
        Write { session: super::Session::Login(session), refund: None }
    }

    /// K_shared for a backend, once the client is known to hold the password.
    pub fn secret(self) -> Result<SharedSecret, Refusal> {
        match self.progress {
            LoginProgress::Answered { outcome, confirmed: true, .. } => {
                let mut secret = Zeroizing::new([0; 32]);
                let (_, stored) = outcome.split_at(32);
                secret.copy_from_slice(stored);
                Ok(SharedSecret::from_bytes(*secret))
            }
            LoginProgress::Answered { confirmed: false, .. } => Err(Refusal::NotConfirmed),
            LoginProgress::Failed { .. } => Err(Refusal::InvalidStatus),
        }
    }
}

fn hash_of(share: &ShareP) -> [u8; 32] {
    Sha256::digest(share.as_bytes()).into()
}
