//! What the service does, without saying over which protocol it is asked or where it keeps things:
//! no axum, no Redis, no redb below this line.
//!
//! | module | job |
//! |---|---|
//! | [`pairing`] | the use cases: initiate, exchange, confirm, status, secret, cleanup, list |
//! | [`session`] | one pairing session as a pure state machine |
//! | [`ports`] | what a store must offer (traits), implemented in [`crate::store`] |
//! | [`sealing`] | key ring and envelope: what makes a stored record unreadable |
//! | [`codec`] | records to bytes and back |
//! | [`keyspace`] | the facts that all sessions of one store share |
//! | [`fingerprint`] | how a repeated request is recognised |
//! | [`stretching`] | the bounded pool that turns passwords into scalars |
//! | [`access`] | who may call |
//! | [`ids`], [`time`], [`random`] | small types of the edge |

pub mod access;
pub mod codec;
pub mod fingerprint;
pub mod ids;
pub mod keyspace;
pub mod pairing;
pub mod ports;
pub mod random;
pub mod sealing;
pub mod session;
pub mod stretching;
pub mod time;
