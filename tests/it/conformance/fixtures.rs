//! The stores that the suite runs over, each fresh and with a clock that the test moves.

use std::sync::Arc;
use std::time::Duration;

use spake_service::domain::ports::{CredentialStore, KeyspaceStore, LoginStore, Readiness, SessionStore};
use spake_service::domain::time::{ManualClock, Timestamp};
use spake_service::store::embedded::{FileStore, MemoryStore};
use spake_service::store::redis::{RedisStore, Settings, Tls, Topology};

use crate::support::redis_server::Engine;
use crate::support::resp::Value;
use crate::support::{RedisClock, RedisServer, eventually};

pub const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// A store, and a way to let its time pass.
pub struct Fixture {
    pub sessions: Arc<dyn SessionStore>,
    pub credentials: Arc<dyn CredentialStore>,
    pub logins: Arc<dyn LoginStore>,
    pub keyspace: Arc<dyn KeyspaceStore>,
    pub readiness: Arc<dyn Readiness>,
    advance: Box<dyn Fn(Duration) + Send + Sync>,
    _held: Box<dyn Send + Sync>,
}

impl Fixture {
    fn new<S: SessionStore + CredentialStore + LoginStore + KeyspaceStore + Readiness>(
        store: Arc<S>,
        advance: impl Fn(Duration) + Send + Sync + 'static,
        held: impl Send + Sync + 'static,
    ) -> Self {
        Self {
            sessions: store.clone(),
            credentials: store.clone(),
            logins: store.clone(),
            keyspace: store.clone(),
            readiness: store,
            advance: Box::new(advance),
            _held: Box::new(held),
        }
    }

    /// Lets time pass for the store.
    pub fn advance(&self, duration: Duration) {
        (self.advance)(duration);
    }
}

pub fn memory() -> Option<Fixture> {
    let clock = Arc::new(ManualClock::at(START));
    let store = Arc::new(MemoryStore::new(clock.clone()));
    Some(Fixture::new(store, move |duration| clock.advance(duration), ()))
}

pub fn file() -> Option<Fixture> {
    let clock = Arc::new(ManualClock::at(START));
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(FileStore::open(directory.path(), clock.clone()).unwrap());
    Some(Fixture::new(store, move |duration| clock.advance(duration), directory))
}

pub fn redis() -> Option<Fixture> {
    on_engine(Engine::Redis)
}

pub fn valkey() -> Option<Fixture> {
    on_engine(Engine::Valkey)
}

pub fn redis8() -> Option<Fixture> {
    on_engine(Engine::Redis8)
}

/// Nothing, where this machine does not have the engine.
fn on_engine(engine: Engine) -> Option<Fixture> {
    let clock = RedisClock::at(START.as_millis());
    let server = Arc::new(RedisServer::with_clock(engine, &clock)?);
    let store = Arc::new(RedisStore::new(&settings(&server.url())).unwrap());
    let advanced = Arc::clone(&server);
    let advance = move |duration| {
        let now = i64::try_from(clock.advance(duration)).unwrap();
        // Valkey looks at the clock ten times a second only.
        let script = "local time = redis.call('TIME') return time[1] * 1000 + math.floor(time[2] / 1000)";
        eventually("the server's time", || {
            (advanced.call(&["EVAL", script, "0"]) == Value::Int(now)).then_some(())
        });
    };
    Some(Fixture::new(store, advance, server))
}

/// A store's settings on their defaults.
pub fn settings(urls: &str) -> Settings {
    Settings {
        topology: Topology::parse(urls, None).ok().unwrap(),
        tls: Tls::default(),
        timeout: Duration::from_secs(10),
        connections: 2,
        prefix: "spake".to_owned(),
        wait_replicas: 0,
    }
}
