//! The CPU time of this thread.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What `work` gives, and the CPU time that it took.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = now();
    let done = std::hint::black_box(work());
    (done, now().saturating_sub(start))
}

fn now() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}
