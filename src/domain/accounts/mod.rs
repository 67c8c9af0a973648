//! The use cases of accounts (SPAKE2+): credentials, login, and the budget of guesses.
//!
//! A credential that does not exist, or is disabled, is answered for by the keyspace's decoy: the same shape, the same
//! work, the same budget. Nobody without `credential:read` learns which ids exist.

mod credential;
mod login;
mod reseal;
mod vault;

use std::sync::Arc;
use std::time::Duration;

use spake_protocol::Password;
use spake_protocol::spake2plus::{ProverSecret, Setting, VerifierRecord};
use spake_protocol::stretch::Kdf;

pub use self::credential::{Credential, SaltedKdf};
pub use self::login::LoggedIn;
pub use self::reseal::{Resealed, reseal_all};
use self::vault::Vault;
pub use self::vault::decode_sealed;
use crate::domain::ids::CredentialId;
use crate::domain::keyspace::Facts;
use crate::domain::ports::{
    Budget, Condition, CredentialPage, CredentialStore, Cursor, Generation, Guesses, ListError, LoginStore,
    Put, Removed, Times,
};
use crate::domain::random::random_bytes;
use crate::domain::refusal::{Refusal, ServiceError};
use crate::domain::sealing::Sealer;
use crate::domain::sessions::{MAX_RACES, Sessions, faster_than_read};
use crate::domain::stretching::StretchingPool;

/// What a deployment decides about accounts.
pub struct AccountPolicy {
    /// How passwords are stretched.
    pub kdf: Kdf,
    /// Whether credentials that were stretched in another way are taken.
    pub mixed: bool,
    /// How long a login lives: less than the budget's window.
    pub login_ttl: Duration,
    /// How many guesses a credential allows.
    pub budget: Budget,
}

/// The account service of one process.
pub struct Accounts {
    store: Arc<dyn CredentialStore>,
    logins: Arc<dyn LoginStore>,
    vault: Vault,
    sessions: Arc<Sessions>,
    policy: AccountPolicy,
    stretching: Arc<StretchingPool>,
}

/// What a registration brings.
pub enum Material {
    /// What the client has stretched.
    Verifier(Box<VerifierRecord>),
    /// A password, to be stretched here: for a backend that is trusted with it.
    Password(Password),
}

/// A registration.
pub struct Registration {
    /// The verifier, or what it is made from.
    pub material: Material,
    /// How it was stretched, if it is said.
    pub kdf: Option<SaltedKdf>,
    /// Whether it is to be answered for by the decoy; if it is not said, that stays as it is.
    pub disabled: Option<bool>,
    /// What must be so.
    pub condition: Condition,
}

/// What may be told of a credential; never the verifier.
pub struct Metadata {
    /// How its password is stretched.
    pub kdf: SaltedKdf,
    /// Whether that is what the policy says today.
    pub is_current_policy: bool,
    /// Whether it answers like one that does not exist.
    pub disabled: bool,
    /// Its state, for conditional requests.
    pub generation: Generation,
    /// When it was made and last written.
    pub times: Times,
}

impl Accounts {
    /// An account service over `store`, whose keyspace was joined with the facts of `sessions`.
    pub fn new(
        store: Arc<dyn CredentialStore>,
        sealer: Arc<Sealer>,
        sessions: Arc<Sessions>,
        policy: AccountPolicy,
        stretching: Arc<StretchingPool>,
    ) -> Result<Self, ServiceError> {
        let vault = Vault::new(sealer, Arc::clone(&sessions.facts), &policy.kdf)?;
        let logins = Arc::clone(&sessions.logins);
        Ok(Self { store, logins, vault, sessions, policy, stretching })
    }

    /// The identities and context that a login's transcript will carry.
    pub fn setting(&self, id: &CredentialId) -> Result<Setting, ServiceError> {
        let facts = self.facts();
        Setting::new(id.as_str().as_bytes(), facts.server_id.as_bytes(), facts.context.as_bytes())
            .map_err(|error| ServiceError::Internal(error.to_string()))
    }

    /// How a client is to stretch its password, before a registration or a login.
    pub async fn kdf(&self, id: &CredentialId) -> Result<SaltedKdf, ServiceError> {
        let stored = self.store.get(id).await?;
        // Opened in any case, so that it takes as long.
        let credential = self.vault.open_or_decoy(id, stored.as_ref())?;
        self.told_kdf(id, stored.is_some().then_some(&credential))
    }

    /// Writes a credential.
    pub async fn register(
        &self,
        id: &CredentialId,
        registration: Registration,
    ) -> Result<(Metadata, bool), ServiceError> {
        let there = match self.store.get(id).await? {
            Some(stored) => Some(self.vault.open(id, &stored)?),
            None => None,
        };
        let (of_policy, told) = (self.policy_kdf(id)?, self.told_kdf(id, there.as_ref())?);
        let kdf = match (&registration.material, registration.kdf) {
            (_, Some(said)) => said,
            (Material::Verifier(_), None) => told.clone(),
            (Material::Password(_), None) => of_policy.clone(),
        };
        if kdf != of_policy && kdf != told && !self.policy.mixed {
            return Err(Refusal::OtherKdf.into());
        }
        let verifier = match registration.material {
            Material::Verifier(verifier) => *verifier,
            Material::Password(password) => self.stretch(id, password, &kdf).await?,
        };
        let disabled = registration.disabled.or(there.map(|there| there.disabled)).unwrap_or(false);
        let generation = Generation(u64::from_le_bytes(random_bytes()));
        let credential = Credential { verifier, kdf, generation, disabled };
        self.write(id, &credential, registration.condition).await
    }

