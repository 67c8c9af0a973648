//! What both parties must agree on before a run, besides the password.

use crate::encoding::length_prefixed;
use crate::error::InvalidSetting;
use crate::keys::sha256;
use crate::stretch::Salt;
use crate::wire::check_setting;

/// The label that the salt is hashed with.
const SALT_LABEL: &[u8] = b"spake-service/1 salt";

/// The identities A and B and the context (RFC 9382's AAD). Public.
///
/// Two parties with different settings do not agree on a secret, so each should use what it was configured
/// with, and never adopt what the peer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    identity_a: Vec<u8>,
    identity_b: Vec<u8>,
    context: Vec<u8>,
}

impl Setting {
    /// Takes A's and B's identity, of at most 1,024 bytes each, and a context of at most 255 bytes. All may
    /// be empty (RFC 9382, section 3.3: an unknown identity is the empty string).
    ///
    /// # Errors
    ///
    /// [`InvalidSetting`] when one of them is too long.
    pub fn new(a: &[u8], b: &[u8], context: &[u8]) -> Result<Self, InvalidSetting> {
        check_setting([a, b], context)?;
        Ok(Self { identity_a: a.to_vec(), identity_b: b.to_vec(), context: context.to_vec() })
    }

    /// A's identity.
    #[must_use]
    pub fn identity_a(&self) -> &[u8] {
        &self.identity_a
    }

    /// B's identity.
    #[must_use]
    pub fn identity_b(&self) -> &[u8] {
        &self.identity_b
    }

    /// The context.
    #[must_use]
    pub fn context(&self) -> &[u8] {
        &self.context
    }

    /// SHA-256("spake-service/1 salt" ‖ len(A)‖A ‖ len(B)‖B), 32 bytes.
    ///
    /// It follows from the identities, so that a party can stretch before it has heard from the other.
    #[must_use]
    pub fn salt(&self) -> Salt {
        Salt::from_hash(&sha256(&[&length_prefixed(SALT_LABEL, &[&self.identity_a, &self.identity_b])]))
    }
}
