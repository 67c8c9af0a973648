//! What the service counts and measures, for Prometheus: on the operators' listener, as text.
//!
//! | module | what |
//! |---|---|
//! | `requests` | requests by route, errors by code |
//! | `happenings` | what the domain tells: sessions, refused logins, stretching |
//! | `operations` | what is asked of the store |
//! | `readings` | what is only read when someone asks: queues, connections, keys, the process |
//!
//! No label has a value that a caller chose.

mod happenings;
mod operations;
mod readings;
mod requests;

use std::sync::Arc;

use prometheus::core::Collector;
use prometheus::{Registry, TextEncoder};

pub use self::happenings::Happenings;
pub use self::operations::{Operation, Operations};
pub use self::readings::{Reading, Value};
pub use self::requests::{Asked, Requests, Route};

/// The type of what [`Metrics::text`] returns.
pub const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;

/// A name or a label that cannot be, or one that is there twice: a fault of ours.
#[derive(Debug, thiserror::Error)]
#[error("metrics: {0}")]
pub struct BadMetric(#[from] prometheus::Error);

/// All metrics of one process.
pub struct Metrics {
    registry: Registry,
    /// Of requests.
    pub requests: Arc<Requests>,
    /// Of the domain.
    pub happenings: Arc<Happenings>,
    /// Of the store.
    pub operations: Arc<Operations>,
}

impl Metrics {
    /// Of a service with these routes, as method and template. Nothing has been counted yet.
    pub fn new(routes: impl IntoIterator<Item = Route>) -> Result<Self, BadMetric> {
        let registry = Registry::new();
        let requests = Arc::new(Requests::register(&registry, routes)?);
        let happenings = Arc::new(Happenings::register(&registry)?);
        let operations = Arc::new(Operations::register(&registry)?);
        readings::register_process(&registry)?;
        Ok(Self { registry, requests, happenings, operations })
    }

    /// Adds what is read when someone asks.
    pub fn read(&self, reading: Reading) -> Result<(), BadMetric> {
        Ok(self.registry.register(Box::new(reading))?)
    }

    /// Everything, in Prometheus' text format 0.0.4.
    pub fn text(&self) -> Result<String, BadMetric> {
        Ok(TextEncoder::new().encode_to_string(&self.registry.gather())?)
    }
}

/// Adds `metric` to the registry, and hands it back.
fn added<M: Collector + Clone + 'static>(registry: &Registry, metric: M) -> prometheus::Result<M> {
    registry.register(Box::new(metric.clone()))?;
    Ok(metric)
}
