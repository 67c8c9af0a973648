//! The checks. `cargo test -p budget-model -- --nocapture` prints the number of states, and the steps of each
//! counterexample.
//!
//! | module | what it shows |
//! |---|---|
//! | `logins` | the design keeps its promises in every order |
//! | `wrong_designs` | the same check refuses designs that do not |
//! | `names` | states that the search takes for one behave as one |
//! | `pairing` | both, for the one guess of a pairing session |

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod logins;
mod names;
mod pairing;
mod support;
mod wrong_designs;
