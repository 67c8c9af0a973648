//! What a replica does between two store operations. It answers in the step in which the store's reply reaches it: to
//! answer later could only help, for then fewer answers are out.

use std::fmt;

use super::design::Design;
use super::scripts::{self, Committed, Completed, Judged, Login, Swap};
use super::store::{ConfirmP, Draw, Session, Share, Status, Store};

/// A script that is on its way to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// The given one of the design's writes of a login.
    Commit(Login, u8),
    /// A right confirmP.
    Complete(Judged),
    /// A wrong confirmP.
    Burn(Judged),
}

/// What leaves the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Nothing that matters here; a refusal that says nothing about a password is nothing.
    Nothing,
    /// shareV and confirmV of this share's session.
    Answered(Share, Draw),
    /// 429.
    Refused,
    /// What this share's session has come to.
    Told(Share, Status),
}

/// What a replica does with what it has heard.
#[derive(Debug, Clone, Copy)]
pub enum Reply {
    /// It goes on.
    Next(Operation),
    /// It answers its caller.
    Done(Event),
}

/// A login, up to its write.
pub fn start_login(design: &Design, store: &Store, share: Share, draw: Draw) -> Reply {
    let view = (design.view)(store, share);
    match view.earlier {
        // Before the budget, of which the session itself may be the last.
        Some(earlier) => Reply::Done(stored_answer(share, &earlier)),
        None if view.live >= store.settings.guesses => Reply::Done(Event::Refused),
        None => Reply::Next(Operation::Commit(Login { share, draw, generation: view.credential }, 0)),
    }
}

/// A confirmation, up to its write; `None` if there is no such session.
pub fn start_confirm(store: &Store, share: Share, confirm_p: ConfirmP, draw: Draw) -> Option<Reply> {
    let there = store.sessions.get(&share)?;
    let judged =
        Judged { share, read: there.sealed, attempt: there.attempt, generation: there.generation, draw };
    Some(match (there.status, confirm_p) {
        (Status::Completed, ConfirmP::Right) => Reply::Next(Operation::Complete(judged)),
        (Status::Completed, ConfirmP::Wrong) => Reply::Next(Operation::Burn(judged)),
        (Status::Confirmed, ConfirmP::Right) => Reply::Done(Event::Told(share, there.status)),
        (Status::Failed(by), _) if by == confirm_p => Reply::Done(Event::Told(share, there.status)),
        // `Invalid session status`.
        (Status::Confirmed | Status::Failed(_), _) => Reply::Done(Event::Nothing),
    })
}

impl Operation {
    /// Runs the script, and says what the replica will do if it hears of it.
    pub(super) fn run(self, design: &Design, store: &mut Store) -> Reply {
        match self {
            Self::Commit(login, number) => {
                let write = usize::from(number);
                let Some(commit) = design.commit.get(write) else { return Reply::Done(Event::Nothing) };
                match commit(store, &login) {
                    Committed::New if write + 1 < design.commit.len() => {
                        Reply::Next(Self::Commit(login, number + 1))
                    }
                    Committed::New => Reply::Done(Event::Answered(login.share, login.draw)),
                    Committed::Earlier(session) => Reply::Done(stored_answer(login.share, &session)),
                    Committed::OverBudget => Reply::Done(Event::Refused),
                }
            }
            Self::Complete(judged) => match (design.complete)(store, &judged) {
                Completed::Confirmed => Reply::Done(Event::Told(judged.share, Status::Confirmed)),
                Completed::Stale => Reply::Done(Event::Told(judged.share, Status::Failed(ConfirmP::Right))),
                Completed::Lost => lost(),
            },
            Self::Burn(judged) => match scripts::burn(store, &judged) {
                Swap::Won => Reply::Done(Event::Told(judged.share, Status::Failed(ConfirmP::Wrong))),
                Swap::Lost => lost(),
            },
        }
    }
}

/// A burned session's secrets are erased; it has no answer to give again.
fn stored_answer(share: Share, session: &Session) -> Event {
    match session.status {
        Status::Completed | Status::Confirmed => Event::Answered(share, session.answer),
        Status::Failed(_) => Event::Nothing,
    }
}

/// The replica reads again and answers as if it had come later, which is the same request once more.
const fn lost() -> Reply {
    Reply::Done(Event::Nothing)
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commit(Login { share: Share(share), draw: Draw(draw), .. }, number) => {
                write!(f, "commit_login (write {}) of shareP {share}, answer {draw},", number + 1)
            }
            Self::Complete(Judged { share: Share(share), .. }) => write!(f, "complete of shareP {share}"),
            Self::Burn(Judged { share: Share(share), .. }) => write!(f, "burn of shareP {share}"),
        }
    }
}
