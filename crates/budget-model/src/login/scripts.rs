//! The scripts, each one atomic step of the store. The wrong designs' are in [`super::wrong`].

use super::store::{AttemptId, ConfirmP, Draw, Generation, Session, Share, Status, Store};

/// What a replica knows of the login that it wants to commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Login {
    /// The session's id.
    pub share: Share,
    /// Everything that was drawn for it.
    pub draw: Draw,
    /// The credential that was read, or the decoy.
    pub generation: Option<Generation>,
}

/// What a replica knows of the session that it wants to confirm or burn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Judged {
    /// The session's id.
    pub share: Share,
    /// The state that was read.
    pub read: Draw,
    /// From its record: what was debited for it.
    pub attempt: AttemptId,
    /// From its record: the credential that answered.
    pub generation: Option<Generation>,
    /// What the new state is sealed with.
    pub draw: Draw,
}

/// What a login reads, in one round trip.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// The credential's generation; `None` if nobody has registered the id.
    pub credential: Option<Generation>,
    /// How many attempts are in the window.
    pub live: usize,
    /// A session of the same id.
    pub earlier: Option<Session>,
}

/// What became of a commit.
#[derive(Debug, Clone, Copy)]
pub enum Committed {
    /// Debited, and the session is there.
    New,
    /// There is one already; nothing was debited.
    Earlier(Session),
    /// N attempts are in the window; nothing was added.
    OverBudget,
}

/// What became of a right confirmP.
#[derive(Debug, Clone, Copy)]
pub enum Completed {
    /// Confirmed and refunded, now or in an earlier run of this very script.
    Confirmed,
    /// The credential is not the one that answered any more: burned instead.
    Stale,
    /// The session is not in the state that was read.
    Lost,
}

/// Whether a replacement found the state that was read.
#[derive(Debug, Clone, Copy)]
pub enum Swap {
    /// It did, now or in an earlier run of this very script.
    Won,
    /// It did not.
    Lost,
}

/// Reads credential, budget and a possible earlier session.
pub fn view(store: &Store, share: Share) -> View {
    View {
        credential: store.credential,
        live: store.live_attempts(),
        earlier: store.sessions.get(&share).copied(),
    }
}

/// Debits an attempt and creates the session that carries its id; or neither.
pub fn commit_login(store: &mut Store, login: &Login) -> Committed {
    if let Some(there) = store.sessions.get(&login.share) {
        if there.sealed == login.draw {
            // This very write has run before and its reply was lost.
            return Committed::New;
        }
        return Committed::Earlier(*there);
    }
    drop_old_attempts(store);
    if store.attempts.len() >= store.settings.guesses {
        return Committed::OverBudget;
    }
    let attempt = AttemptId::Random(login.draw);
    store.attempts.insert(attempt, store.now);
    create(store, login, attempt);
    Committed::New
}

/// `ZREMRANGEBYSCORE -inf (now - window)`.
pub fn drop_old_attempts(store: &mut Store) {
    let oldest = store.now - store.settings.window;
    store.attempts.retain(|_, score| *score > oldest);
}

/// The part of `commit_login` that writes the session.
pub fn create(store: &mut Store, login: &Login, attempt: AttemptId) {
    let session = Session {
        sealed: login.draw,
        answer: login.draw,
        attempt,
        generation: login.generation,
        status: Status::Completed,
        expires: store.now + store.settings.ttl,
    };
    store.sessions.insert(login.share, session);
}

/// A right confirmP: completes the session and refunds its attempt, unless its credential has changed.
///
/// It is given two envelopes, of the confirmed and of the burned session, for which of them it will write is known only
/// here; [`Judged::draw`] stands for both.
pub fn complete(store: &mut Store, judged: &Judged) -> Completed {
    let Some(there) = store.sessions.get_mut(&judged.share) else {
        return Completed::Lost;
    };
    if there.sealed == judged.draw {
        // This very write has run before; which envelope it wrote tells what it found.
        return if there.status == Status::Confirmed { Completed::Confirmed } else { Completed::Stale };
    }
    if there.sealed != judged.read {
        return Completed::Lost;
    }
    there.sealed = judged.draw;
    if store.credential != judged.generation {
        there.status = Status::Failed(ConfirmP::Right);
        return Completed::Stale;
    }
    there.status = Status::Confirmed;
    store.attempts.remove(&judged.attempt);
    Completed::Confirmed
}

/// A wrong confirmP: burns the session, and keeps the debit. This is `replace.lua`.
pub fn burn(store: &mut Store, judged: &Judged) -> Swap {
    let Some(there) = store.sessions.get_mut(&judged.share) else {
        return Swap::Lost;
    };
    if there.sealed == judged.draw {
        return Swap::Won;
    }
    if there.sealed != judged.read {
        return Swap::Lost;
    }
    there.sealed = judged.draw;
    there.status = Status::Failed(ConfirmP::Wrong);
    Swap::Won
}
