//! A request's place in its caller's trace, by W3C's Trace Context: `traceparent` and `tracestate` come in, and
//! `traceresponse` goes out, so that a caller without a trace of its own can name this one.

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{Status, TraceContextExt};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::is_on;

/// The trace of a request.
pub struct Trace {
    span: Span,
    response: String,
}

/// Puts the request's span into its caller's trace, if `headers` name one, and otherwise at the beginning of one; `None` if
/// nothing is traced.
///
/// The span must have the empty fields `otel.kind`, `otel.name` and `trace_id`; the last is for the log.
pub fn begin(
    span: &Span,
    headers: &http::HeaderMap,
    method: &'static str,
    route: Option<&str>,
) -> Option<Trace> {
    if !is_on() {
        return None;
    }
    let parent = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
    // It fails for a span that nobody records.
    span.set_parent(parent).ok()?;
    span.record("otel.kind", "server");
    span.record("otel.name", format!("{method} {}", route.unwrap_or("unknown")));
    span.set_attribute("http.request.method", method);
    if let Some(route) = route {
        span.set_attribute("http.route", route.to_owned());
    }
    let context = span.context();
    let here = context.span().span_context().clone();
    span.record("trace_id", tracing::field::display(here.trace_id()));
    let flags = here.trace_flags().to_u8();
    let response = format!("00-{}-{}-{flags:02x}", here.trace_id(), here.span_id());
    Some(Trace { span: span.clone(), response })
}

impl Trace {
    /// The request has an answer; `error` is the code of one.
    pub fn answered(&self, status: u16, error: Option<&'static str>) {
        self.span.set_attribute("http.response.status_code", i64::from(status));
        if let Some(code) = error {
            self.span.set_attribute("error.type", code);
        }
        if status >= 500 {
            self.span.set_status(Status::error(error.unwrap_or_default()));
        }
    }

    /// What `traceresponse` says.
    pub fn response(&self) -> &str {
        &self.response
    }
}
