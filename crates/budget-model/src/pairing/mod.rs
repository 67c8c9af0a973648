//! One pairing session's id, and everyone who knows it: `create.lua`, `replace.lua` and `delete.lua` around
//! [`session`], in every order, with replicas that die and scripts that run twice. No clock: a session that expires is
//! one that is removed.

pub mod session;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use stateright::{Model, Property};

use crate::fate::Fate;
use session::{Answer, ConfirmationA, Draw, Progress, Request, Share};

/// The promises about it.
pub mod promise {
    /// What is told about guesses is told about one.
    pub const ONE_GUESS: &str = "at most one guess is judged";
    /// No two shares get an answer.
    pub const ONE_EXCHANGE: &str = "a session is exchanged once";
    /// "Confirmed" or "failed", once told, is what it stays.
    pub const ONE_OUTCOME: &str = "a session has one outcome";
}

/// The model.
#[derive(Debug, Clone, Copy)]
pub struct Pairing {
    /// How the store replaces a state, and when a replica answers.
    pub design: Design,
    /// How many times the id is initiated; all but the first find it taken, unless it was removed.
    pub initiates: u8,
    /// How many requests may be between two store operations at once.
    pub in_flight: usize,
    /// Whether a copy of `create.lua` may outlive the session that it made. Then that session comes back to life, and
    /// with it the guess: nothing in the store remembers it.
    pub late_creates: bool,
}

/// The design, and two that are wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Design {
    /// The write replaces what was read, and the answer leaves if it did.
    AsDesigned,
    /// The write replaces whatever is there.
    LastWriteWins,
    /// The answer leaves before the write.
    AnswerFirst,
}

/// The session's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stored {
    sealed: Draw,
    initiate: Draw,
    progress: Progress,
}

/// A script that is on its way to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// `create.lua` of an initiate.
    Create(Draw),
    /// `replace.lua`.
    Replace {
        /// The initiate whose session was read.
        initiate: Draw,
        /// The state that was read.
        read: Draw,
        /// What the new state is sealed with.
        sealed: Draw,
        /// The new state.
        next: Progress,
        /// What is answered once it is written.
        answer: Answer,
    },
}

/// What was told of one initiate's session.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Told {
    shares: BTreeSet<Share>,
    guesses: BTreeSet<ConfirmationA>,
}

/// Store, replicas, and what was told, between two steps.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    stored: Option<Stored>,
    operations: Vec<Operation>,
    told: BTreeMap<Draw, Told>,
    initiates: u8,
}

/// What can happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The backend initiates.
    Initiate,
    /// A request reaches a replica, which reads.
    Ask(Request),
    /// A script runs.
    Run(Operation, Fate),
    /// The replica dies before its script runs.
    Crash(Operation),
    /// `delete.lua`, or the session's end.
    Remove,
}

const SHARES: [Share; 2] = [Share(0), Share(1)];
const GUESSES: [ConfirmationA; 3] = [ConfirmationA::Right, ConfirmationA::Wrong(0), ConfirmationA::Wrong(1)];

fn requests() -> impl Iterator<Item = Request> {
    let exchanges = SHARES.into_iter().flat_map(|share| {
        let guesses = GUESSES.into_iter().map(Some).chain([None]);
        guesses.map(move |guess| Request::Exchange(share, guess))
    });
    exchanges.chain(GUESSES.into_iter().map(Request::Confirm))
}

impl State {
    /// A draw that nothing names any more is as good as a new one, and keeps the model finite.
    fn draw(&self) -> Draw {
        let mut named: BTreeSet<Draw> = self.told.keys().copied().collect();
        named.extend(self.stored.iter().flat_map(|stored| [stored.sealed, stored.initiate]));
        for operation in &self.operations {
            match operation {
                Operation::Create(draw) => named.extend([*draw]),
                Operation::Replace { initiate, read, sealed, .. } => {
                    named.extend([*initiate, *read, *sealed]);
                }
            }
        }
        (0..u8::MAX).map(Draw).find(|draw| !named.contains(draw)).unwrap_or(Draw(u8::MAX))
    }

    fn ask(&mut self, design: Design, request: Request) {
        let Some(read) = self.stored else { return };
        let step = read.progress.step(request);
        let sealed = self.draw();
        if let Some(next) = step.write {
            self.operations.push(Operation::Replace {
                initiate: read.initiate,
                read: read.sealed,
                sealed,
                next,
                answer: step.answer,
            });
        }
        if step.write.is_none() || design == Design::AnswerFirst {
            self.tell(read.initiate, step.answer);
        }
        self.operations.sort_unstable();
    }

