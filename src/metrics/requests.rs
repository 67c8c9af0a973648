//! Requests: how long they took, by route and outcome, and which errors they met.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};

use super::added;

/// From a status request in memory to what a client waits for at most, in seconds.
const BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0];

/// For requests to what is no route.
const UNKNOWN: &str = "unknown";

/// Classes of status, and what becomes of a request whose caller goes away.
const OUTCOMES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "abandoned"];
const ABANDONED: usize = 5;

/// A method and the template of a path.
pub type Route = (&'static str, &'static str);

/// Durations and errors of requests.
pub struct Requests {
    durations: HistogramVec,
    /// Those of each path, method and outcome, found without a lock.
    of_routes: HashMap<&'static str, HashMap<&'static str, ByOutcome>>,
    errors: IntCounterVec,
}

type ByOutcome = [OnceLock<Histogram>; OUTCOMES.len()];

impl Requests {
    pub(super) fn register(
        registry: &Registry,
        routes: impl IntoIterator<Item = Route>,
    ) -> prometheus::Result<Self> {
        let durations = HistogramOpts::new(
            "spake_http_request_duration_seconds",
            "Time from a request's head to its answer's, by route and class of status; abandoned: the caller went away.",
        );
        let durations =
            HistogramVec::new(durations.buckets(BUCKETS.to_vec()), &["method", "route", "status"])?;
        let errors = Opts::new("spake_http_errors_total", "Errors that were answered, by their stable code.");
        let errors = added(registry, IntCounterVec::new(errors, &["code"])?)?;
        // There from the start, so that the first fault of ours is a rise.
        errors.with_label_values(&["internal"]);
        let mut of_routes: HashMap<_, HashMap<_, ByOutcome>> = HashMap::new();
        for (method, path) in routes {
            of_routes.entry(path).or_default().insert(method, ByOutcome::default());
        }
        Ok(Self { durations: added(registry, durations)?, of_routes, errors })
    }

    /// A request has come. `method` is one of HTTP's own, `route` the template that its path matched.
    pub fn asked<R: AsRef<str>>(self: &Arc<Self>, method: &'static str, route: Option<R>) -> Asked<R> {
        Asked { requests: Arc::clone(self), method, route, begun: Instant::now(), outcome: ABANDONED }
    }

    fn observe(&self, method: &'static str, route: &str, outcome: usize, took: Duration) {
        let name = OUTCOMES.get(outcome).copied().unwrap_or_default();
        let series = || self.durations.with_label_values(&[method, route, name]);
        let of_route = self.of_routes.get(route).and_then(|methods| methods.get(method)?.get(outcome));
        let took = took.as_secs_f64();
        match of_route {
            Some(of_route) => of_route.get_or_init(series).observe(took),
            None => series().observe(took),
        }
    }
}

/// A request that is measured when this is dropped, answered or not.
pub struct Asked<R: AsRef<str>> {
    requests: Arc<Requests>,
    method: &'static str,
    route: Option<R>,
    begun: Instant,
    outcome: usize,
}

impl<R: AsRef<str>> Asked<R> {
    /// It has an answer, and the code of an error if it is one.
    pub fn answered(mut self, status: u16, error: Option<&'static str>) {
        self.outcome = usize::from(status / 100).saturating_sub(1).min(ABANDONED - 1);
        if let Some(code) = error {
            self.requests.errors.with_label_values(&[code]).inc();
        }
    }
}

/// A caller that goes away takes its request with it, not the measurement.
impl<R: AsRef<str>> Drop for Asked<R> {
    fn drop(&mut self) {
        let route = self.route.as_ref().map_or(UNKNOWN, AsRef::as_ref);
        self.requests.observe(self.method, route, self.outcome, self.begun.elapsed());
    }
}
