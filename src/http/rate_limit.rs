//! How often one caller may ask: by its verified key if it has one, else by its address.
//!
//! Counted in this process alone, so several services together allow several times as much: this sheds load. What
//! must be exact over all of them (guesses) is counted in the store.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, request};
use axum::response::{IntoResponse, Response};
use governor::clock::Clock;
use governor::middleware::StateInformationMiddleware;
use tower_governor::GovernorError;
use tower_governor::governor::{GovernorConfig, GovernorConfigBuilder};
use tower_governor::key_extractor::KeyExtractor;

use super::access::Identified;
use super::client_address::ClientAddress;
use super::error::ApiError;
use crate::domain::access::KeyName;
use crate::domain::limits::{Limits, Quota, network};

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Whose requests are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Bucket {
    /// Those of an API key that was verified: invented ones would make buckets.
    Key(KeyName),
    /// Those of an address, or of the /64 that an IPv6 caller has to itself.
    Address(IpAddr),
}

/// How a request's bucket is found.
#[derive(Debug, Clone, Copy)]
struct ByCaller;

impl KeyExtractor for ByCaller {
    type Key = Bucket;

    fn extract<T>(&self, request: &request::Request<T>) -> Result<Bucket, GovernorError> {
        let (Some(Identified(caller)), Some(ClientAddress(address))) =
            (request.extensions().get(), request.extensions().get())
        else {
            return Err(GovernorError::UnableToExtractKey);
        };
        let key = caller.as_ref().ok().and_then(|caller| caller.key.clone());
        Ok(key.map_or_else(|| Bucket::Address(network(*address)), Bucket::Key))
    }
}

/// The quotas, and what is used of them.
#[derive(Clone)]
pub struct RateLimits {
    addresses: Option<Arc<Counters>>,
    keys: Option<Arc<Counters>>,
}

impl RateLimits {
    /// Nothing is used yet.
    pub fn new(limits: &Limits) -> Self {
        let counters = |quota: Option<Quota>| quota.and_then(Counters::new).map(Arc::new);
        Self { addresses: counters(limits.per_address), keys: counters(limits.per_key) }
    }

    /// Frees the memory of callers whose whole burst is there again. Done now and then, it bounds what a flood of
    /// addresses can take up.
    pub fn forget_the_idle(&self) {
        for (name, counters) in [("addresses", &self.addresses), ("keys", &self.keys)] {
            if let Some(forgotten) = counters.as_ref().and_then(|counters| counters.forget_the_idle()) {
                tracing::debug!(of = name, forgotten.before, forgotten.left, "rate limits forgotten");
            }
        }
    }

    /// Counts a request. `None`: its caller has no limit.
    fn count(&self, bucket: &Bucket) -> Option<Standing> {
        let counters = match bucket {
            Bucket::Key(_) => &self.keys,
            Bucket::Address(_) => &self.addresses,
        };
        counters.as_ref().map(|counters| counters.count(bucket))
    }
}

struct Counters {
    quota: Quota,
    /// Time in which one more request is allowed.
    period: Duration,
    governor: GovernorConfig<ByCaller, StateInformationMiddleware>,
}

struct Forgotten {
    before: usize,
    left: usize,
}

impl Counters {
    fn new(quota: Quota) -> Option<Self> {
        let period = Duration::from_secs(1) / quota.per_second.get();
        let mut builder = GovernorConfigBuilder::default().key_extractor(ByCaller).use_headers();
        let governor = builder.period(period).burst_size(quota.burst.get()).finish()?;
        Some(Self { quota, period, governor })
    }

    fn count(&self, bucket: &Bucket) -> Standing {
        let limiter = self.governor.limiter();
        let limit = self.quota.burst.get();
        let (remaining, wait) = match limiter.check_key(bucket) {
            Ok(state) => (state.remaining_burst_capacity(), None),
            Err(not_until) => (0, Some(not_until.wait_time_from(limiter.clock().now()))),
        };
        Standing { limit, remaining, full_in: self.period * limit.saturating_sub(remaining), wait }
    }

    fn forget_the_idle(&self) -> Option<Forgotten> {
        let limiter = self.governor.limiter();
        let before = limiter.len();
        limiter.retain_recent();
        limiter.shrink_to_fit();
        (before > 0).then(|| Forgotten { before, left: limiter.len() })
    }
}

/// Where a caller is with its quota, after a request.
struct Standing {
    limit: u32,
    remaining: u32,
    /// When its whole burst is there again, if it does not ask meanwhile.
    full_in: Duration,
    /// When it may ask again, if it may not now.
    wait: Option<Duration>,
}