    /// Runs a script, and says whether it won.
    fn run(&mut self, design: Design, operation: Operation) -> bool {
        match (operation, &mut self.stored) {
            (Operation::Create(draw), Some(there)) => there.sealed == draw,
            (Operation::Create(draw), empty) => {
                *empty = Some(Stored { sealed: draw, initiate: draw, progress: Progress::Initiated });
                true
            }
            (Operation::Replace { sealed, read, next, .. }, Some(there)) => {
                if there.sealed == sealed {
                    return true;
                }
                if there.sealed != read && design != Design::LastWriteWins {
                    return false;
                }
                (there.sealed, there.progress) = (sealed, next);
                true
            }
            (Operation::Replace { .. }, None) => false,
        }
    }

    fn tell(&mut self, initiate: Draw, answer: Answer) {
        let told = self.told.entry(initiate).or_default();
        match answer {
            Answer::Refused => {}
            Answer::Exchanged(share) => {
                told.shares.insert(share);
            }
            Answer::Confirmed(share) => {
                told.shares.insert(share);
                told.guesses.insert(ConfirmationA::Right);
            }
            Answer::Failed(guess) => {
                told.guesses.insert(guess);
            }
        }
    }

    fn end(&mut self, operation: Operation) {
        if let Some(place) = self.operations.iter().position(|other| *other == operation) {
            self.operations.remove(place);
        }
    }

    /// Whether the session is not what was told of it.
    fn contradicts_what_was_told(&self) -> bool {
        let Some(stored) = self.stored else { return false };
        let Some(told) = self.told.get(&stored.initiate) else { return false };
        let is_confirmed = matches!(stored.progress, Progress::Confirmed(_));
        let is_failed = matches!(stored.progress, Progress::Failed(_));
        told.guesses.iter().any(|guess| match guess {
            ConfirmationA::Right => !is_confirmed,
            ConfirmationA::Wrong(_) => !is_failed,
        })
    }

    fn has_a_create_of_its_own_session(&self) -> bool {
        let own = |stored: &Stored| self.operations.contains(&Operation::Create(stored.initiate));
        self.stored.as_ref().is_some_and(own)
    }
}

impl Model for Pairing {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let (operations, told) = (Vec::new(), BTreeMap::new());
        vec![State { stored: None, operations, told, initiates: 0 }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.operations.len() < self.in_flight {
            actions.extend((state.initiates < self.initiates).then_some(Action::Initiate));
            actions.extend(state.stored.iter().flat_map(|_| requests()).map(Action::Ask));
        }
        for operation in &state.operations {
            actions.push(Action::Crash(*operation));
            actions.extend(Fate::ALL.map(|fate| Action::Run(*operation, fate)));
        }
        if state.stored.is_some() && (self.late_creates || !state.has_a_create_of_its_own_session()) {
            actions.push(Action::Remove);
        }
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut state = before.clone();
        match action {
            Action::Initiate => {
                let draw = state.draw();
                state.initiates += 1;
                state.told.insert(draw, Told::default());
                state.operations.push(Operation::Create(draw));
                state.operations.sort_unstable();
            }
            Action::Ask(request) => state.ask(self.design, request),
            Action::Run(operation, fate) => {
                let won = state.run(self.design, operation);
                if !fate.is_sent_again() {
                    state.end(operation);
                }
                if let Operation::Replace { initiate, answer, .. } = operation
                    && fate.is_heard()
                    && won
                    && self.design != Design::AnswerFirst
                {
                    state.tell(initiate, answer);
                }
            }
            Action::Crash(operation) => state.end(operation),
            Action::Remove => state.stored = None,
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(promise::ONE_GUESS, |_, state: &State| {
                state.told.values().all(|told| told.guesses.len() <= 1)
            }),
            Property::always(promise::ONE_EXCHANGE, |_, state: &State| {
                state.told.values().all(|told| told.shares.len() <= 1)
            }),
            Property::always(promise::ONE_OUTCOME, |_, state: &State| !state.contradicts_what_was_told()),
            Property::sometimes("a session is confirmed", |_, state: &State| {
                state.stored.is_some_and(|stored| matches!(stored.progress, Progress::Confirmed(_)))
            }),
            Property::sometimes("a session is burned", |_, state: &State| {
                state.stored.is_some_and(|stored| matches!(stored.progress, Progress::Failed(_)))
            }),
        ]
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Initiate => write!(f, "initiate"),
            Self::Ask(request) => write!(f, "{request:?} reads"),
            Self::Run(Operation::Create(_), fate) => write!(f, "create runs: {fate:?}"),
            Self::Run(Operation::Replace { next, .. }, fate) => {
                write!(f, "replace by {next:?} runs: {fate:?}")
            }
            Self::Crash(_) => write!(f, "a replica dies"),
            Self::Remove => write!(f, "the session is removed"),
        }
    }
}
