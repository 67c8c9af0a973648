//! How long and how much.

use std::time::Duration;

/// Of a round each part is measured once; rounds are repeated, so that all parts see the same hours of a machine.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    pub(super) is_quick: bool,
    pub(super) rounds: usize,
    /// Of a closed loop.
    pub(super) slice: Duration,
    /// Of an open loop.
    pub(super) paced: Duration,
    /// Of an operation in a process by itself.
    pub(super) bare: Duration,
    pub(super) callers: usize,
    /// Of PBKDF2, for a pairing's password.
    pub(super) iterations: u32,
    /// Logins a second in the open loops. The first is that of the flood.
    pub(super) rates: [u32; 2],
    pub(super) plain_connections: usize,
    pub(super) open_sessions: u64,
}

impl Plan {
    pub(super) const FULL: Self = Self {
        is_quick: false,
        rounds: 5,
        slice: Duration::from_secs(2),
        paced: Duration::from_secs(5),
        bare: Duration::from_millis(300),
        callers: 16,
        iterations: 600_000,
        rates: [200, 500],
        plain_connections: 10_000,
        open_sessions: 100_000,
    };

    /// Shows that everything works; its figures mean little.
    pub(super) const QUICK: Self = Self {
        is_quick: true,
        rounds: 1,
        slice: Duration::from_millis(100),
        paced: Duration::from_millis(200),
        bare: Duration::from_millis(1),
        callers: 4,
        iterations: 100_000,
        rates: [50, 100],
        plain_connections: 50,
        open_sessions: 100,
    };
}
