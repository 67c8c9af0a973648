//! From a configured store to an open one.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{StartError, every};
use crate::config::{StateKeys, StoreConfig};
use crate::domain::ports::{CredentialStore, KeyspaceStore, LoginStore, Readiness, SessionStore, StoreError};
use crate::domain::sealing::{KeyRing, Sealer};
use crate::domain::time::Clock;
use crate::metrics::Operations;
use crate::store::Metered;
use crate::store::embedded::{FileStore, MemoryStore};
use crate::store::redis::{RedisStore, Settings, Unfit};

/// How often the embedded store frees what has expired.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// How long a starting service waits for Redis; whoever started it may start it again.
const WAIT_FOR_REDIS: Duration = Duration::from_secs(30);
/// How often a service looks at the versions of its keyspace.
const FOLLOW_EVERY: Duration = Duration::from_secs(5);
const ASK_REDIS_EVERY: Duration = Duration::from_millis(500);

/// A store behind its ports, and what seals for it.
pub struct OpenStore {
    /// Which it is, for `/health`.
    pub name: &'static str,
    /// Its sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// Its credentials.
    pub credentials: Arc<dyn CredentialStore>,
    /// Its logins and budgets.
    pub logins: Arc<dyn LoginStore>,
    /// Its facts.
    pub keyspace: Arc<dyn KeyspaceStore>,
    /// Whether it works.
    pub readiness: Arc<dyn Readiness>,
    /// What seals for it.
    pub sealer: Arc<Sealer>,
    /// The file of the keys that seal.
    pub key_file: Option<PathBuf>,
    /// The same store, if it is Redis: what there is to read of it.
    pub redis: Option<Arc<RedisStore>>,
}

impl OpenStore {
    /// The same, with every answer timed.
    pub(super) fn metered(self, operations: &Arc<Operations>) -> Self {
        Self {
            sessions: Arc::new(Metered::new(self.sessions, Arc::clone(operations))),
            credentials: Arc::new(Metered::new(self.credentials, Arc::clone(operations))),
            logins: Arc::new(Metered::new(self.logins, Arc::clone(operations))),
            readiness: Arc::new(Metered::new(self.readiness, Arc::clone(operations))),
            ..self
        }
    }
}

/// Opens a store. Tasks that keep it in order end with the runtime.
pub async fn open(config: StoreConfig, clock: Arc<dyn Clock>) -> Result<OpenStore, StartError> {
    let prefix = config.prefix().to_owned();
    match config {
        StoreConfig::Memory => {
            let store = Arc::new(MemoryStore::new(clock));
            let swept = Arc::clone(&store);
            every(SWEEP_EVERY, move || {
                swept.sweep();
                std::future::ready(())
            });
            let keys = StateKeys { ring: KeyRing::ephemeral(), file: None };
            Ok(opened("embedded", store, keys, &prefix))
        }
        StoreConfig::File { directory, keys } => {
            let store = Arc::new(FileStore::open(&directory, clock)?);
            let swept = Arc::clone(&store);
            every(SWEEP_EVERY, move || sweep(Arc::clone(&swept)));
            Ok(opened("embedded", store, keys, &prefix))
        }
        StoreConfig::Redis { settings, migrate, keys } => {
            let store = Arc::new(reach_redis(&settings).await?);
            store.join_schema().await?;
            if migrate {
                store.migrate().await?;
            } else if !store.is_migrated().await.map_err(Unfit::from)? {
                tracing::warn!("migrations are pending: run spake-service migrate");
            }
            let followed = Arc::clone(&store);
            every(FOLLOW_EVERY, move || follow(Arc::clone(&followed)));
            let opened = opened("redis", Arc::clone(&store), keys, &prefix);
            Ok(OpenStore { redis: Some(store), ..opened })
        }
    }
}

fn opened<S: SessionStore + CredentialStore + LoginStore + KeyspaceStore + Readiness>(
    name: &'static str,
    store: Arc<S>,
    keys: StateKeys,
    prefix: &str,
) -> OpenStore {
    let sealer = Arc::new(Sealer::new(keys.ring, prefix));
    OpenStore {
        name,
        sessions: store.clone(),
        credentials: store.clone(),
        logins: store.clone(),
        keyspace: store.clone(),
        readiness: store,
        sealer,
        key_file: keys.file,
        redis: None,
    }
}

/// Connects, and waits a while for a Redis that is still starting.
pub async fn reach_redis(settings: &Settings) -> Result<RedisStore, StartError> {
    let store = RedisStore::new(settings).map_err(StartError::RedisCertificates)?;
    let deadline = Instant::now() + WAIT_FOR_REDIS;
    loop {
        match store.examine().await {
            Ok(()) => return Ok(store),
            Err(Unfit::Store(StoreError::Unavailable(_))) if Instant::now() < deadline => {
                sleep(ASK_REDIS_EVERY).await;
            }
            Err(unfit) => return Err(unfit.into()),
        }
    }
}

/// Takes over what `migrate --finish` permitted meanwhile.
async fn follow(store: Arc<RedisStore>) {
    if let Err(error) = store.join_schema().await
        && !matches!(error, Unfit::Store(_))
    {
        tracing::error!(%error, "this service must not go on with its keyspace");
    }
}

async fn sweep(store: Arc<FileStore>) {
    if let Err(error) = store.sweep().await {
        tracing::debug!(%error, "expired sessions could not be removed from the file");
    }
}
