//! One log line when a store stops working and one when it works again, instead of one for every request.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::domain::ports::StoreError;

/// Whether one kind of work goes well, as far as the log has been told.
pub(super) struct Weather {
    work: &'static str,
    fails: AtomicBool,
}

impl Weather {
    /// For `work`, as in "the session file cannot be read".
    pub(super) const fn of(work: &'static str) -> Self {
        Self { work, fails: AtomicBool::new(false) }
    }

    /// Looks at an outcome, says so if it is a change, and hands it on.
    pub(super) fn observe<T>(&self, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        match &outcome {
            Err(error @ (StoreError::Unavailable(_) | StoreError::OutcomeUnknown(_))) => {
                if !self.fails.swap(true, Ordering::Relaxed) {
                    tracing::error!(%error, "{} fails; requests get 503 until it works again", self.work);
                }
            }
            // Something unreadable is that request's trouble.
            Ok(_) | Err(StoreError::Corrupt(_)) => {
                if self.fails.load(Ordering::Relaxed) && self.fails.swap(false, Ordering::Relaxed) {
                    tracing::info!("{} works again", self.work);
                }
            }
        }
        outcome
    }
}