    /// Disables a credential or enables it again; its open logins fail.
    pub async fn set_disabled(
        &self,
        id: &CredentialId,
        disabled: bool,
        condition: Condition,
    ) -> Result<Metadata, ServiceError> {
        for _ in 0..MAX_RACES {
            let stored = self.store.get(id).await?.ok_or(Refusal::NoCredential)?;
            if matches!(condition, Condition::Is(generation) if generation != stored.generation) {
                return Err(Refusal::Precondition.into());
            }
            let mut credential = self.vault.open(id, &stored)?;
            credential.disabled = disabled;
            credential.generation = Generation(u64::from_le_bytes(random_bytes()));
            match self.write(id, &credential, Condition::Is(stored.generation)).await {
                // Somebody else wrote meanwhile; only who named a state minds.
                Err(ServiceError::Refused(Refusal::Precondition)) => {}
                written => return written.map(|(metadata, _)| metadata),
            }
        }
        Err(faster_than_read())
    }

    /// What may be told of a credential.
    pub async fn metadata(&self, id: &CredentialId) -> Result<Metadata, ServiceError> {
        let stored = self.store.get(id).await?.ok_or(Refusal::NoCredential)?;
        let credential = self.vault.open(id, &stored)?;
        self.describe(id, &credential, stored.times)
    }

    /// Removes a credential; its open logins fail, its attempts stay counted.
    pub async fn remove(&self, id: &CredentialId, condition: Condition) -> Result<(), ServiceError> {
        match self.store.remove(id, condition).await? {
            Removed::Gone => Ok(()),
            Removed::Absent => Err(Refusal::NoCredential.into()),
            Removed::Refused => Err(Refusal::Precondition.into()),
        }
    }

    /// A page of the credentials.
    pub async fn list(&self, cursor: Option<&Cursor>, limit: usize) -> Result<CredentialPage, ListError> {
        self.store.list_credentials(cursor, limit).await
    }

    /// How much of the budget is used, of a credential that exists or not.
    pub async fn guesses(&self, id: &CredentialId) -> Result<(Guesses, Budget), ServiceError> {
        Ok((self.logins.guesses(id, self.policy.budget.window).await?, self.policy.budget))
    }

    /// Forgets all attempts at a credential.
    pub async fn clear_guesses(&self, id: &CredentialId) -> Result<(), ServiceError> {
        self.logins.clear_guesses(id).await?;
        Ok(())
    }

    fn facts(&self) -> &Facts {
        &self.sessions.facts
    }

    /// What a client that asks is told to stretch with: an account's own kdf, which may be an older policy's.
    fn told_kdf(&self, id: &CredentialId, there: Option<&Credential>) -> Result<SaltedKdf, ServiceError> {
        let of_policy = self.policy_kdf(id)?;
        Ok(there.map_or(of_policy, |there| there.kdf.clone()))
    }

    fn policy_kdf(&self, id: &CredentialId) -> Result<SaltedKdf, ServiceError> {
        SaltedKdf::of_policy(&self.policy.kdf, &self.facts().seed, id).map_err(ServiceError::Internal)
    }

    async fn stretch(
        &self,
        id: &CredentialId,
        password: Password,
        kdf: &SaltedKdf,
    ) -> Result<VerifierRecord, ServiceError> {
        let unstretched = ProverSecret::unstretched(&password, &self.setting(id)?, &kdf.salt, &kdf.kdf);
        drop(password);
        let verifier = |stretched| Ok(ProverSecret::from_stretched(stretched)?.verifier());
        Ok(self.stretching.run(unstretched, verifier).await?)
    }

    async fn write(
        &self,
        id: &CredentialId,
        credential: &Credential,
        condition: Condition,
    ) -> Result<(Metadata, bool), ServiceError> {
        let entry = self.vault.entry(id, credential)?;
        let (times, is_new) = match self.store.put(id, entry, condition).await? {
            Put::Created(times) => (times, true),
            Put::Replaced(times) => (times, false),
            Put::Refused => return Err(Refusal::Precondition.into()),
        };
        Ok((self.describe(id, credential, times)?, is_new))
    }

    fn describe(
        &self,
        id: &CredentialId,
        credential: &Credential,
        times: Times,
    ) -> Result<Metadata, ServiceError> {
        Ok(Metadata {
            is_current_policy: credential.kdf == self.policy_kdf(id)?,
            kdf: credential.kdf.clone(),
            disabled: credential.disabled,
            generation: credential.generation,
            times,
        })
    }
}
