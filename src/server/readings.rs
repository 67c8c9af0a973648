//! What operators may read of this process at any moment, beside what is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::tls::Expiry;
use crate::domain::audit::AuditLog;
use crate::domain::sealing::Sealer;
use crate::domain::stretching::StretchingPool;
use crate::http::Places;
use crate::metrics::{BadMetric, Metrics, Reading, Value};
use crate::store::redis::RedisStore;

/// Where things are read.
pub(super) struct Sources<'a> {
    pub(super) places: &'a Places,
    pub(super) stretching: &'a StretchingPool,
    pub(super) sealer: &'a Arc<Sealer>,
    pub(super) audit: &'a Arc<dyn AuditLog>,
    pub(super) stopping: &'a Arc<AtomicBool>,
    pub(super) store: &'static str,
    pub(super) redis: Option<&'a Arc<RedisStore>>,
    pub(super) certificate: Option<&'a Expiry>,
}

/// Adds all of them.
pub(super) fn register(metrics: &Metrics, sources: &Sources<'_>) -> Result<(), BadMetric> {
    about_the_service(metrics, sources)?;
    about_requests(metrics, sources.places.clone())?;
    about_stretching(metrics, sources.stretching)?;
    if let Some(expiry) = sources.certificate.cloned() {
        let name = "spake_tls_certificate_expiry_timestamp_seconds";
        let help = "When the first certificate of SPAKE_TLS_CERT expires, in seconds since 1970.";
        metrics.read(Reading::of(name, help, &[], move || {
            expiry.seconds().map(Value::of).into_iter().collect()
        })?)?;
    }
    sources.redis.map_or(Ok(()), |redis| about_redis(metrics, redis))
}

fn about_the_service(metrics: &Metrics, sources: &Sources<'_>) -> Result<(), BadMetric> {
    metrics.read(Reading::of("spake_build_info", "This release.", &["version"], || {
        vec![Value::of(1).labelled(env!("CARGO_PKG_VERSION"))]
    })?)?;
    let store = sources.store;
    metrics.read(Reading::of("spake_store_info", "Where sessions live.", &["store"], move || {
        vec![Value::of(1).labelled(store)]
    })?)?;
    let help = "The state keys, by their names: one seals, all open.";
    let sealer = Arc::clone(sources.sealer);
    metrics.read(Reading::of("spake_state_key_info", help, &["key", "use"], move || {
        let uses = std::iter::once("seals").chain(std::iter::repeat("opens"));
        let value = |(key, used): (String, &str)| Value::of(1).labelled(key).labelled(used);
        sealer.key_ids().into_iter().zip(uses).map(value).collect()
    })?)?;
    // It writes what is left when its last owner goes, and these are none.
    let (audit, failing) = (Arc::downgrade(sources.audit), Arc::downgrade(sources.audit));
    gauge(metrics, "spake_audit_failing", "Whether the audit file cannot be written.", move || {
        failing.upgrade().is_some_and(|audit| audit.fails()).into()
    })?;
    let help = "Audit events that the file did not take in time.";
    let lost = move || audit.upgrade().map(|audit| Value::of(audit.lost())).into_iter().collect();
    metrics.read(Reading::of("spake_audit_events_lost_total", help, &[], lost)?.counting())?;
    let stopping = Arc::clone(sources.stopping);
    gauge(metrics, "spake_stopping", "Whether the service has been told to stop.", move || {
        stopping.load(Ordering::Relaxed).into()
    })
}

fn about_requests(metrics: &Metrics, places: Places) -> Result<(), BadMetric> {
    let all = places.all();
    gauge(metrics, "spake_http_requests_in_flight", "Requests in work.", move || places.taken())?;
    gauge(
        metrics,
        "spake_http_requests_in_flight_limit",
        "Requests that may be in work at once.",
        move || all,
    )
}

fn about_stretching(metrics: &Metrics, pool: &StretchingPool) -> Result<(), BadMetric> {
    let (size, waiting, running) = (pool.size(), pool.load(), pool.load());
    gauge(metrics, "spake_stretch_queue_length", "Passwords that wait to be stretched.", move || {
        waiting.waiting()
    })?;
    gauge(metrics, "spake_stretch_queue_limit", "Passwords that may wait.", move || size.waiting)?;
    gauge(metrics, "spake_stretch_running", "Threads that stretch a password, or two.", move || {
        running.running()
    })?;
    gauge(metrics, "spake_stretch_threads", "Threads that stretch passwords.", move || size.threads)
}

fn about_redis(metrics: &Metrics, redis: &Arc<RedisStore>) -> Result<(), BadMetric> {
    let store = Arc::clone(redis);
    let help = "Connections to Redis that are open, and how many may be.";
    metrics.read(Reading::of("spake_redis_connections", help, &["pool", "state"], move || {
        let value = |pool: &'static str, state: &'static str, count: usize| {
            Value::of(count as u64).labelled(pool).labelled(state)
        };
        let pools = store.connections().into_iter();
        pools
            .flat_map(|pool| [value(pool.name, "open", pool.open), value(pool.name, "limit", pool.limit)])
            .collect()
    })?)?;
    let store = Arc::clone(redis);
    let help = "Attempts to connect to Redis.";
    let connects = move || {
        let connects = store.connects();
        vec![Value::of(connects.made).labelled("ok"), Value::of(connects.failed).labelled("failed")]
    };
    metrics.read(Reading::of("spake_redis_connects_total", help, &["outcome"], connects)?.counting())?;
    let store = Arc::clone(redis);
    let name = "spake_store_clock_skew_seconds";
    let help = "Redis' clock minus ours, at the last check of readiness.";
    let skew = move || store.clock_skew().map(Value::exact).into_iter().collect();
    metrics.read(Reading::of(name, help, &[], skew)?)
}

fn gauge(
    metrics: &Metrics,
    name: &str,
    help: &str,
    read: impl Fn() -> usize + Send + Sync + 'static,
) -> Result<(), BadMetric> {
    metrics.read(Reading::of(name, help, &[], move || vec![Value::of(read() as u64)])?)
}
