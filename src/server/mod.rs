//! Wiring: configuration → store → use cases → router → listeners, and the way down again.

mod admin;
mod connections;
mod key_file;
mod plain;
mod readings;
mod stop;
mod stores;
mod tls;
mod watch;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use futures_util::future::BoxFuture;

use self::plain::PlainAcceptor;
use self::readings::Sources;
pub use self::stop::StopSignals;
use self::stop::Stopping;
pub use self::stores::{OpenStore, open as open_store, reach_redis};
pub use self::tls::BadTlsFile;
use crate::audit::{CannotOpen, ToFile, ToLog};
use crate::config::Config;
use crate::domain::accounts::Accounts;
use crate::domain::audit::AuditLog;
use crate::domain::codec::Formats;
use crate::domain::keyspace::{self, Joined, KeyspaceError};
use crate::domain::pairing::Pairing;
use crate::domain::ports::{Meter, StoreError};
use crate::domain::sessions::Sessions;
use crate::domain::stretching::StretchingPool;
use crate::domain::time::{Clock, SystemClock};
pub use crate::http::api_document;
use crate::http::{self, Admin, App, Parts, Places, RateLimits};
use crate::metrics::{BadMetric, Metrics};
use crate::store::embedded::OpenFileError;
use crate::store::redis::Unfit;

