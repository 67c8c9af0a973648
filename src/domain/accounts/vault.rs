//! Credentials in and out of their envelopes, and the decoy that answers for those that do not exist.

use std::sync::Arc;

use spake_protocol::spake2plus::VerifierRecord;
use spake_protocol::stretch::Kdf;

use super::credential::{Credential, SaltedKdf};
use crate::domain::audit::Tag;
use crate::domain::codec;
use crate::domain::ids::CredentialId;
use crate::domain::keyspace::Facts;
use crate::domain::ports::{CredentialEntry, Generation, StoreError, StoredCredential};
use crate::domain::refusal::ServiceError;
use crate::domain::sealing::{Purpose, Sealer};

/// The decoy's place; no credential's id has a slash.
const DECOY: &str = "decoy/";

pub(super) struct Vault {
    sealer: Arc<Sealer>,
    facts: Arc<Facts>,
    /// The decoy as an envelope, which is opened whenever a credential's would have been.
    sealed_decoy: Vec<u8>,
}

impl Vault {
    pub(super) fn new(sealer: Arc<Sealer>, facts: Arc<Facts>, kdf: &Kdf) -> Result<Self, ServiceError> {
        let id = CredentialId::parse("decoy").map_err(|error| ServiceError::Internal(error.to_string()))?;
        let record = facts.decoy.to_bytes();
        let verifier = VerifierRecord::from_bytes(&record);
        let decoy = Credential {
            verifier: verifier.map_err(|error| ServiceError::Internal(error.to_string()))?,
            kdf: SaltedKdf::of_policy(kdf, &facts.seed, &id).map_err(ServiceError::Internal)?,
            generation: Generation(0),
            disabled: true,
        };
        let sealed_decoy = sealer.seal(Purpose::Credential, DECOY, &codec::encode_credential(&decoy)?);
        Ok(Self { sealer, facts, sealed_decoy })
    }

    /// The verifier that answers for those that do not exist.
    pub(super) fn decoy(&self) -> &VerifierRecord {
        &self.facts.decoy
    }

    /// What `stored` holds, or the decoy, which is disabled. One envelope is opened in either case.
    pub(super) fn open_or_decoy(
        &self,
        id: &CredentialId,
        stored: Option<&StoredCredential>,
    ) -> Result<Credential, ServiceError> {
        match stored {
            Some(stored) => self.open(id, stored),
            None => self.open_at(DECOY, &self.sealed_decoy).map_err(ServiceError::Internal),
        }
    }

    pub(super) fn open(
        &self,
        id: &CredentialId,
        stored: &StoredCredential,
    ) -> Result<Credential, ServiceError> {
        let credential = self.open_at(id.as_str(), &stored.sealed);
        let credential = credential.map_err(|why| self.unreadable(id, &why))?;
        // The copy in the clear is what the store compares; it must be the record's.
        if credential.generation != stored.generation {
            return Err(self.unreadable(id, "its generation is another record's"));
        }
        Ok(credential)
    }

    pub(super) fn entry(
        &self,
        id: &CredentialId,
        credential: &Credential,
    ) -> Result<CredentialEntry, ServiceError> {
        let record = codec::encode_credential(credential)?;
        Ok(CredentialEntry {
            sealed: self.sealer.seal(Purpose::Credential, id.as_str(), &record),
            generation: credential.generation,
            disabled: credential.disabled,
        })
    }

    fn open_at(&self, place: &str, sealed: &[u8]) -> Result<Credential, String> {
        let record = self.sealer.open(Purpose::Credential, place, sealed);
        let record = record.map_err(|error| error.to_string())?;
        codec::decode_credential(&record).map_err(|error| error.to_string())
    }

    /// Named for the log by its audit tag, for the id may be a person's name.
    fn unreadable(&self, id: &CredentialId, why: &str) -> ServiceError {
        let tag = Tag::of_credential(&self.facts.seed, id);
        StoreError::Corrupt(format!("the credential with the audit tag {tag}: {why}")).into()
    }
}

/// What the store must be told of an opened record, to keep it.
pub fn decode_sealed(record: &[u8]) -> Result<(Generation, bool), codec::Malformed> {
    let credential = codec::decode_credential(record)?;
    Ok((credential.generation, credential.disabled))
}
