//! What is asked of the store: how long it took and what came of it.

use std::time::Duration;

use prometheus::{HistogramOpts, HistogramVec, IntGauge, Registry};

use super::added;
use crate::domain::ports::StoreError;

/// From a look into memory to the longest time-out that is of use, in seconds.
const BUCKETS: [f64; 13] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 2.5];

/// Durations and outcomes of the store's work, and whether it does any.
pub struct Operations {
    durations: HistogramVec,
    up: IntGauge,
}

impl Operations {
    pub(super) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let durations = HistogramOpts::new(
            "spake_store_request_duration_seconds",
            "Time that the store took, by what it was asked and what came of it.",
        );
        let durations = HistogramVec::new(durations.buckets(BUCKETS.to_vec()), &["operation", "outcome"])?;
        let up = IntGauge::new("spake_store_up", "Whether the store did what it was last asked.")?;
        let (durations, up) = (added(registry, durations)?, added(registry, up)?);
        // It was opened, or the service would not have started.
        up.set(1);
        Ok(Self { durations, up })
    }

    /// The store has answered, or has not.
    pub fn done(&self, operation: &'static str, error: Option<&StoreError>, took: Duration) {
        let (outcome, up) = match error {
            None => ("ok", 1),
            Some(StoreError::Unavailable(_)) => ("unavailable", 0),
            Some(StoreError::OutcomeUnknown(_)) => ("outcome_unknown", 0),
            // Something unreadable is that request's trouble.
            Some(StoreError::Corrupt(_)) => ("corrupt", 1),
        };
        self.durations.with_label_values(&[operation, outcome]).observe(took.as_secs_f64());
        self.note_up(up);
    }

    /// The store was looked at as a whole.
    pub fn checked(&self, works: bool, took: Duration) {
        let outcome = if works { "ok" } else { "unavailable" };
        self.durations.with_label_values(&["check", outcome]).observe(took.as_secs_f64());
        self.note_up(works.into());
    }

    /// Written only when it changes, for all threads read it.
    fn note_up(&self, up: i64) {
        if self.up.get() != up {
            self.up.set(up);
        }
    }
}
