//! The three topologies behind one enum, for deadpool: its own managers take no timeouts or certificates for Cluster
//! and Sentinel, ping the server at every checkout, and keep a connection to a master that was demoted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{Route, SingleNodeRoutingInfo, SlotAddr};
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, Pipeline, RedisError, RedisFuture, RedisResult, TlsMode,
    Value,
};
use tokio::sync::Mutex;

use super::settings::{Settings, Topology, tcp};

/// Makes connections to the master, or to the masters of a Cluster.
pub(super) struct Connector {
    target: Target,
    config: AsyncConnectionConfig,
    /// Connections of an earlier generation are not used again.
    generation: Arc<AtomicU64>,
    made: AtomicU64,
    failed: AtomicU64,
}

/// How often it was tried to connect.
#[derive(Debug, Clone, Copy, Default)]
pub struct Connects {
    /// With success.
    pub made: u64,
    /// Without.
    pub failed: u64,
}

enum Target {
    Standalone(deadpool_redis::Manager),
    // Asking the Sentinels takes `&mut`.
    Sentinel(Mutex<SentinelClient>),
    Cluster(ClusterClient),
}

/// One connection that many requests use at the same time: a clone is another handle to it.
#[derive(Clone)]
pub(super) struct Connection {
    handle: Handle,
    born: u64,
    generation: Arc<AtomicU64>,
}

#[derive(Clone)]
enum Handle {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Connector {
    pub(super) fn new(settings: &Settings) -> RedisResult<Self> {
        // No time-out of its own for answers: [`Link`](super::link::Link) has a deadline for everything, and a second timer
        // would be a part of what a command costs.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(settings.timeout))
            .set_response_timeout(None);
        let target = Target::new(settings, &config)?;
        let generation = Arc::new(AtomicU64::new(0));
        Ok(Self { target, config, generation, made: AtomicU64::new(0), failed: AtomicU64::new(0) })
    }

    pub(super) fn connects(&self) -> Connects {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Connects { made: read(&self.made), failed: read(&self.failed) }
    }

    async fn connect(&self) -> RedisResult<Handle> {
        Ok(match &self.target {
            Target::Standalone(manager) => Handle::Single(manager.create().await?),
            Target::Sentinel(client) => {
                let client = client.lock().await.async_get_client().await?;
                Handle::Single(client.get_multiplexed_async_connection_with_config(&self.config).await?)
            }
            Target::Cluster(client) => Handle::Cluster(client.get_async_connection().await?),
        })
    }
}

impl Target {
    fn new(settings: &Settings, config: &AsyncConnectionConfig) -> RedisResult<Self> {
        let certificates = || settings.topology.uses_tls().then(|| settings.tls.certificates());
        match &settings.topology {
            Topology::Standalone(node) => {
                let client = match certificates() {
                    Some(certificates) => Client::build_with_tls(node.clone(), certificates)?,
                    None => Client::open(node.clone())?,
                };
                let info = client.get_connection_info().clone();
                Ok(Self::Standalone(deadpool_redis::Manager::new_with_config(info, config.clone())?))
            }
            Topology::Sentinel { sentinels, master, login, redis } => {
                let mut builder =
                    SentinelClientBuilder::new(sentinels.clone(), master, SentinelServerType::Master)?
                        .set_client_to_redis_db(redis.db())
                        .set_client_to_redis_tcp_settings(tcp())
                        .set_client_to_sentinel_tcp_settings(tcp());
                if let Some(username) = redis.username() {
                    builder = builder.set_client_to_redis_username(username);
                }
                if let Some(password) = redis.password() {
                    builder = builder.set_client_to_redis_password(password);
                }
                if let Some(username) = &login.username {
                    builder = builder.set_client_to_sentinel_username(username);
                }
                if let Some(password) = &login.password {
                    builder = builder.set_client_to_sentinel_password(password);
                }
                if let Some(certificates) = certificates() {
                    builder = builder
                        .set_client_to_redis_tls_mode(TlsMode::Secure)
                        .set_client_to_redis_certificates(certificates.clone())
                        .set_client_to_sentinel_tls_mode(TlsMode::Secure)
                        .set_client_to_sentinel_certificates(certificates);
                }
                Ok(Self::Sentinel(Mutex::new(builder.build()?)))
            }
            Topology::Cluster(nodes) => {
                let mut builder = ClusterClientBuilder::new(nodes.clone())
                    .tcp_settings(tcp())
                    .connection_timeout(attempt(settings.timeout))
                    .response_timeout(settings.timeout);
                if let Some(certificates) = certificates() {
                    builder = builder.tls(TlsMode::Secure).certs(certificates);
                }
                Ok(Self::Cluster(builder.build()?))
            }
        }
    }
}

/// A Cluster's client tries its nodes in turn; one that is gone must leave time for the others.
fn attempt(timeout: Duration) -> Duration {
    timeout / 2
}

impl Manager for Connector {
    type Type = Connection;
    type Error = RedisError;

    async fn create(&self) -> Result<Connection, RedisError> {
        let born = self.generation.load(Ordering::Acquire);
        let connected = self.connect().await;
        let count = if connected.is_ok() { &self.made } else { &self.failed };
        count.fetch_add(1, Ordering::Relaxed);
        Ok(Connection { handle: connected?, born, generation: Arc::clone(&self.generation) })
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<RedisError> {
        if connection.is_current() { Ok(()) } else { Err(RecycleError::message("given up")) }
    }
}

impl Connection {
    fn is_current(&self) -> bool {
        self.born == self.generation.load(Ordering::Acquire)
    }

    /// Gives up this connection and all of its age: what broke it will have broken them. Later requests make new ones,
    /// requests in flight end as they may.
    pub(super) fn give_up(&self) {
        // Only once a generation: the next may be good already.
        let next = self.born.wrapping_add(1);
        let _ = self.generation.compare_exchange(self.born, next, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Sends two commands to the master of `slot` in one piece. A Cluster's client changes connections as it sees fit,
    /// and `WAIT` is about the writes of its own connection: on another it would be content with nothing.
    pub(super) async fn in_one_piece(&mut self, slot: u16, commands: [&Cmd; 2]) -> RedisResult<[Value; 2]> {
        let mut pipeline = Pipeline::with_capacity(commands.len());
        for command in commands {
            pipeline.add_command(command.clone());
        }
        let answers = match &mut self.handle {
            Handle::Single(connection) => connection.req_packed_commands(&pipeline, 0, commands.len()).await,
            Handle::Cluster(connection) => {
                let route = SingleNodeRoutingInfo::SpecificNode(Route::new(slot, SlotAddr::Master));
                connection.route_pipeline(pipeline, 0, commands.len(), route).await
            }
        };
        <[Value; 2]>::try_from(answers?).map_err(|_| {
            RedisError::from((ErrorKind::UnexpectedReturnType, "not as many answers as commands"))
        })
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match &mut self.handle {
            Handle::Single(connection) => connection.req_packed_command(command),
            Handle::Cluster(connection) => connection.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match &mut self.handle {
            Handle::Single(connection) => connection.req_packed_commands(pipeline, offset, count),
            Handle::Cluster(connection) => connection.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match &self.handle {
            Handle::Single(connection) => connection.get_db(),
            Handle::Cluster(connection) => connection.get_db(),
        }
    }
}
