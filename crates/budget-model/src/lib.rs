//! The guess budget and the life of a session, checked in every order in which their steps can happen.
//!
//! Tests try some interleavings; the promises are about all of them. So this crate states the store's scripts a second
//! time, as plain functions over a store that a model checker can copy, and lets callers, replicas, clocks and lost
//! replies act in every possible order until no new state is left. Nothing of the service depends on it.
//!
//! | module | what it is | read it next to |
//! |---|---|---|
//! | [`login::store`], [`login::scripts`] | the keys of one credential, and its scripts | `src/store/redis/lua/` |
//! | [`login`] | who may do what, and when | the design's "A session's life" |
//! | [`login::ledger`] | the promises, judged without looking at the budget that is to keep them | "The guess budget" |
//! | [`login::design`], [`login::wrong`] | the design, and designs known to be wrong, which the same check must refuse | |
//! | [`login::names`] | why the search ends | |
//! | [`pairing::session`], [`pairing`] | the same for the one guess of a pairing session | `src/domain/session` |
//! | [`fate`] | crashes, lost replies, scripts that run twice | |
//! | [`search`] | how a model is searched, and a counterexample told | |
//!
//! **Assumed:** the store runs each script as a whole, its clock does not run backwards, it loses no write that it
//! acknowledged, and what is drawn at random is never drawn twice.
//!
//! **Not here:** the optional second budget per caller address, which is debited in the same script, and what an
//! outsider can see of a credential; tests of the service are for those.

pub mod fate;
pub mod login;
pub mod pairing;
pub mod search;
