//! What the domain tells: what becomes of sessions, who is locked out, and how long passwords wait.

use std::time::Duration;

use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, Opts, Registry};

use super::added;
use crate::domain::ports::Meter;
use crate::domain::session::{Protocol, SessionEvent};

/// From a stretching at the least cost to a queue of a minute, in seconds.
const BUCKETS: [f64; 13] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

/// Counters of sessions and of stretching.
pub struct Happenings {
    /// Of each protocol and event, found without a lock and a hash.
    sessions: [[IntCounter; SessionEvent::ALL.len()]; 2],
    refused_logins: IntCounter,
    waited: Histogram,
    took: Histogram,
    refused_stretching: IntCounter,
}

impl Happenings {
    pub(super) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let sessions = Opts::new(
            "spake_session_events_total",
            "What became of sessions. A login is opened and answered at once; one that is never confirmed is a guess.",
        );
        let sessions = added(registry, IntCounterVec::new(sessions, &["protocol", "event"])?)?;
        // All there are from the start, so that a rate sees the first of them.
        let sessions = [Protocol::Spake2, Protocol::Spake2Plus].map(|protocol| {
            SessionEvent::ALL.map(|event| sessions.with_label_values(&[protocol.name(), event.name()]))
        });
        let counter = |name, help| added(registry, IntCounter::new(name, help)?);
        let histogram = |name, help| {
            let options = HistogramOpts::new(name, help).buckets(BUCKETS.to_vec());
            added(registry, Histogram::with_opts(options)?)
        };
        Ok(Self {
            sessions,
            refused_logins: counter(
                "spake_guess_budget_refusals_total",
                "Logins that were refused because a budget of guesses is used up.",
            )?,
            waited: histogram(
                "spake_stretch_wait_seconds",
                "Time that passwords waited for a thread to stretch them.",
            )?,
            took: histogram("spake_stretch_duration_seconds", "Time that stretching a password took.")?,
            refused_stretching: counter(
                "spake_stretch_refused_total",
                "Passwords that were not stretched because as many waited as may.",
            )?,
        })
    }
}

impl Meter for Happenings {
    fn session(&self, protocol: Protocol, event: SessionEvent) {
        let of_protocol = self.sessions.get(protocol as usize);
        if let Some(counter) = of_protocol.and_then(|events| events.get(event as usize)) {
            counter.inc();
        }
    }

    fn login_refused(&self) {
        self.refused_logins.inc();
    }

    fn stretched(&self, waited: Duration, took: Duration) {
        self.waited.observe(waited.as_secs_f64());
        self.took.observe(took.as_secs_f64());
    }

    fn stretching_refused(&self) {
        self.refused_stretching.inc();
    }
}
