//! Why the search ends: two states that differ only in names are one state.
//!
//! Draws, generations and the clock grow without end, but no script does more with a draw than compare it, with a
//! generation than compare it with the credential's, and with a time than take it from `now`; and it does not matter
//! which shareP is which. So a state is hashed by what is left without the names, and the checker, which tells states
//! apart by their hash, comes to an end without a bound on steps, requests or time.
//!
//! Every draw belongs to one shareP. A state is therefore the multiset of its shares' parts, in which draws are named
//! by the order in which they appear, and of what only budget and ledger still know.

use std::hash::{Hash, Hasher};

use super::State;
use super::replica::Operation;
use super::scripts::{Judged, Login};
use super::store::{AttemptId, ConfirmP, Draw, Generation, Share, Status, Store, Time};

impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let mut shares: Vec<Share> = self.store.sessions.keys().copied().collect();
        shares.extend(self.operations.iter().map(|operation| share_of(*operation)));
        shares.extend(self.store.attempts.keys().filter_map(|attempt| match attempt {
            AttemptId::OfSession(share) => Some(*share),
            AttemptId::Random(_) => None,
        }));
        shares.sort_unstable();
        shares.dedup();

        let mut known = Vec::new();
        let mut parts: Vec<Vec<u8>> =
            shares.into_iter().map(|share| Part::of(self, share, &mut known)).collect();
        parts.extend(self.leftovers(&known));
        parts.sort_unstable();
        parts.hash(hasher);
        self.store.credential.is_some().hash(hasher);
        self.broken.hash(hasher);
    }
}

fn share_of(operation: Operation) -> Share {
    match operation {
        Operation::Commit(Login { share, .. }, _)
        | Operation::Complete(Judged { share, .. })
        | Operation::Burn(Judged { share, .. }) => share,
    }
}

impl State {
    /// Of draws that no session and no operation names any more, only their times matter.
    fn leftovers(&self, known: &[Draw]) -> impl Iterator<Item = Vec<u8>> {
        let in_budget = self.store.attempts.keys().filter_map(|attempt| match attempt {
            AttemptId::Random(draw) => Some(*draw),
            AttemptId::OfSession(_) => None,
        });
        let mut draws: Vec<Draw> =
            in_budget.chain(self.ledger.entries.iter().map(|entry| entry.answer)).collect();
        draws.retain(|draw| !known.contains(draw));
        draws.sort_unstable();
        draws.dedup();
        draws.into_iter().filter_map(|draw| {
            let mut bytes = vec![LEFTOVER];
            self.describe(draw, &mut bytes);
            (bytes != [LEFTOVER, NONE, END]).then_some(bytes)
        })
    }

    /// What budget and ledger know of a draw.
    fn describe(&self, draw: Draw, bytes: &mut Vec<u8>) {
        bytes.push(attempt_age(&self.store, AttemptId::Random(draw)));
        let entries = self.ledger.entries.iter().filter(|entry| entry.answer == draw);
        for entry in entries {
            bytes.push(age(&self.store, entry.committed));
            bytes.push(entry.counts.map_or(NONE, |counts| age(&self.store, counts)));
        }
        bytes.push(END);
    }
}

const NONE: u8 = 255;
const END: u8 = 254;
const LEFTOVER: u8 = 253;
const BURN: u8 = 252;
const COMPLETE: u8 = 251;

fn age(store: &Store, time: Time) -> u8 {
    // The ledger keeps nothing as old as the marks above are large.
    u8::try_from(store.now - time).unwrap_or(NONE)
}

/// Out of the window is the same as gone, for such an attempt counts nowhere and the next commit drops it.
fn attempt_age(store: &Store, attempt: AttemptId) -> u8 {
    let score = store.attempts.get(&attempt).filter(|score| store.is_live(**score));
    score.map_or(NONE, |score| age(store, *score))
}

/// One share's session and operations.
struct Part<'a> {
    state: &'a State,
    draws: Vec<Draw>,
    bytes: Vec<u8>,
}

impl<'a> Part<'a> {
    /// The least of the ways to write it down, which differ in the order of the operations.
    fn of(state: &'a State, share: Share, known: &mut Vec<Draw>) -> Vec<u8> {
        let mut operations: Vec<Operation> =
            state.operations.iter().copied().filter(|operation| share_of(*operation) == share).collect();
        let mut least = Self::written(state, share, &operations);
        let last = operations.len().saturating_sub(1);
        for _ in 0..last {
            // Rotations and their reversals: for up to three, all orders.
            operations.rotate_left(1);
            least = least.min(Self::written(state, share, &operations));
        }
        if last > 0 {
            operations.reverse();
            for _ in 0..=last {
                operations.rotate_left(1);
                least = least.min(Self::written(state, share, &operations));
            }
        }
        known.extend(least.1);
        least.0
    }

    fn written(state: &'a State, share: Share, operations: &[Operation]) -> (Vec<u8>, Vec<Draw>) {
        let mut part = Self { state, draws: Vec::new(), bytes: Vec::with_capacity(48) };
        part.session(share);
        for operation in operations {
            part.operation(*operation);
        }
        for draw in &part.draws {
            state.describe(*draw, &mut part.bytes);
        }
        (part.bytes, part.draws)
    }

    fn session(&mut self, share: Share) {
        let store = &self.state.store;
        self.bytes.push(attempt_age(store, AttemptId::OfSession(share)));
        if let Some(session) = store.sessions.get(&share) {
            self.draw(session.sealed);
            self.bytes.push(match session.status {
                Status::Completed => 0,
                Status::Confirmed => 1,
                Status::Failed(ConfirmP::Right) => 2,
                Status::Failed(ConfirmP::Wrong) => 3,
            });
            // Of a session that has its outcome, nothing else is asked any more.
            if session.status == Status::Completed {
                self.draw(session.answer);
                self.attempt(session.attempt);
                self.generation(session.generation);
            }
            self.bytes.push(age(store, store.now - (session.expires - store.now)));
        }
        self.bytes.push(END);
    }

    fn operation(&mut self, operation: Operation) {
        let (kind, judged) = match operation {
            Operation::Commit(login, write) => {
                self.bytes.push(write);
                self.draw(login.draw);
                self.generation(login.generation);
                return;
            }
            Operation::Complete(judged) => (COMPLETE, judged),
            Operation::Burn(judged) => (BURN, judged),
        };
        self.bytes.push(kind);
        self.draw(judged.read);
        self.draw(judged.draw);
        self.attempt(judged.attempt);
        self.generation(judged.generation);
    }

    fn attempt(&mut self, attempt: AttemptId) {
        match attempt {
            AttemptId::Random(draw) => self.draw(draw),
            // Always this share's.
            AttemptId::OfSession(_) => self.bytes.push(NONE),
        }
    }

    fn draw(&mut self, draw: Draw) {
        let name = self.draws.iter().position(|known| *known == draw).unwrap_or_else(|| {
            self.draws.push(draw);
            self.draws.len() - 1
        });
        self.bytes.push(u8::try_from(name).unwrap_or(NONE));
    }

    /// A generation never comes back, so every other one than the credential's is just that.
    fn generation(&mut self, generation: Option<Generation>) {
        self.bytes.push(match generation {
            None => 0,
            current if current == self.state.store.credential => 1,
            Some(_) => 2,
        });
    }
}
