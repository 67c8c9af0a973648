//! SPAKE2, RFC 9382, with P-256, SHA-256, HKDF and HMAC: two parties that know one password.
//!
//! | step | A | B |
//! |---|---|---|
//! | 1 | [`PartyA::start`] gives pA | [`PartyB::start`] gives pB |
//! | 2 | [`PartyA::finish`] takes pB, gives cA | [`PartyB::finish`] takes pA |
//! | 3 | | [`AwaitingConfirmationA::confirm`] takes cA, gives cB and the shared secret |
//! | 4 | [`AwaitingConfirmationB::confirm`] takes cB, gives the shared secret | |
//!
//! The shares do not depend on each other and may be sent in either order. A confirms first: cB exists
//! outside this module only after cA was verified, so that someone who guesses in A's place learns nothing to
//! test further guesses with.
//!
//! ```
//! use spake_protocol::Password;
//! use spake_protocol::spake2::{PartyA, PartyB, Setting, W};
//! use spake_protocol::stretch::Kdf;
//! # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let mut rng = ChaCha20Rng::seed_from_u64(0);
//! let setting = Setting::new(b"phone", b"server", b"example/1")?;
//! let password = Password::prepare("correct horse")?;
//! let kdf = Kdf::pbkdf2(100_000)?;
//!
//! let (a, share_a) = PartyA::start(setting.clone(), W::stretch(&password, &setting, &kdf)?, &mut rng);
//! let b = PartyB::start(setting.clone(), W::stretch(&password, &setting, &kdf)?, &mut rng);
//!
//! let (a, confirmation_a) = a.finish(b.share())?;
//! let confirmed = b.finish(&share_a).confirm(&confirmation_a)?;
//! let shared_secret = a.confirm(&confirmed.confirmation)?;
//! assert_eq!(shared_secret.expose(), confirmed.shared_secret.expose());
//! # Ok(())
//! # }
//! ```
//!
//! A state is consumed by its step, so a run cannot be repeated with the same x or y:
//!
//! ```compile_fail,E0382
//! # use spake_protocol::spake2::{PartyA, ShareB};
//! fn twice(a: PartyA, first: &ShareB, second: &ShareB) {
//!     let _ = a.finish(first);
//!     let _ = a.finish(second);
//! }
//! ```
//!
//! ```compile_fail,E0382
//! # use spake_protocol::spake2::{PartyB, ShareA};
//! fn twice(b: PartyB, first: &ShareA, second: &ShareA) {
//!     let _ = b.finish(first);
//!     let _ = b.finish(second);
//! }
//! ```
//!
//! ```compile_fail,E0382
//! # use spake_protocol::spake2::{AwaitingConfirmationA, ConfirmationA};
//! fn twice(b: AwaitingConfirmationA, first: &ConfirmationA, second: &ConfirmationA) {
//!     let _ = b.confirm(first);
//!     let _ = b.confirm(second);
//! }
//! ```
//!
//! ```compile_fail,E0382
//! # use spake_protocol::spake2::{AwaitingConfirmationB, ConfirmationB};
//! fn twice(a: AwaitingConfirmationB, first: &ConfirmationB, second: &ConfirmationB) {
//!     let _ = a.confirm(first);
//!     let _ = a.confirm(second);
//! }
//! ```

mod messages;
mod party_a;
mod party_b;
mod schedule;
mod setting;
mod w;

#[cfg(test)]
mod rfc9382_tests;

pub use crate::error::{
    ConfirmationMismatch, CorruptState, InvalidScalar, InvalidSetting, InvalidShare, RefusedShare,
    StretchFailed,
};
pub use crate::keys::SharedSecret;
pub use messages::{ConfirmationA, ConfirmationB, ShareA, ShareB};
pub use party_a::{AwaitingConfirmationB, PartyA};
pub use party_b::{AwaitingConfirmationA, Confirmed, PartyB};
pub use setting::Setting;
pub use w::W;
