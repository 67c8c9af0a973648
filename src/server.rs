//! Wiring: configuration → store → use cases → router → listener, and the way down again.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use tokio::task::JoinHandle;

use crate::config::{Config, StoreConfig};
use crate::domain::keyspace::{self, KeyspaceError};
use crate::domain::pairing::Pairing;
use crate::domain::ports::{KeyspaceStore, SessionStore};
use crate::domain::sealing::{KeyRing, Sealer};
use crate::domain::stretching::StretchingPool;
use crate::domain::time::{Clock, SystemClock};
use crate::http::{self, App};
use crate::store::embedded::{FileStore, MemoryStore, OpenFileError};

/// How often the embedded store frees what has expired.
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// The name of the embedded store's keyspace; one file holds one.
const EMBEDDED_PREFIX: &str = "spake";

/// Why the service did not start, in one line.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not ours.
    #[error("PORT, SPAKE_HOST: cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        error: std::io::Error,
    },
    /// The file of the embedded store.
    #[error("SPAKE_DATA_DIR: {0}")]
    File(#[from] OpenFileError),
    /// The store belongs to another configuration.
    #[error(transparent)]
    Keyspace(#[from] KeyspaceError),
    /// The system gave no thread.
    #[error("cannot start the service's threads: {0}")]
    Threads(std::io::Error),
    /// The listener broke while serving.
    #[error("the listener failed: {0}")]
    Serve(std::io::Error),
}

/// A service that is listening and not yet answering.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    app: App,
    sweeper: JoinHandle<()>,
    drain_timeout: Duration,
}

impl Server {
    /// Opens the store, joins its keyspace and binds the listener.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let listen = |error| StartError::Listen { address: config.address, error };
        let listener = TcpListener::bind(config.address).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let store = open_store(config.store, Arc::clone(&clock))?;
        let sealer = Sealer::new(store.keys, EMBEDDED_PREFIX);
        let facts = keyspace::join(&*store.keyspace, &sealer, &config.server_id, &config.context).await?;
        let stretching = StretchingPool::start(config.stretch_threads, config.stretch_queue);
        let stretching = stretching.map_err(StartError::Threads)?;
        let pairing = Pairing::new(store.sessions, sealer, facts, config.policy, stretching, clock);
        let app = App { pairing: Arc::new(pairing), store: "embedded", access: config.access };
        Ok(Self { listener, address, app, sweeper: store.sweeper, drain_timeout: config.drain_timeout })
    }

    /// The bound address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests until `stop` resolves; then accepts no more and lets those in flight finish.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), StartError> {
        let handle = Handle::new();
        let server = axum_server::from_tcp(self.listener)
            .map_err(StartError::Serve)?
            .acceptor(NoDelayAcceptor::new())
            .handle(handle.clone());
        let drain_timeout = self.drain_timeout;
        tokio::spawn(async move {
            stop.await;
            tracing::info!("stopping: no new connections, requests in flight finish");
            handle.graceful_shutdown(Some(drain_timeout));
        });
        let served = server.serve(http::router(self.app).into_make_service()).await;
        self.sweeper.abort();
        served.map_err(StartError::Serve)
    }
}

struct OpenStore {
    sessions: Arc<dyn SessionStore>,
    keyspace: Arc<dyn KeyspaceStore>,
    keys: KeyRing,
    sweeper: JoinHandle<()>,
}

fn open_store(config: StoreConfig, clock: Arc<dyn Clock>) -> Result<OpenStore, StartError> {
    match config {
        StoreConfig::Memory => {
            let store = Arc::new(MemoryStore::new(clock));
            let swept = Arc::clone(&store);
            let sweeper = every(SWEEP_EVERY, move || {
                swept.sweep();
                std::future::ready(())
            });
            Ok(OpenStore { sessions: store.clone(), keyspace: store, keys: KeyRing::ephemeral(), sweeper })
        }
        StoreConfig::File { directory, keys } => {
            let store = Arc::new(FileStore::open(&directory, clock)?);
            let swept = Arc::clone(&store);
            let sweeper = every(SWEEP_EVERY, move || sweep(Arc::clone(&swept)));
            Ok(OpenStore { sessions: store.clone(), keyspace: store, keys, sweeper })
        }
    }
}

async fn sweep(store: Arc<FileStore>) {
    if let Err(error) = store.sweep().await {
        tracing::error!(%error, "expired sessions could not be removed from the file");
    }
}

fn every<F>(period: Duration, work: impl Fn() -> F + Send + 'static) -> JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(period);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            work().await;
        }
    })
}
