//! What is kept of an account.

use spake_protocol::spake2plus::VerifierRecord;
use spake_protocol::stretch::{Kdf, Salt};

use crate::domain::ids::CredentialId;
use crate::domain::keyspace::Seed;
use crate::domain::ports::Generation;

const SALT_LEN: usize = 16;

/// How a password is stretched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaltedKdf {
    /// The function and its parameters.
    pub kdf: Kdf,
    /// Its salt.
    pub salt: Salt,
}

impl SaltedKdf {
    /// The policy's, for a credential that may exist or not: the salt derives from the keyspace's seed and the id.
    ///
    /// # Errors
    ///
    /// Never: the salt has the right length.
    pub(super) fn of_policy(kdf: &Kdf, seed: &Seed, id: &CredentialId) -> Result<Self, String> {
        let mac = seed.mac("salt", &[id.as_str().as_bytes()]);
        let (salt, _) = mac.split_at(SALT_LEN);
        Ok(Self { kdf: kdf.clone(), salt: Salt::new(salt).map_err(|error| error.to_string())? })
    }
}

/// A verifier, how its password was stretched, and which state of the credential this is.
pub struct Credential {
    pub(in crate::domain) verifier: VerifierRecord,
    pub(in crate::domain) kdf: SaltedKdf,
    pub(in crate::domain) generation: Generation,
    pub(in crate::domain) disabled: bool,
}
