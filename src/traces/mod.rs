//! Traces: a span for each request, for what it asks of the store and for stretching, sent to an OpenTelemetry collector.
//!
//! | module | job |
//! |---|---|
//! | `export` | spans to the collector, over HTTP |
//! | `context` | a request's place in the caller's trace |
//!
//! Off unless a collector is named; then nothing here costs anything. What spans tell is what the log tells, and less:
//! no path, body, id of a session or credential, address or key; events of the log are no part of them.

mod context;
mod export;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry::{Key, KeyValue};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;
use ureq::tls::RootCerts;

pub use self::context::{Trace, begin};

/// What the last spans may hold up the end of the process.
const FLUSH_WITHIN: Duration = Duration::from_secs(2);

static IS_ON: AtomicBool = AtomicBool::new(false);

/// The target of spans that belong to no trace.
pub const NOT_TRACED: &str = "spake_service::not_traced";

/// Where traces go, and which.
pub struct Settings {
    /// Takes OTLP over HTTP: `http://collector:4318/v1/traces`.
    pub endpoint: String,
    /// Who must have signed its certificate.
    pub authorities: RootCerts,
    /// How long it may take for one batch.
    pub timeout: Duration,
    /// Which requests are traced, unless the caller has decided.
    pub share: f64,
    /// Whether a caller decides, by the flag in its `traceparent`.
    pub follows_parent: bool,
}

impl Settings {
    /// Where the collector is, without a password that its URL may have.
    pub fn place(&self) -> String {
        let Some((scheme, rest)) = self.endpoint.split_once("://") else { return String::new() };
        let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = address.rsplit('@').next().unwrap_or_default();
        format!("{scheme}://{host}/{path}")
    }
}

/// A collector that cannot be sent to.
#[derive(Debug, thiserror::Error)]
#[error("traces: {0}")]
pub struct CannotTrace(String);

/// Spans on their way to a collector.
#[derive(Clone)]
pub struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Starts the thread that sends. Nothing is connected yet: a collector may come later, or go.
    pub fn start(settings: Settings) -> Result<Self, CannotTrace> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(export::Client::new(settings.authorities, settings.timeout))
            .with_timeout(settings.timeout)
            .with_endpoint(settings.endpoint)
            .build()
            .map_err(|error| CannotTrace(error.to_string()))?;
        let share = Sampler::TraceIdRatioBased(settings.share);
        let sampler = if settings.follows_parent { Sampler::ParentBased(Box::new(share)) } else { share };
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(sampler)
            .with_resource(resource())
            .build();
        IS_ON.store(true, Ordering::Relaxed);
        Ok(Self { provider })
    }

    /// What makes spans of ours into spans of a trace.
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("spake-service"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(is_ours))
    }

    /// Sends what is left, if that does not take long.
    pub fn finish(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(FLUSH_WITHIN) {
            tracing::warn!(%error, "the last traces are lost");
        }
    }
}

/// The service's own spans, and no events.
fn is_ours(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let is_of_trace = target.starts_with("spake_service") && target != NOT_TRACED;
    metadata.is_span() && is_of_trace && *metadata.level() <= Level::DEBUG
}

/// `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` say who this is, or we do.
fn resource() -> Resource {
    let builder =
        || Resource::builder().with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    let said = builder().build();
    let name = said.get(&Key::new("service.name"));
    if name.is_some_and(|name| !name.as_str().starts_with("unknown_service")) {
        return said;
    }
    builder().with_service_name("spake-service").build()
}

fn is_on() -> bool {
    IS_ON.load(Ordering::Relaxed)
}
