//! SPAKE2 (RFC 9382) and SPAKE2+ (RFC 9383) for P-256, SHA-256, HKDF and HMAC, both roles of each.
//!
//! | module | what is in it |
//! |---|---|
//! | [`spake2`] | parties A and B, who both know the password; messages pA, pB, cA, cB |
//! | [`spake2plus`] | prover and verifier, who stores only (w0, L); messages shareP, shareV, confirmV, confirmP |
//! | [`password`] | preparing a password: spaces, NFC, length |
//! | [`stretch`] | PBKDF2, Argon2id and scrypt, within accepted ranges |
//! | [`bare`] | the curve operations of a run by themselves, for benchmarks |
//! | `group` | P-256; the only module that names the curve's crate |
//! | `encoding`, `keys`, `wire` | the transcript's encoding, HKDF and HMAC, what the messages have in common |
//!
//! The crate does no I/O, has no clock and draws no randomness of its own: the caller passes a
//! [`CryptoRng`](rand_core::CryptoRng). Secrets are zeroized on drop and implement neither `Debug` nor
//! `Clone` nor `PartialEq`; secret values are compared in constant time. Each step consumes its state.

#![forbid(unsafe_code)]

pub mod bare;
mod encoding;
mod error;
mod group;
mod keys;
pub mod password;
pub mod spake2;
pub mod spake2plus;
pub mod stretch;
#[cfg(test)]
mod testing;
mod wire;

pub use error::{
    ConfirmationMismatch, CorruptState, InvalidScalar, InvalidSetting, InvalidShare, InvalidVerifier,
    RefusedShare, StretchFailed,
};
pub use keys::SharedSecret;
pub use password::Password;
