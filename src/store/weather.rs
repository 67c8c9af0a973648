//! One log line when a store stops working and one when it works again, instead of one for every request.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::domain::ports::StoreError;

/// Whether one kind of work goes well, as far as the log has been told.
pub(super) struct Weather {
    work: &'static str,
    /// Changes so far: the work goes well after an even number of them.
    changes: AtomicU64,
}

/// The weather when an attempt began. What began before a change is no news about what came after it.
#[derive(Clone, Copy)]
pub(super) struct Outlook(u64);

impl Weather {
    /// For `work`, as in "the session file cannot be read".
    pub(super) const fn of(work: &'static str) -> Self {
        Self { work, changes: AtomicU64::new(0) }
    }

    /// To be asked before an attempt whose outcome will be observed.
    pub(super) fn outlook(&self) -> Outlook {
        Outlook(self.changes.load(Ordering::Relaxed))
    }

    /// Looks at the outcome of an attempt that began with `outlook`, says so if it is a change, and hands it on.
    pub(super) fn observe<T>(
        &self,
        outlook: Outlook,
        outcome: Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match &outcome {
            Err(error @ (StoreError::Unavailable(_) | StoreError::OutcomeUnknown(_))) => {
                if outlook.is_good() && self.changes_from(outlook) {
                    tracing::error!(%error, "{} fails; requests get 503 until it works again", self.work);
                }
            }
            // Something unreadable is that request's trouble.
            Ok(_) | Err(StoreError::Corrupt(_)) => {
                if !outlook.is_good() && self.changes_from(outlook) {
                    tracing::info!("{} works again", self.work);
                }
            }
        }
        outcome
    }

    /// Whether this is the first to see a change since.
    fn changes_from(&self, Outlook(changes): Outlook) -> bool {
        let next = changes.wrapping_add(1);
        self.changes.compare_exchange(changes, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

impl Outlook {
    const fn is_good(self) -> bool {
        self.0.is_multiple_of(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_began_before_a_change_does_not_undo_it() {
        let weather = Weather::of("work");
        let changes = || weather.outlook().0;
        let fails = || Err::<(), _>(StoreError::Unavailable(String::new()));
        let early = weather.outlook();
        assert!(weather.observe(early, fails()).is_err() && changes() == 1);
        assert!(weather.observe(early, fails()).is_err() && changes() == 1);
        assert!(weather.observe(early, Ok(())).is_ok() && changes() == 1, "answered before it failed");
        let meanwhile = weather.outlook();
        assert!(weather.observe(meanwhile, fails()).is_err() && changes() == 1);
        assert!(weather.observe(meanwhile, Ok(())).is_ok() && changes() == 2);
        assert!(weather.observe(meanwhile, fails()).is_err() && changes() == 2, "failed before it worked");
        let late = weather.outlook();
        assert!(weather.observe(late, Err::<(), _>(StoreError::Corrupt(String::new()))).is_err());
        assert!(weather.observe(late, Ok(())).is_ok() && changes() == 2);
    }
}
