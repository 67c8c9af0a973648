//! Logins: who may do what, and when.
//!
//! Replicas keep nothing between requests, so how many there are shows only in how many requests are between two of
//! their store operations at once: [`Logins::in_flight`]. A replica that is killed takes requests of its own with it,
//! and requests die one by one here in every order, so every set of them does. What a caller repeats is one request
//! more. The number of requests, crashes, re-sent scripts and ticks has no bound: see [`names`].

pub mod design;
pub mod ledger;
pub mod names;
pub mod replica;
pub mod scripts;
pub mod store;
pub mod wrong;

use std::fmt;

use stateright::{Model, Property};

use crate::fate::Fate;
use design::Design;
use ledger::{Counted, Ledger, Promise};
use replica::{Event, Operation, Reply};
use store::{ConfirmP, Draw, Generation, Settings, Share, Status, Store};

/// One credential, and everyone who logs in with it.
#[derive(Debug, Clone)]
pub struct Logins {
    /// N, W and the sessions' life.
    pub settings: Settings,
    /// Which scripts the replicas call.
    pub design: Design,
    /// How many different shareP there are.
    pub shares: u8,
    /// How many requests may be between two store operations at once.
    pub in_flight: usize,
    /// Who logs in.
    pub callers: Callers,
    /// Which answers are in one window.
    pub counted: Counted,
}

/// Who logs in, and what goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Callers {
    /// Anyone, with any password, at once, while replicas die and credentials change.
    Any,
    /// One who knows the password, and finishes each login before the next, while nothing goes wrong.
    Good,
}

/// What can happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The store's clock moves on.
    Tick,
    /// A login reaches a replica, which reads.
    Login(Share),
    /// A confirmP reaches a replica, which reads.
    Confirm(Share, ConfirmP),
    /// A script runs.
    Run(Operation, Fate),
    /// The replica dies before its script runs.
    Crash(Operation),
    /// The credential is registered or replaced.
    Put,
    /// The credential is deleted.
    Delete,
    /// An administrator removes a session.
    Cleanup(Share),
}

/// Store, replicas and ledger between two steps.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The store.
    pub store: Store,
    /// What the replicas are about to do.
    pub operations: Vec<Operation>,
    /// What has left.
    pub ledger: Ledger,
    /// The first promise that was broken; then the search goes no further.
    pub broken: Option<Promise>,
    draws: u32,
    generations: u32,
}

impl State {
    fn draw(&mut self) -> Draw {
        self.draws += 1;
        Draw(self.draws)
    }
}

impl Logins {
    /// The actions of [`Callers::Any`].
    fn any(&self, state: &State, actions: &mut Vec<Action>) {
        actions.extend([Action::Tick, Action::Put]);
        if state.store.credential.is_some() {
            actions.push(Action::Delete);
        }
        for share in (0..self.shares).map(Share) {
            let session = state.store.sessions.get(&share);
            if session.is_some() {
                actions.push(Action::Cleanup(share));
            }
            if state.operations.len() < self.in_flight {
                actions.push(Action::Login(share));
                actions.extend(session.map(|_| Action::Confirm(share, ConfirmP::Wrong)));
                // confirmP is made from shareV, and the decoy has no password.
                let right = session.filter(|s| s.generation.is_some() && state.ledger.may_know(s));
                actions.extend(right.map(|_| Action::Confirm(share, ConfirmP::Right)));
            }
        }
        for operation in &state.operations {
            actions.push(Action::Crash(*operation));
            actions.extend(Fate::ALL.map(|fate| Action::Run(*operation, fate)));
        }
    }

    /// The actions of [`Callers::Good`], who also is in time.
    fn good(&self, state: &State, actions: &mut Vec<Action>) {
        let Store { sessions, now, .. } = &state.store;
        let open = sessions.iter().find(|(_, session)| session.status == Status::Completed);
        if open.is_none_or(|(_, session)| session.expires > now + 1) {
            actions.push(Action::Tick);
        }
        match (state.operations.first(), open) {
            (Some(operation), _) => actions.push(Action::Run(*operation, Fate::Heard)),
            (None, Some((share, _))) => actions.push(Action::Confirm(*share, ConfirmP::Right)),
            (None, None) => {
                let fresh = (0..self.shares).map(Share).filter(|share| !sessions.contains_key(share));
                actions.extend(fresh.map(Action::Login));
            }
        }
    }

