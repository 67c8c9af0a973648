//! How far the server's clock is from ours. Sessions and budgets go by the server's; what we judge by our own are
//! certificates and the expiry of API keys.

use std::sync::atomic::{AtomicI64, Ordering};

use redis::{FromRedisValue, cmd};

use super::RedisStore;
use super::call::Call;
use super::checks::Unfit;
use crate::domain::time::Timestamp;

/// In milliseconds; nothing before it was looked at.
pub(super) struct Skew(AtomicI64);

const UNKNOWN: i64 = i64::MIN;

impl Default for Skew {
    fn default() -> Self {
        Self(AtomicI64::new(UNKNOWN))
    }
}

impl RedisStore {
    /// The server's clock minus ours in seconds, as it was when readiness was checked last.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of some thousand years are exact")]
    pub fn clock_skew(&self) -> Option<f64> {
        Some(self.skew.0.load(Ordering::Relaxed))
            .filter(|skew| *skew != UNKNOWN)
            .map(|skew| skew as f64 / 1e3)
    }

    /// Looks at the server's clock (at that of one server of a Cluster). Whom it does not let look may not run a script that
    /// does, which is nearly all of them.
    pub(super) async fn compare_clocks(&self) -> Result<(), Unfit> {
        let before = Timestamp::wall();
        let answer = self.link.read_if_allowed(&Call::command(cmd("TIME"))).await?;
        let answer = answer.ok_or(Unfit::MayNotTellTime)?;
        // Its clock was read somewhere between.
        let ours = before.as_millis().midpoint(Timestamp::wall().as_millis());
        if let Ok((seconds, micros)) = <(i64, i64)>::from_redis_value(answer) {
            let theirs = seconds.saturating_mul(1000).saturating_add(micros / 1000);
            self.skew.0.store(theirs.saturating_sub_unsigned(ours), Ordering::Relaxed);
        }
        Ok(())
    }
}
