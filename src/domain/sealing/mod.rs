//! Sealing: what leaves this process for a store is an authenticated ciphertext that only its own place opens.
//!
//! [`KeyRing`] holds the operator's state keys, [`Sealer`] turns a record into an envelope and back.

mod envelope;
mod key_ring;

pub use envelope::{OpenError, Purpose, Sealer};
pub use key_ring::{InvalidKeyRing, KeyRing, generate_key_line};
