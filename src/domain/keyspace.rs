//! The facts that all sessions of one store share: written at the first start, sealed, and the same from then on.

use std::sync::Arc;

use async_trait::async_trait;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use spake_protocol::spake2plus::VerifierRecord;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::domain::codec;
use crate::domain::ports::{KeyspaceStore, Readiness, StoreError, Swap};
use crate::domain::random::{random_bytes, system_rng};
use crate::domain::sealing::{OpenError, Purpose, Sealer};

const FACTS: &str = "facts";

/// The secret from which everything derives that must be the same on all replicas and after a restart.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Seed([u8; 32]);

impl Seed {
    /// A seed from its bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, to be sealed.
    pub(in crate::domain) const fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// HMAC-SHA256 under the seed over `purpose` and `parts`, each length-prefixed. What derives from it is the same on
    /// all replicas, and tells someone without the seed nothing about the parts.
    pub fn mac(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        // The seed as a whole block: HMAC itself pads a shorter key with zeros (RFC 2104, section 2).
        let mut block = Zeroizing::new([0; 64]);
        for (padded, byte) in block.iter_mut().zip(&self.0) {
            *padded = *byte;
        }
        let mut mac = <Hmac<Sha256> as KeyInit>::new((&*block).into());
        for part in std::iter::once(purpose.as_bytes()).chain(parts.iter().copied()) {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// What a keyspace is bound to.
pub struct Facts {
    /// See [`Seed`].
    pub seed: Seed,
    /// The service's identity; clients pin it, so it cannot change under them.
    pub server_id: String,
    /// The context of every transcript; pinned likewise.
    pub context: String,
    /// The verifier of no password, which answers for every credential that does not exist.
    pub decoy: VerifierRecord,
}

/// Why a store cannot be used with this configuration.
#[derive(Debug, thiserror::Error)]
pub enum KeyspaceError {
    /// Another identity than the one the store was made with.
    #[error(
        "SPAKE_SERVER_ID is `{ours}`, but this store was made with `{stored}`; clients pin it, so it is fixed"
    )]
    ServerId {
        /// What this process was told.
        ours: String,
        /// What the store says.
        stored: String,
    },
    /// Another context than the one the store was made with.
    #[error(
        "SPAKE_CONTEXT is `{ours}`, but this store was made with `{stored}`; clients pin it, so it is fixed"
    )]
    Context {
        /// What this process was told.
        ours: String,
        /// What the store says.
        stored: String,
    },
    /// The facts are there and do not open.
    #[error("the store's keyspace facts do not open: {0}")]
    Sealed(#[from] OpenError),
    /// The facts opened and are not readable.
    #[error("the store's keyspace facts: {0}")]
    Record(#[from] codec::Malformed),
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A store that works, and whose keyspace is the one that was joined at the start.
pub struct Joined {
    works: Arc<dyn Readiness>,
    store: Arc<dyn KeyspaceStore>,
    sealer: Arc<Sealer>,
    facts: Arc<Facts>,
}

impl Joined {
    /// The keyspace of `facts` in `store`, which is asked by `works` whether it does.
    pub fn new(
        works: Arc<dyn Readiness>,
        store: Arc<dyn KeyspaceStore>,
        sealer: Arc<Sealer>,
        facts: Arc<Facts>,
    ) -> Self {
        Self { works, store, sealer, facts }
    }

    /// Whether the facts are still those of the start. A store that has lost everything gets them again, from whoever
    /// comes first: services that go on and services that start then agree, and salts stay what they were.
    async fn is_still_ours(&self) -> Result<bool, KeyspaceError> {
        let there = agree(&*self.store, &self.sealer, || {
            tracing::warn!(
                "the store has lost its keyspace's facts, and perhaps all else; they are written again"
            );
            codec::encode_facts(&self.facts)
        });
        let there = there.await?;
        Ok(there.seed.mac("same", &[]) == self.facts.seed.mac("same", &[]))
    }
}

#[async_trait]
impl Readiness for Joined {
    async fn check(&self) -> Result<(), String> {
        self.works.check().await?;
        match self.is_still_ours().await {
            Ok(true) => Ok(()),
            Ok(false) => Err("the store is another than at the start: restart the service".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// What became of the facts when they were to be sealed under the newest key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resealed {
    /// There are none: nothing has started on this store yet.
    Absent,
    /// They were already.
    Current,
    /// They are now.
    Done,
}

/// Seals the facts under the key that seals now, by compare-and-set: services may run meanwhile.
pub async fn reseal(store: &dyn KeyspaceStore, sealer: &Sealer) -> Result<Resealed, KeyspaceError> {
    loop {
        let Some(sealed) = store.fact(FACTS).await? else { return Ok(Resealed::Absent) };
        let record = sealer.open(Purpose::KeyspaceFact, FACTS, &sealed)?;
        if sealer.is_current(&sealed) {
            return Ok(Resealed::Current);
        }
        let resealed = sealer.seal(Purpose::KeyspaceFact, FACTS, &record);
        if store.replace_fact(FACTS, &sealed, resealed).await? == Swap::Won {
            return Ok(Resealed::Done);
        }
    }
}

/// The facts of a store; nothing if nothing has started on it yet.
pub async fn read(store: &dyn KeyspaceStore, sealer: &Sealer) -> Result<Option<Facts>, KeyspaceError> {
    let Some(sealed) = store.fact(FACTS).await? else { return Ok(None) };
    Ok(Some(codec::decode_facts(&sealer.open(Purpose::KeyspaceFact, FACTS, &sealed)?)?))
}

/// The facts of a store, which become those of the record `ours` if there are none. Two who find none may race; all go
/// on with what was written first.
async fn agree(
    store: &dyn KeyspaceStore,
    sealer: &Sealer,
    ours: impl FnOnce() -> Result<Zeroizing<Vec<u8>>, codec::Malformed> + Send,
) -> Result<Facts, KeyspaceError> {
    let sealed = match store.fact(FACTS).await? {
        Some(sealed) => sealed,
        None => {
            let ours = sealer.seal(Purpose::KeyspaceFact, FACTS, &ours()?);
            store.create_fact(FACTS, ours).await?
        }
    };
    Ok(codec::decode_facts(&sealer.open(Purpose::KeyspaceFact, FACTS, &sealed)?)?)
}

/// Reads the facts of a store, or writes them if this is its first start; refuses a store that was made for another
/// server id or context.
pub async fn join(
    store: &dyn KeyspaceStore,
    sealer: &Sealer,
    server_id: &str,
    context: &str,
) -> Result<Facts, KeyspaceError> {
    let ours = || {
        codec::encode_facts(&Facts {
            seed: Seed::from_bytes(random_bytes()),
            server_id: server_id.to_owned(),
            context: context.to_owned(),
            decoy: VerifierRecord::random(&mut system_rng()),
        })
    };
    let facts = agree(store, sealer, ours).await?;
    if facts.server_id != server_id {
        return Err(KeyspaceError::ServerId { ours: server_id.to_owned(), stored: facts.server_id });
    }
    if facts.context != context {
        return Err(KeyspaceError::Context { ours: context.to_owned(), stored: facts.context });
    }
    Ok(facts)
}