    /// One step of the store or of a replica, and what leaves the service by it.
    fn happen(&self, state: &mut State, action: Action) -> Event {
        match action {
            Action::Tick => state.store.tick(),
            Action::Login(share) => {
                let draw = state.draw();
                let reply = replica::start_login(&self.design, &state.store, share, draw);
                return state.take(reply);
            }
            Action::Confirm(share, confirm_p) => {
                let draw = state.draw();
                return match replica::start_confirm(&state.store, share, confirm_p, draw) {
                    Some(reply) => state.take(reply),
                    None => Event::Nothing,
                };
            }
            Action::Run(operation, fate) => {
                let reply = operation.run(&self.design, &mut state.store);
                if !fate.is_sent_again() {
                    state.end(operation);
                }
                if fate.is_heard() {
                    return state.take(reply);
                }
            }
            Action::Crash(operation) => state.end(operation),
            Action::Put => {
                state.generations += 1;
                state.store.credential = Some(Generation(state.generations));
            }
            Action::Delete => state.store.credential = None,
            Action::Cleanup(share) => {
                state.store.sessions.remove(&share);
            }
        }
        Event::Nothing
    }
}

impl State {
    fn take(&mut self, reply: Reply) -> Event {
        match reply {
            Reply::Next(operation) => {
                self.operations.push(operation);
                Event::Nothing
            }
            Reply::Done(event) => event,
        }
    }

    fn end(&mut self, operation: Operation) {
        if let Some(place) = self.operations.iter().position(|other| *other == operation) {
            self.operations.remove(place);
        }
    }
}

impl Model for Logins {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let mut store = Store::new(self.settings);
        let generations = match self.callers {
            Callers::Any => 0,
            Callers::Good => 1,
        };
        store.credential = (generations > 0).then_some(Generation(generations));
        let ledger = Ledger::default();
        vec![State { store, operations: Vec::new(), ledger, broken: None, draws: 0, generations }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        match self.callers {
            _ if state.broken.is_some() => {}
            Callers::Any => self.any(state, actions),
            Callers::Good => self.good(state, actions),
        }
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut after = before.clone();
        let event = self.happen(&mut after, action);
        let unrefused = self.callers == Callers::Good;
        after.broken = match event {
            Event::Refused if unrefused => Some(Promise::GoodLoginsNeverLock),
            _ => after.ledger.record(self.counted, &before.store, &after.store, event),
        };
        (!after.is_where_it_was(before)).then_some(after)
    }

    /// Only a design of several writes can leave more behind than there were requests.
    fn within_boundary(&self, state: &State) -> bool {
        state.operations.len() <= self.in_flight
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always(Promise::GuessBudget.name(), |_, s: &State| {
                s.broken != Some(Promise::GuessBudget)
            }),
            Property::always(Promise::OwnRefund.name(), |_, s: &State| s.broken != Some(Promise::OwnRefund)),
            Property::always(Promise::OneOutcome.name(), |_, s: &State| {
                s.broken != Some(Promise::OneOutcome)
            }),
            Property::always(Promise::DueLock.name(), |_, s: &State| s.broken != Some(Promise::DueLock)),
            Property::always(Promise::GoodLoginsNeverLock.name(), |_, s: &State| {
                s.broken != Some(Promise::GoodLoginsNeverLock)
            }),
            Property::always(Promise::CurrentCredential.name(), |_, s: &State| {
                s.broken != Some(Promise::CurrentCredential)
            }),
            Property::sometimes("a login is confirmed", |_, s: &State| s.has(Status::Confirmed)),
        ];
        if self.callers == Callers::Any {
            properties.extend([
                Property::sometimes("the budget is used up", |m: &Self, s: &State| {
                    s.store.live_attempts() == m.settings.guesses
                }),
                Property::sometimes("a wrong confirmP burns a session", |_, s: &State| {
                    s.has(Status::Failed(ConfirmP::Wrong))
                }),
                Property::sometimes("a changed credential burns a session", |_, s: &State| {
                    s.has(Status::Failed(ConfirmP::Right))
                }),
                Property::sometimes("the decoy answers", |_, s: &State| {
                    let mut open =
                        s.store.sessions.values().filter(|there| there.status == Status::Completed);
                    open.any(|there| there.generation.is_none() && s.ledger.may_know(there))
                }),
            ]);
        }
        properties
    }
}

impl State {
    /// But for what was drawn and never used.
    fn is_where_it_was(&self, before: &Self) -> bool {
        self.operations == before.operations
            && self.store == before.store
            && self.ledger == before.ledger
            && self.broken == before.broken
    }

    fn has(&self, status: Status) -> bool {
        self.store.sessions.values().any(|session| session.status == status)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tick => write!(f, "a tick passes"),
            Self::Login(Share(share)) => write!(f, "login with shareP {share} reads"),
            Self::Confirm(Share(share), confirm_p) => {
                write!(f, "{confirm_p:?} confirmP for shareP {share} reads")
            }
            Self::Run(operation, fate) => write!(f, "{operation} runs: {fate:?}"),
            Self::Crash(operation) => write!(f, "the replica of {operation} dies"),
            Self::Put => write!(f, "the credential is registered or replaced"),
            Self::Delete => write!(f, "the credential is deleted"),
            Self::Cleanup(Share(share)) => write!(f, "cleanup of shareP {share}"),
        }
    }
}
