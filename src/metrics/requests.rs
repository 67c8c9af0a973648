//! Requests: how long they took, by route and outcome, and which errors they met.

use std::sync::Arc;
use std::time::Instant;

use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};

use super::added;

/// From a status request in memory to what a client waits for at most, in seconds.
const BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0];

/// For requests to what is no route.
const UNKNOWN: &str = "unknown";

/// Durations and errors of requests.
pub struct Requests {
    durations: HistogramVec,
    errors: IntCounterVec,
}

impl Requests {
    pub(super) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let durations = HistogramOpts::new(
            "spake_http_request_duration_seconds",
            "Time from a request's head to its answer's, by route and class of status; abandoned: the caller went away.",
        );
        let durations =
            HistogramVec::new(durations.buckets(BUCKETS.to_vec()), &["method", "route", "status"])?;
        let errors = Opts::new("spake_http_errors_total", "Errors that were answered, by their stable code.");
        Ok(Self {
            durations: added(registry, durations)?,
            errors: added(registry, IntCounterVec::new(errors, &["code"])?)?,
        })
    }

    /// A request has come. `method` is one of HTTP's own, `route` the template that it matched.
    pub fn asked<R: AsRef<str>>(self: &Arc<Self>, method: &'static str, route: Option<R>) -> Asked<R> {
        Asked { requests: Arc::clone(self), method, route, begun: Instant::now(), status: "abandoned" }
    }
}

/// A request that is measured when this is dropped, answered or not.
pub struct Asked<R: AsRef<str>> {
    requests: Arc<Requests>,
    method: &'static str,
    route: Option<R>,
    begun: Instant,
    status: &'static str,
}

impl<R: AsRef<str>> Asked<R> {
    /// It has an answer, and the code of an error if it is one.
    pub fn answered(mut self, status: u16, error: Option<&'static str>) {
        self.status = match status {
            ..200 => "1xx",
            200..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            500.. => "5xx",
        };
        if let Some(code) = error {
            self.requests.errors.with_label_values(&[code]).inc();
        }
    }
}

/// A caller that goes away takes its request with it, not the measurement.
impl<R: AsRef<str>> Drop for Asked<R> {
    fn drop(&mut self) {
        let route = self.route.as_ref().map_or(UNKNOWN, AsRef::as_ref);
        let durations = self.requests.durations.with_label_values(&[self.method, route, self.status]);
        durations.observe(self.begun.elapsed().as_secs_f64());
    }
}
