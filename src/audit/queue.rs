//! Lines on their way to the thread that writes them: as many as fit, and a count of those that did not.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::line::gap;

/// Between those who record and the thread that writes.
pub(super) struct Queue {
    /// Bytes that may wait.
    capacity: usize,
    state: Mutex<State>,
    changed: Condvar,
    /// As the writer says.
    fails: AtomicBool,
}

#[derive(Default)]
struct State {
    lines: Vec<u8>,
    /// Lines that did not fit since the writer came last.
    lost: u64,
    /// Those before.
    lost_before: u64,
    /// The writer waits for a line.
    is_idle: bool,
    is_closing: bool,
    is_closed: bool,
}

impl Queue {
    pub(super) fn of(capacity: usize) -> Self {
        Self { capacity, state: Mutex::default(), changed: Condvar::new(), fails: AtomicBool::new(false) }
    }

    /// Adds a line if it fits. Who loses the first one says so, for the writer may hang.
    pub(super) fn push(&self, line: &[u8]) {
        let mut state = self.lock();
        if state.is_closed || state.lines.len() + line.len() > self.capacity {
            state.lost += 1;
            let is_first = state.lost == 1;
            drop(state);
            if is_first {
                tracing::error!("audit events are lost: the file does not take them as fast as they come");
            }
            return;
        }
        state.lines.extend_from_slice(line);
        if state.is_idle {
            state.is_idle = false;
            self.changed.notify_all();
        }
    }

    /// Waits for lines and takes them all; false when there will be none any more. A gap is marked where it is.
    pub(super) fn take(&self, batch: &mut Vec<u8>) -> bool {
        let mut state = self.lock();
        while state.lines.is_empty() && !state.is_closing {
            state.is_idle = true;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.is_idle = false;
        std::mem::swap(&mut state.lines, batch);
        let lost = std::mem::take(&mut state.lost);
        state.lost_before += lost;
        drop(state);
        if lost > 0 {
            batch.extend_from_slice(&gap(lost));
            tracing::warn!(lost, "audit events are taken again; those in between are lost");
        }
        !batch.is_empty()
    }

    /// Whether the writer cannot write what it takes.
    pub(super) fn fails(&self) -> bool {
        self.fails.load(Ordering::Relaxed)
    }

    pub(super) fn note_failing(&self, fails: bool) {
        self.fails.store(fails, Ordering::Relaxed);
    }

    /// How many lines did not fit, from the beginning.
    pub(super) fn lost(&self) -> u64 {
        let state = self.lock();
        state.lost_before + state.lost
    }

    /// Waits a while, or until the queue is to be closed; whether it is.
    pub(super) fn pause(&self, time: Duration) -> bool {
        let state = self.changed.wait_timeout_while(self.lock(), time, |state| !state.is_closing);
        state.unwrap_or_else(PoisonError::into_inner).0.is_closing
    }

    /// The writer has gone.
    pub(super) fn closed(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    /// Has the writer take what is left and go; gives it `time`. Whether it went.
    pub(super) fn close(&self, time: Duration) -> bool {
        let mut state = self.lock();
        state.is_closing = true;
        self.changed.notify_all();
        let state = self.changed.wait_timeout_while(state, time, |state| !state.is_closed);
        state.unwrap_or_else(PoisonError::into_inner).0.is_closed
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_lost_counted_and_marked_and_nobody_waits() {
        let queue = Queue::of(8);
        for line in [b"1\n", b"2\n", b"3\n", b"4\n", b"5\n", b"6\n"] {
            queue.push(line);
        }
        let mut batch = Vec::new();
        assert!(queue.take(&mut batch));
        let text = String::from_utf8(std::mem::take(&mut batch)).unwrap();
        assert!(text.starts_with("1\n2\n3\n4\n{") && text.ends_with(",\"lost\":2}\n"), "{text}");
        queue.push(b"7\n");
        assert!(queue.take(&mut batch));
        assert_eq!(std::mem::take(&mut batch), b"7\n", "the gap is marked once");
        assert_eq!(queue.lost(), 2, "and counted for good");
        assert!(!queue.close(Duration::ZERO), "nobody has written");
        assert!(!queue.take(&mut batch), "closed and empty");
    }
}
