//! The stores that the suite runs over, each fresh and with a clock that the test moves.

use std::sync::Arc;
use std::time::Duration;

use spake_service::domain::ports::{KeyspaceStore, Readiness, SessionStore};
use spake_service::domain::time::{ManualClock, Timestamp};
use spake_service::store::embedded::{FileStore, MemoryStore};
use spake_service::store::redis::{RedisStore, Settings, Tls, Topology};

use crate::support::{RedisClock, RedisServer};

pub const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// A store, and a way to let its time pass.
pub struct Fixture {
    pub sessions: Arc<dyn SessionStore>,
    pub keyspace: Arc<dyn KeyspaceStore>,
    pub readiness: Arc<dyn Readiness>,
    advance: Box<dyn Fn(Duration) + Send + Sync>,
    _held: Box<dyn Send + Sync>,
}

impl Fixture {
    fn new<S: SessionStore + KeyspaceStore + Readiness>(
        store: Arc<S>,
        advance: impl Fn(Duration) + Send + Sync + 'static,
        held: impl Send + Sync + 'static,
    ) -> Self {
        Self {
            sessions: store.clone(),
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

pub fn memory() -> Fixture {
    let clock = Arc::new(ManualClock::at(START));
    let store = Arc::new(MemoryStore::new(clock.clone()));
    Fixture::new(store, move |duration| clock.advance(duration), ())
}

pub fn file() -> Fixture {
    let clock = Arc::new(ManualClock::at(START));
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(FileStore::open(directory.path(), clock.clone()).unwrap());
    Fixture::new(store, move |duration| clock.advance(duration), directory)
}

pub fn redis() -> Fixture {
    let clock = Arc::new(RedisClock::at(START.as_millis()));
    let server = RedisServer::with_clock(&clock);
    let store = Arc::new(RedisStore::new(&settings(&server.url())).unwrap());
    Fixture::new(store, move |duration| clock.advance(duration), server)
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
