//! Wiring: configuration → store → use cases → router → listeners, and the way down again.

mod admin;
mod key_file;
mod stores;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use hyper_util::rt::TokioTimer;

pub use self::stores::{OpenStore, open as open_store, reach_redis};
use crate::config::Config;
use crate::domain::accounts::Accounts;
use crate::domain::codec::Formats;
use crate::domain::keyspace::{self, KeyspaceError};
use crate::domain::pairing::Pairing;
use crate::domain::ports::StoreError;
use crate::domain::sessions::Sessions;
use crate::domain::stretching::StretchingPool;
use crate::domain::time::{Clock, SystemClock};
pub use crate::http::api_document;
use crate::http::{self, Admin, App};
use crate::store::embedded::OpenFileError;
use crate::store::redis::Unfit;

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
    /// The operators' address is taken or not ours.
    #[error("SPAKE_ADMIN_ADDR: cannot listen on {address}: {error}")]
    ListenAdmin {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        error: std::io::Error,
    },
    /// PEM files that cannot be read.
    #[error("SPAKE_REDIS_CA, SPAKE_REDIS_CERT, SPAKE_REDIS_KEY: {0}")]
    RedisCertificates(String),
    /// A Redis that does not answer or may not be used.
    #[error("REDIS_URL: {0}")]
    Redis(#[from] Unfit),
    /// The file of the embedded store.
    #[error("SPAKE_DATA_DIR: {0}")]
    File(#[from] OpenFileError),
    /// The store belongs to another configuration.
    #[error(transparent)]
    Keyspace(#[from] KeyspaceError),
    /// A fault of ours.
    #[error("cannot start: {0}")]
    Domain(String),
    /// The system gave no thread.
    #[error("cannot start the service's threads: {0}")]
    Threads(std::io::Error),
    /// The listener broke while serving.
    #[error("the listener failed: {0}")]
    Serve(std::io::Error),
}

impl StartError {
    /// Whether the same start may succeed later, with nothing changed.
    pub fn is_about_the_moment(&self) -> bool {
        let store = match self {
            Self::Redis(Unfit::Store(error)) | Self::Keyspace(KeyspaceError::Store(error)) => error,
            Self::Threads(_) | Self::Serve(_) => return true,
            _ => return false,
        };
        matches!(store, StoreError::Unavailable(_) | StoreError::OutcomeUnknown(_))
    }
}

/// A service that is listening and not yet answering.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    admin_listener: Option<TcpListener>,
    app: App,
    admin: Admin,
    drain_timeout: Duration,
}

impl Server {
    /// Opens the store, joins its keyspace and binds the listener.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let listen = |error| StartError::Listen { address: config.address, error };
        let listener = TcpListener::bind(config.address).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let store = stores::open(config.store, Arc::clone(&clock)).await?;
        let facts =
            keyspace::join(&*store.keyspace, &store.sealer, &config.server_id, &config.context).await?;
        if let Some(file) = store.key_file {
            key_file::watch_state_keys(file, Arc::clone(&store.sealer));
        }
        let stretching = StretchingPool::start(config.stretch_threads, config.stretch_queue);
        let stretching = stretching.map_err(StartError::Threads)?;
        let stretching = Arc::new(stretching);
        let sessions =
            Sessions::new(store.sessions, store.logins, Arc::clone(&store.sealer), Formats::CURRENT, facts);
        let sessions = Arc::new(sessions);
        let accounts = Accounts::new(
            store.credentials,
            store.sealer,
            Arc::clone(&sessions),
            config.accounts,
            Arc::clone(&stretching),
        );
        let accounts = Arc::new(accounts.map_err(|error| StartError::Domain(format!("{error:?}")))?);
        let pairing = Arc::new(Pairing::new(Arc::clone(&sessions), config.pairing, stretching, clock));
        let request_timeout = config.request_timeout;
        let access = Arc::new(config.access);
        if let Some(file) = config.api_keys_file {
            key_file::watch_api_keys(file, Arc::clone(&access));
        }
        let admin =
            Admin { store: store.readiness, stopping: Arc::default(), is_open: access.is_open_to_everyone() };
        let app = App { pairing, accounts, sessions, store: store.name, request_timeout, access };
        let drain_timeout = config.drain_timeout;
        // Last, for it may have something to say that is no reason not to start.
        let admin_listener = admin::bind(config.admin)?;
        Ok(Self { listener, address, admin_listener, app, admin, drain_timeout })
    }

    /// The bound address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The operators' address, if they have one.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin_listener.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// Answers requests until `stop` resolves; then accepts no more and lets those in flight finish.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), StartError> {
        let handle = Handle::new();
        let mut server = axum_server::from_tcp(self.listener)
            .map_err(StartError::Serve)?
            .acceptor(NoDelayAcceptor::new())
            .handle(handle.clone())
            // Before it has said which HTTP it speaks, only this ends it.
            .first_request_timeout(self.app.request_timeout);
        limit(&mut server, self.app.request_timeout);
        let (drain_timeout, stopping) = (self.drain_timeout, Arc::clone(&self.admin.stopping));
        if let Some(listener) = self.admin_listener {
            admin::serve(listener, self.admin)?;
        }
        tokio::spawn(async move {
            stop.await;
            stopping.store(true, Ordering::Relaxed);
            tracing::info!("stopping: no new connections, requests in flight finish");
            handle.graceful_shutdown(Some(drain_timeout));
        });
        let service = http::router(self.app).into_make_service_with_connect_info::<SocketAddr>();
        server.serve(service).await.map_err(StartError::Serve)
    }
}

/// Who opens a connection and says nothing, or half of a request, does not keep it. (Bodies: `http::payload`.)
fn limit<A>(server: &mut axum_server::Server<SocketAddr, A>, timeout: Duration) {
    let builder = server.http_builder();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(timeout);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(timeout).keep_alive_timeout(timeout);
}

/// Does `work` now and then, until the runtime ends.
fn every<F>(period: Duration, work: impl Fn() -> F + Send + 'static)
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
    });
}
