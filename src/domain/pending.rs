//! What a write may have done is counted, also when nobody waits for its outcome any more.

use crate::domain::ports::Meter;
use crate::domain::session::{Protocol, SessionEvent};

/// Events that happen if the write under way is done.
///
/// A caller may go away before the store answers, and the answer may be lost. The write may be done then, and the same
/// request again is answered from what was stored and counts nothing: who hung up each time would guess unseen. So what
/// is in doubt counts; at worst a request that was given up and asked again counts twice.
pub(in crate::domain) struct Pending<'a, E: Iterator<Item = SessionEvent>> {
    meter: &'a dyn Meter,
    protocol: Protocol,
    events: Option<E>,
}

impl<'a, E: Iterator<Item = SessionEvent>> Pending<'a, E> {
    pub(in crate::domain) fn of(meter: &'a dyn Meter, protocol: Protocol, events: E) -> Self {
        Self { meter, protocol, events: Some(events) }
    }

    /// The write is known to be done, or known not to be.
    pub(in crate::domain) fn end(mut self, is_done: bool) {
        if !is_done {
            self.events = None;
        }
    }
}

impl<E: Iterator<Item = SessionEvent>> Drop for Pending<'_, E> {
    fn drop(&mut self) {
        for event in self.events.take().into_iter().flatten() {
            self.meter.session(self.protocol, event);
        }
    }
}
