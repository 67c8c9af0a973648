//! What prover and verifier must agree on before a run, besides the password.

use crate::error::InvalidSetting;
use crate::wire::check_setting;

/// idProver, idVerifier and Context (RFC 9383, section 3.3). Public.
///
/// Two parties with different settings do not agree on a secret, so each should use what it was configured
/// with, and never adopt what the peer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    id_prover: Vec<u8>,
    id_verifier: Vec<u8>,
    context: Vec<u8>,
}

impl Setting {
    /// Takes the prover's and the verifier's identity, of at most 1,024 bytes each, and a context of at most
    /// 255 bytes. All may be empty.
    ///
    /// # Errors
    ///
    /// [`InvalidSetting`] when one of them is too long.
    pub fn new(id_prover: &[u8], id_verifier: &[u8], context: &[u8]) -> Result<Self, InvalidSetting> {
        check_setting([id_prover, id_verifier], context)?;
        Ok(Self {
            id_prover: id_prover.to_vec(),
            id_verifier: id_verifier.to_vec(),
            context: context.to_vec(),
        })
    }

    /// The prover's identity.
    #[must_use]
    pub fn id_prover(&self) -> &[u8] {
        &self.id_prover
    }

    /// The verifier's identity.
    #[must_use]
    pub fn id_verifier(&self) -> &[u8] {
        &self.id_verifier
    }

    /// The context.
    #[must_use]
    pub fn context(&self) -> &[u8] {
        &self.context
    }
}
