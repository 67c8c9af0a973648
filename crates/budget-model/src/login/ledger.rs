//! The promises, judged by what leaves the service and by how sessions change. The ledger counts answers for itself and
//! never asks the budget.

use std::collections::BTreeSet;

use super::replica::Event;
use super::store::{Draw, Session, Share, Status, Store, Time};

/// What is promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Promise {
    /// (a) In no window do more than N answers leave that stay unconfirmed.
    GuessBudget,
    /// (b) A refund removes its own session's attempt, in the step that confirms it, and nothing else removes a live one.
    OwnRefund,
    /// (c) A session comes to one outcome, and what is told is what is written.
    OneOutcome,
    /// (d, e) Who is refused is refused because of N unconfirmed answers in the window, and the refusal adds none; so N
    /// answers old enough, or none, never lock.
    DueLock,
    /// (d) Good logins one after another never lock.
    GoodLoginsNeverLock,
    /// A login comes to "confirmed" only while the credential that answered is there.
    CurrentCredential,
}

impl Promise {
    /// Its name in the search.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GuessBudget => "at most N unconfirmed answers leave in a window",
            Self::OwnRefund => "a refund is of its own session, once",
            Self::OneOutcome => "a session has one outcome",
            Self::DueLock => "a lock has its N answers in the window",
            Self::GoodLoginsNeverLock => "good logins never lock",
            Self::CurrentCredential => "confirmed by the credential that answered",
        }
    }
}

/// Which answers are in one window. An answer can leave later than it was debited, for the identical login gets it from
/// the session for as long as that lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Counted {
    /// Those that were committed in it, and have left by now.
    ByCommit,
    /// Those that left in it for the first time; of a window that may be of another length than the budget's.
    ByDeparture(Time),
}

/// One commit that nobody has confirmed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub(super) answer: Draw,
    pub(super) committed: Time,
    /// The time that counts, once the answer has left.
    pub(super) counts: Option<Time>,
}

/// The unconfirmed commits of late.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    pub(super) entries: Vec<Entry>,
}

impl Ledger {
    /// Takes down one step, and judges it.
    pub(super) fn record(
        &mut self,
        counted: Counted,
        before: &Store,
        after: &Store,
        event: Event,
    ) -> Option<Promise> {
        self.forget(after);
        let changes = self.changes(before, after);
        let removals = live_attempts_only_leave_by_confirmation(before, after);
        let departure = match event {
            Event::Nothing => None,
            Event::Answered(share, answer) => self.answered(counted, after, share, answer),
            Event::Refused => self.refused(before, after),
            Event::Told(share, status) => is_told_right(after, share, status),
        };
        changes.or(removals).or(departure)
    }

    /// Whether this session's answer has ever left, without which no confirmP can be made.
    pub(super) fn may_know(&self, session: &Session) -> bool {
        let has_left = |entry: &Entry| entry.answer == session.answer && entry.counts.is_some();
        session.status == Status::Confirmed || self.entries.iter().any(has_left)
    }

    /// Forgets what shares no window with anything that may still leave: of answers, what already left and is out of the
    /// window, unless an answer that can still be collected was committed less than a window after it.
    fn forget(&mut self, store: &Store) {
        let collectable = self.entries.iter().filter(|entry| entry.counts.is_none());
        let first = collectable.map(|entry| entry.committed).filter(|at| store.is_live(*at)).min();
        let shares_a_window = |counts| first.is_some_and(|first| counts > first - store.settings.window);
        self.entries.retain(|entry| {
            store.is_live(entry.committed)
                || entry.counts.is_some_and(|counts| store.is_live(counts) || shares_a_window(counts))
        });
    }

    fn changes(&mut self, before: &Store, after: &Store) -> Option<Promise> {
        let mut broken = None;
        for (share, session) in &after.sessions {
            let earlier = before.sessions.get(share).filter(|earlier| earlier.answer == session.answer);
            match (earlier.map(|earlier| earlier.status), session.status) {
                (None, _) => self.committed(session.answer, after.now),
                (Some(Status::Completed), Status::Confirmed) => {
                    self.entries.retain(|entry| entry.answer != session.answer);
                    if session.generation.is_none() || session.generation != after.credential {
                        broken = Some(Promise::CurrentCredential);
                    }
                    if after.attempts.contains_key(&session.attempt) {
                        broken = Some(Promise::OwnRefund);
                    }
                }
                (Some(Status::Completed), Status::Failed(_)) => {}
                (Some(earlier), now) if earlier == now => {}
                _ => broken = Some(Promise::OneOutcome),
            }
        }
        broken
    }

    /// A late copy of a commit can write the same session again, after a cleanup.
    fn committed(&mut self, answer: Draw, now: Time) {
        if !self.entries.iter().any(|entry| entry.answer == answer && entry.committed == now) {
            self.entries.push(Entry { answer, committed: now, counts: None });
        }
    }

    fn answered(&mut self, counted: Counted, store: &Store, share: Share, answer: Draw) -> Option<Promise> {
        let session = store.sessions.get(&share).filter(|session| session.answer == answer);
        if session.is_some_and(|session| session.status == Status::Confirmed) {
            return None;
        }
        let Some(entry) = self.entries.iter_mut().rev().find(|entry| entry.answer == answer) else {
            return Some(Promise::GuessBudget);
        };
        let (counts, window) = match counted {
            Counted::ByCommit => (entry.committed, store.settings.window),
            Counted::ByDeparture(window) => (store.now, window),
        };
        // The identical answer once more tells nothing more.
        entry.counts.get_or_insert(counts);
        (self.most_in_a_window(window) > store.settings.guesses).then_some(Promise::GuessBudget)
    }

    /// How many different answers there are in the window that has most of them.
    fn most_in_a_window(&self, window: Time) -> usize {
        let out = || self.entries.iter().filter_map(|entry| Some((entry.counts?, entry.answer)));
        let ending = |end| out().filter(move |(at, _)| *at <= end && *at > end - window);
        let different = |end| ending(end).map(|(_, answer)| answer).collect::<BTreeSet<_>>().len();
        out().map(|(end, _)| different(end)).max().unwrap_or(0)
    }

    fn refused(&self, before: &Store, after: &Store) -> Option<Promise> {
        let live = self.entries.iter().filter(|entry| after.is_live(entry.committed));
        let due = live.map(|entry| entry.answer).collect::<BTreeSet<_>>().len() >= after.settings.guesses;
        let added = after.attempts.iter().any(|(attempt, score)| before.attempts.get(attempt) != Some(score));
        (!due || added).then_some(Promise::DueLock)
    }
}

fn live_attempts_only_leave_by_confirmation(before: &Store, after: &Store) -> Option<Promise> {
    let mut gone = before
        .attempts
        .iter()
        .filter(|(attempt, score)| before.is_live(**score) && !after.attempts.contains_key(attempt))
        .map(|(attempt, _)| attempt);
    let mut confirmed = after.sessions.iter().filter(|(share, session)| {
        let earlier = before.sessions.get(share).map(|earlier| earlier.status);
        session.status == Status::Confirmed && earlier == Some(Status::Completed)
    });
    let own = confirmed.next().map(|(_, session)| session.attempt);
    gone.any(|attempt| Some(*attempt) != own).then_some(Promise::OwnRefund)
}

fn is_told_right(store: &Store, share: Share, status: Status) -> Option<Promise> {
    let there = store.sessions.get(&share).map(|session| session.status);
    (there != Some(status)).then_some(Promise::OneOutcome)
}