impl Standing {
    fn show(&self, headers: &mut HeaderMap) {
        headers.insert(LIMIT, HeaderValue::from(self.limit));
        headers.insert(REMAINING, HeaderValue::from(self.remaining));
        headers.insert(RESET, HeaderValue::from(seconds(self.full_in)));
    }
}

/// Rounded up: when they are over, so is the wait.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// Lets `work` answer, unless the caller has to wait; and tells a caller that has a limit where it is with it.
pub(super) async fn limited<F>(
    limits: &RateLimits,
    request: Request,
    work: impl FnOnce(Request) -> F,
) -> Response
where
    F: Future<Output = Response>,
{
    let standing = match ByCaller.extract(&request) {
        Ok(bucket) => limits.count(&bucket),
        Err(error) => return ApiError::internal(error.to_string()).into_response(),
    };
    let Some(standing) = standing else {
        return work(request).await;
    };
    let mut response = match standing.wait {
        None => work(request).await,
        Some(wait) => ApiError::rate_limited(seconds(wait).max(1)).into_response(),
    };
    standing.show(response.headers_mut());
    response
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn quota(per_second: u32, burst: u32) -> Option<Quota> {
        let number = |number| NonZeroU32::new(number).unwrap();
        Some(Quota { per_second: number(per_second), burst: number(burst) })
    }

    fn limits(per_address: Option<Quota>, per_key: Option<Quota>) -> RateLimits {
        RateLimits::new(&Limits { per_address, per_key, in_flight: 1 })
    }

    fn address(text: &str) -> Bucket {
        Bucket::Address(network(text.parse().unwrap()))
    }

    #[test]
    fn a_key_and_an_address_have_quotas_of_their_own() {
        let limits = limits(quota(1, 1), quota(1, 2));
        let key = Bucket::Key(KeyName::parse("backend").unwrap());
        assert!(limits.count(&key).unwrap().wait.is_none());
        assert!(limits.count(&key).unwrap().wait.is_none());
        assert!(limits.count(&key).unwrap().wait.is_some());
        assert!(limits.count(&Bucket::Key(KeyName::parse("other").unwrap())).unwrap().wait.is_none());
        assert!(limits.count(&address("192.0.2.1")).unwrap().wait.is_none());
        assert!(limits.count(&address("192.0.2.1")).unwrap().wait.is_some());
    }

    #[test]
    fn a_quota_that_is_off_counts_nothing() {
        let limits = limits(None, None);
        assert!(limits.count(&address("192.0.2.1")).is_none());
        assert!(limits.count(&Bucket::Key(KeyName::parse("backend").unwrap())).is_none());
    }

    #[test]
    fn an_ipv6_caller_is_its_slash_64() {
        assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff::9"));
        assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
        assert_ne!(address("192.0.2.1"), address("192.0.2.2"));
    }

    #[test]
    fn what_is_left_and_when_all_is_there_again_is_told() {
        let limits = limits(quota(2, 5), None);
        for remaining in (0..5).rev() {
            let standing = limits.count(&address("192.0.2.1")).unwrap();
            assert_eq!((standing.limit, standing.remaining), (5, remaining));
            assert_eq!(standing.full_in, Duration::from_millis(500) * (5 - remaining));
        }
        let refused = limits.count(&address("192.0.2.1")).unwrap();
        assert!(refused.wait.unwrap() <= Duration::from_millis(500));
        assert_eq!((refused.remaining, refused.full_in), (0, Duration::from_millis(2500)));
    }

    #[test]
    fn seconds_are_rounded_up() {
        for (milliseconds, rounded) in [(0, 0), (1, 1), (999, 1), (1000, 1), (1001, 2)] {
            assert_eq!(seconds(Duration::from_millis(milliseconds)), rounded);
        }
    }

    #[test]
    fn who_has_its_burst_again_is_forgotten_and_who_has_not_is_not() {
        let limits = limits(quota(1000, 1_000_000), None);
        let counters = limits.addresses.as_ref().unwrap();
        let busy = address("192.0.2.1");
        for _ in 0..200_000 {
            limits.count(&busy);
        }
        for number in 0..10_000_u32 {
            limits.count(&Bucket::Address(IpAddr::from(number.to_be_bytes())));
        }
        while counters.governor.limiter().len() > 1 {
            limits.forget_the_idle();
        }
        assert!(limits.count(&busy).unwrap().remaining < 999_999, "the busy one is still counted");
    }
}
