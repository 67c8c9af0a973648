//! The search takes states of one hash for one state. If it did so wrongly, it would leave some out.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use budget_model::login::store::Settings;
use budget_model::login::{Logins, State};
use stateright::Model;

use crate::support::{SETTINGS, logins};

fn hash_of(state: &State) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

/// What can follow, and what the properties ask. A step that changes only names leads nowhere else.
fn future(model: &Logins, state: &State) -> (BTreeSet<u64>, Vec<bool>) {
    let mut next: BTreeSet<u64> = model.next_states(state).iter().map(hash_of).collect();
    next.insert(hash_of(state));
    let properties = model.properties();
    (next, properties.iter().map(|property| (property.condition)(model, state)).collect())
}

/// Compares every state with the first one of its hash, in every way in which it is reached.
fn assert_that_states_of_one_hash_have_one_future(model: &Logins) -> usize {
    let mut futures = HashMap::new();
    let mut open = VecDeque::from(model.init_states());
    while let Some(state) = open.pop_front() {
        let here = future(model, &state);
        match futures.entry(hash_of(&state)) {
            Entry::Occupied(known) => assert_eq!(known.get(), &here, "{state:#?}"),
            Entry::Vacant(new) => {
                new.insert(here);
                open.extend(model.next_states(&state));
            }
        }
    }
    futures.len()
}

#[test]
fn states_that_differ_in_names_alone_have_one_future() {
    let compared = [
        logins(Settings { guesses: 1, ..SETTINGS }, 2, 2),
        logins(Settings { guesses: 2, window: 2, ttl: 1 }, 2, 1),
    ];
    for model in &compared {
        let states = assert_that_states_of_one_hash_have_one_future(model);
        println!("{states} states compared");
    }
}
