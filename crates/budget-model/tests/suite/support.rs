//! The bounds, and what is asked of a search.

use std::fmt::{Debug, Display};
use std::hash::Hash;

use budget_model::login::design::{AS_DESIGNED, Design};
use budget_model::login::ledger::Counted;
use budget_model::login::store::Settings;
use budget_model::login::{Callers, Logins};
use budget_model::search;
use stateright::Model;

/// N = 2, a window of three ticks, sessions of two: long enough that an attempt outlives its session, that a shareP can
/// come back while its first attempt counts, and that two windows overlap.
pub(crate) const SETTINGS: Settings = Settings { guesses: 2, window: 3, ttl: 2 };

/// Any callers with the design as it is.
pub(crate) const fn logins(settings: Settings, shares: u8, in_flight: usize) -> Logins {
    Logins {
        settings,
        design: AS_DESIGNED,
        shares,
        in_flight,
        callers: Callers::Any,
        counted: Counted::ByCommit,
    }
}

/// The same callers with another design.
pub(crate) const fn with(design: Design, logins: Logins) -> Logins {
    Logins { design, ..logins }
}

/// Whether there is time for the larger bounds.
pub(crate) fn rounds() -> usize {
    std::env::var("SPAKE_TEST_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap())
}

/// Every promise holds in every state, and everything that should happen does in some.
pub(crate) fn holds<M>(what: &str, model: M)
where
    M: Model + Send + Sync + 'static,
    M::State: Clone + Debug + Hash + PartialEq + Send + Sync + 'static,
    M::Action: Clone + Debug + Display + PartialEq + Send + Sync + 'static,
{
    let searched = search::everything(model);
    let (states, depth, took) = (searched.states, searched.depth, searched.took);
    println!("{what}: {states} states, the last {depth} steps away, in {took:.1?}");
    for (promise, story) in &searched.broken {
        println!("{what}: broken: {promise}\n{story}");
    }
    assert!(searched.broken.is_empty(), "{what}");
    assert_eq!(searched.missing, Vec::<&str>::new(), "{what}");
}

/// `promise` does not hold.
pub(crate) fn is_refuted<M>(what: &str, model: &M, promise: &'static str)
where
    M: Model,
    M::State: Hash,
    M::Action: Display,
{
    let story = search::counterexample(model, promise);
    let story = story.unwrap_or_else(|| panic!("{what}: nothing breaks \"{promise}\""));
    println!("{what} breaks \"{promise}\":\n{story}");
}
