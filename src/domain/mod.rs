//! What the service does, without saying over which protocol it is asked or where it keeps things:
//! no axum, no Redis, no redb below this line.
//!
//! | module | job |
//! |---|---|
//! | [`pairing`] | the use cases of SPAKE2: initiate, exchange |
//! | [`accounts`] | the use cases of SPAKE2+: credentials, login, the budget of guesses |
//! | [`sessions`] | the use cases of both: confirm, status, secret, cleanup, list |
//! | [`session`] | one session as a pure state machine |
//! | [`refusal`] | what can go wrong, by blame |
//! | [`ports`] | what a store must offer (traits), implemented in [`crate::store`] |
//! | [`sealing`] | key ring and envelope: what makes a stored record unreadable |
//! | [`codec`] | records to bytes and back |
//! | [`keyspace`] | the facts that all sessions of one store share |
//! | [`fingerprint`] | how a repeated request is recognised |
//! | [`stretching`] | the bounded pool that turns passwords into scalars |
//! | [`access`] | who may call |
//! | [`audit`] | who did what: events, and tags in place of ids |
//! | [`limits`] | how much the service takes on |
//! | [`ids`], [`time`], [`random`] | small types of the edge |

pub mod access;
pub mod accounts;
pub mod audit;
pub mod codec;
pub mod fingerprint;
pub mod ids;
pub mod keyspace;
pub mod limits;
pub mod pairing;
mod pending;
pub mod ports;
pub mod random;
mod records;
pub mod refusal;
pub mod sealing;
pub mod session;
pub mod sessions;
pub mod stretching;
pub mod time;
