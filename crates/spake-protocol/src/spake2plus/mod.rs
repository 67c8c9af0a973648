//! SPAKE2+, RFC 9383, with P-256, SHA-256, HKDF and HMAC: the prover knows the password, the verifier only
//! (w0, L).
//!
//! | step | prover | verifier |
//! |---|---|---|
//! | registration | [`ProverSecret::stretch`], [`ProverSecret::verifier`] | keeps the [`VerifierRecord`] |
//! | 1 | [`Prover::start`] gives shareP | |
//! | 2 | | [`Verifier::respond`] takes shareP, gives shareV and confirmV |
//! | 3 | [`Prover::finish`] takes shareV, [`ProverConfirming::confirm`] takes confirmV, gives confirmP and the shared secret | |
//! | 4 | | [`AwaitingConfirmP::confirm`] takes confirmP, gives the shared secret |
//!
//! The prover speaks first, so the verifier draws y and uses it within one call; y never leaves it. confirmP
//! exists outside this module only after confirmV was verified.
//!
//! ```
//! use spake_protocol::Password;
//! use spake_protocol::spake2plus::{Prover, ProverSecret, Setting, Verifier};
//! use spake_protocol::stretch::{Kdf, Salt};
//! # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let mut rng = ChaCha20Rng::seed_from_u64(0);
//! let setting = Setting::new(b"alice", b"server", b"example/1")?;
//! let (password, salt) = (Password::prepare("correct horse")?, Salt::new(&[7; 16])?);
//! let secret = ProverSecret::stretch(&password, &setting, &salt, &Kdf::pbkdf2(100_000)?)?;
//! let record = secret.verifier();
//!
//! let (prover, share_p) = Prover::start(setting.clone(), secret, &mut rng);
//! let response = Verifier::respond(&record, &setting, &share_p, &mut rng);
//! let (confirm_p, shared_secret) = prover.finish(&response.share_v)?.confirm(&response.confirm_v)?;
//! assert_eq!(response.state.confirm(&confirm_p)?.expose(), shared_secret.expose());
//! # Ok(())
//! # }
//! ```
//!
//! A state is consumed by its step:
//!
//! ```compile_fail,E0382
//! # use spake_protocol::spake2plus::{Prover, ShareV};
//! fn twice(prover: Prover, first: &ShareV, second: &ShareV) {
//!     let _ = prover.finish(first);
//!     let _ = prover.finish(second);
//! }
//! ```
//!
//! ```compile_fail,E0382
//! # use spake_protocol::spake2plus::{ConfirmV, ProverConfirming};
//! fn twice(prover: ProverConfirming, first: &ConfirmV, second: &ConfirmV) {
//!     let _ = prover.confirm(first);
//!     let _ = prover.confirm(second);
//! }
//! ```
//!
//! ```compile_fail,E0382
//! # use spake_protocol::spake2plus::{AwaitingConfirmP, ConfirmP};
//! fn twice(verifier: AwaitingConfirmP, first: &ConfirmP, second: &ConfirmP) {
//!     let _ = verifier.confirm(first);
//!     let _ = verifier.confirm(second);
//! }
//! ```

mod messages;
mod prover;
mod record;
mod schedule;
mod secret;
mod setting;
mod verifier;

#[cfg(test)]
mod rfc9383_tests;

pub use crate::error::{
    ConfirmationMismatch, CorruptState, InvalidScalar, InvalidSetting, InvalidShare, InvalidVerifier,
    RefusedShare, StretchFailed,
};
pub use crate::keys::SharedSecret;
pub use messages::{ConfirmP, ConfirmV, ShareP, ShareV};
pub use prover::{Prover, ProverConfirming};
pub use record::VerifierRecord;
pub use secret::ProverSecret;
pub use setting::Setting;
pub use verifier::{AwaitingConfirmP, Verifier, VerifierResponse};