/// How often callers whose burst is there again are forgotten.
const FORGET_CALLERS_EVERY: Duration = Duration::from_secs(1);

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
    /// PEM files of the listener's that are of no use.
    #[error(transparent)]
    Tls(#[from] BadTlsFile),
    /// PEM files that cannot be read.
    #[error("SPAKE_REDIS_CA, SPAKE_REDIS_CERT, SPAKE_REDIS_KEY: {0}")]
    RedisCertificates(String),
    /// A Redis that does not answer or may not be used.
    #[error("REDIS_URL: {0}")]
    Redis(#[from] Unfit),
    /// The file of the embedded store.
    #[error("SPAKE_DATA_DIR: {0}")]
    File(#[from] OpenFileError),
    /// The file of the audit events.
    #[error("SPAKE_AUDIT_FILE: {0}")]
    AuditFile(#[from] CannotOpen),
    /// The store belongs to another configuration.
    #[error(transparent)]
    Keyspace(#[from] KeyspaceError),
    /// A fault of ours.
    #[error("cannot start: {0}")]
    Domain(String),
    /// The system gave no thread.
    #[error("cannot start the service's threads: {0}")]
    Threads(std::io::Error),
    /// Another fault of ours.
    #[error(transparent)]
    Metrics(#[from] BadMetric),
    /// The listener broke while serving.
    #[error("the listener failed: {0}")]
    Serve(std::io::Error),
    /// It was told twice to stop.
    #[error("stopped at once by a second signal; {0} connections were cut off")]
    CutOff(usize),
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

/// Reads what a start reads beside the configuration itself, and opens nothing for good.
pub fn check_files(config: &Config) -> Result<(), StartError> {
    config.tls.as_ref().map_or(Ok(()), tls::check)?;
    config.audit_file.as_deref().map_or(Ok(()), ToFile::check)?;
    Ok(())
}

/// A service that is listening and not yet answering.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<RustlsConfig>,
    admin_listener: Option<TcpListener>,
    app: App,
    stopping: Stopping,
    admin: Admin,
}

impl Server {
    /// Opens the store, joins its keyspace and binds the listener.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let metrics = Metrics::new(http::routes())?;
        let (tls, certificate) = config.tls.map(tls::start).transpose()?.unzip();
        let listen = |error| StartError::Listen { address: config.address, error };
        let listener = connections::listen(config.address).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let audit: Arc<dyn AuditLog> = match config.audit_file {
            Some(file) => Arc::new(ToFile::open(file)?),
            None => Arc::new(ToLog),
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let store = stores::open(config.store, Arc::clone(&clock)).await?.metered(&metrics.operations);
        let facts =
            keyspace::join(&*store.keyspace, &store.sealer, &config.server_id, &config.context).await?;
        let facts = Arc::new(facts);
        let ready =
            Joined::new(store.readiness, store.keyspace, Arc::clone(&store.sealer), Arc::clone(&facts));
        if let Some(file) = store.key_file {
            key_file::watch_state_keys(file, Arc::clone(&store.sealer));
        }
        let stretching = StretchingPool::start(config.stretch_threads, config.stretch_queue);
        let stretching = stretching.map_err(StartError::Threads)?;
        let happenings: Arc<dyn Meter> = metrics.happenings.clone();
        let stretching = Arc::new(stretching.metered(Arc::clone(&happenings)));
        let sessions =
            Sessions::new(store.sessions, store.logins, Arc::clone(&store.sealer), Formats::CURRENT, facts);
        let sessions = Arc::new(sessions.metered(happenings));
        let accounts = Accounts::new(
            store.credentials,
            Arc::clone(&store.sealer),
            Arc::clone(&sessions),
            config.accounts,
            Arc::clone(&stretching),
        );
        let accounts = Arc::new(accounts.map_err(|error| StartError::Domain(format!("{error:?}")))?);
        let stretched = Arc::clone(&stretching);
        let pairing = Arc::new(Pairing::new(Arc::clone(&sessions), config.pairing, stretched, clock));
        let access = Arc::new(config.access);
        if let Some(file) = config.api_keys_file {
            key_file::watch_api_keys(file, Arc::clone(&access));
        }
        let (places, stopping) = (Places::new(config.limits.in_flight), Arc::default());
        let sources = Sources {
            places: &places,
            stretching: &stretching,
            sealer: &store.sealer,
            audit: &audit,
            stopping: &stopping,
            store: store.name,
            redis: store.redis.as_ref(),
            certificate: certificate.as_ref(),
        };
        readings::register(&metrics, &sources)?;
        let requests = Arc::clone(&metrics.requests);
        let is_open = access.is_open_to_everyone();
        let admin = Admin { store: Arc::new(ready), stopping, is_open, metrics: Arc::new(metrics) };
        let rate_limits = RateLimits::new(&config.limits);
        let app = App::new(Parts {
            pairing,
            accounts,
            sessions,
            store: store.name,
            request_timeout: config.request_timeout,
            access,
            audit,
            trusted_proxies: config.trusted_proxies.into(),
            rate_limits: rate_limits.clone(),
            places,
            requests,
        });
        every(FORGET_CALLERS_EVERY, move || {
            rate_limits.forget_the_idle();
            std::future::ready(())
        });
        let stopping = Stopping {
            begun: Arc::clone(&admin.stopping),
            delay: config.drain_delay,
            timeout: config.drain_timeout,
        };
        // Last, for they may have something to say that is no reason not to start.
        connections::raise_limit();
        let admin_listener = admin::bind(config.admin)?;
        Ok(Self { listener, address, tls, admin_listener, app, stopping, admin })
    }

    /// The public listener's URL.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The bound address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The operators' address, if they have one.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin_listener.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// Answers requests until the first signal; then accepts no more and lets those in flight finish.
    pub async fn run(self, signals: StopSignals) -> Result<(), StartError> {
        let timeout = self.app.request_timeout;
        let handle = Handle::new();
        let mut server = axum_server::from_tcp(self.listener)
            .map_err(StartError::Serve)?
            .handle(handle.clone())
            .accept_error_handler(connections::report())
            // Before it has said which HTTP it speaks, only this ends it; a handshake has its own.
            .first_request_timeout(timeout);
        connections::limit(&mut server, timeout);
        if let Some(listener) = self.admin_listener {
            admin::serve(listener, self.admin, timeout)?;
        }
        let service = http::router(self.app).into_make_service_with_connect_info::<SocketAddr>();
        let serving: BoxFuture<'static, _> = match self.tls {
            None => Box::pin(server.acceptor(PlainAcceptor).serve(service)),
            Some(config) => {
                let tls = RustlsAcceptor::new(config).handshake_timeout(timeout);
                Box::pin(server.acceptor(tls.acceptor(NoDelayAcceptor::new())).serve(service))
            }
        };
        self.stopping.serve(serving, handle, signals).await
    }
}

/// Does `work` now and then, until the runtime ends.
fn every<F>(period: Duration, mut work: impl FnMut() -> F + Send + 'static)
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
