//! How much the service takes on: of one caller, and at once.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;

/// The part of the net that is one caller: an IPv4 address, or the /64 that an IPv6 caller has to itself.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address => address,
    }
}

/// How often one caller may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Requests a second, in the long run.
    pub per_second: NonZeroU32,
    /// Requests at once, after a pause.
    pub burst: NonZeroU32,
}

/// What the service takes on.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Of one address, if it has no verified key; `None`: whatever comes.
    pub per_address: Option<Quota>,
    /// Of one verified key; `None`: whatever comes.
    pub per_key: Option<Quota>,
    /// Requests in work at once, of all callers.
    pub in_flight: usize,
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quota = |quota: Option<Quota>| match quota {
            Some(Quota { per_second, burst }) => format!("{per_second} requests a second, {burst} at once"),
            None => "none".to_owned(),
        };
        write!(
            f,
            "an address: {}; a key: {}; {} requests in work",
            quota(self.per_address),
            quota(self.per_key),
            self.in_flight
        )
    }
}
