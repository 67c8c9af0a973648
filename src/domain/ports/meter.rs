//! Whoever counts what happens here, for operators.

use std::time::Duration;

use crate::domain::session::{Protocol, SessionEvent};

/// Told what happens, once it has. Must not block.
pub trait Meter: Send + Sync + 'static {
    /// A session of `protocol` has come to `event`.
    fn session(&self, protocol: Protocol, event: SessionEvent);

    /// A login was refused because a budget of guesses is used up.
    fn login_refused(&self);

    /// A password was stretched: how long it waited for a thread, and how long it took.
    fn stretched(&self, waited: Duration, took: Duration);

    /// A password was not, because as many waited as may.
    fn stretching_refused(&self);
}

/// Counts nothing.
pub struct Unmetered;

impl Meter for Unmetered {
    fn session(&self, _: Protocol, _: SessionEvent) {}

    fn login_refused(&self) {}

    fn stretched(&self, _: Duration, _: Duration) {}

    fn stretching_refused(&self) {}
}
