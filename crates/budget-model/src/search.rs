//! Searching a model to its end.

use std::collections::{HashSet, VecDeque};
use std::fmt::{Debug, Display};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::time::{Duration, Instant};
use std::{iter, thread};

use stateright::{Checker, Model};

/// What a whole search has come to.
#[derive(Debug)]
pub struct Searched {
    /// How many states there are.
    pub states: usize,
    /// How long the shortest way to the last of them is, about.
    pub depth: usize,
    /// How long it took.
    pub took: Duration,
    /// The broken promises, each with the steps that break it.
    pub broken: Vec<(&'static str, String)>,
    /// What never happened and should: a model in which nothing happens keeps every promise.
    pub missing: Vec<&'static str>,
}

/// Visits every state of `model`.
pub fn everything<M>(model: M) -> Searched
where
    M: Model + Send + Sync + 'static,
    M::State: Clone + Debug + Hash + PartialEq + Send + Sync + 'static,
    M::Action: Clone + Debug + Display + PartialEq + Send + Sync + 'static,
{
    let began = Instant::now();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let checker = model.checker().threads(threads).spawn_bfs().join();
    let discoveries = checker.discoveries();
    let (mut broken, mut missing) = (Vec::new(), Vec::new());
    for property in checker.model().properties() {
        let failure = property.expectation.discovery_is_failure();
        match discoveries.get(property.name) {
            Some(path) if failure => {
                let steps = path.clone().into_actions();
                let steps: Vec<_> = steps.iter().map(ToString::to_string).collect();
                broken.push((property.name, told(&steps)));
            }
            None if !failure => missing.push(property.name),
            _ => {}
        }
    }
    Searched {
        states: checker.unique_state_count(),
        depth: checker.max_depth(),
        took: began.elapsed(),
        broken,
        missing,
    }
}

/// The fewest steps that break `promise`, told one a line; `None` if nothing breaks it.
///
/// Not the checker's own search: that goes on for a while after it has found something, and keeps what it found last.
pub fn counterexample<M>(model: &M, promise: &'static str) -> Option<String>
where
    M: Model,
    M::State: Hash,
    M::Action: Display,
{
    let holds = model.property(promise).condition;
    let mut seen = HashSet::new();
    let mut open: VecDeque<_> = model.init_states().into_iter().map(|state| (state, None)).collect();
    while let Some((state, way)) = open.pop_front() {
        if !holds(model, &state) {
            return Some(Step::story(way.as_ref()));
        }
        for (action, next) in model.next_steps(&state) {
            if model.within_boundary(&next) && seen.insert(hash_of(&next)) {
                open.push_back((next, Some(Rc::new(Step { action, before: way.clone() }))));
            }
        }
    }
    None
}

struct Step<Action> {
    action: Action,
    before: Option<Rc<Self>>,
}

impl<Action: Display> Step<Action> {
    fn story(last: Option<&Rc<Self>>) -> String {
        let mut steps: Vec<_> =
            iter::successors(last, |step| step.before.as_ref()).map(|step| step.action.to_string()).collect();
        steps.reverse();
        told(&steps)
    }
}

fn hash_of(state: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

fn told(steps: &[String]) -> String {
    let lines = steps.iter().enumerate().map(|(number, step)| format!("{:>3}. {step}\n", number + 1));
    lines.collect()
}
