//! Adapters of the ports in [`crate::domain::ports`]: where sessions live.
//!
//! All of them pass one conformance suite, `tests/it/conformance.rs`.

pub mod embedded;
mod metered;
pub mod redis;
mod weather;

pub use self::metered::Metered;
