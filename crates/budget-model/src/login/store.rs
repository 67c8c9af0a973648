//! What the store holds for one credential: everything that lies in its slot. Other credentials have slots of their
//! own and no script touches two, so one is enough.

use std::collections::BTreeMap;

/// The store's clock, in ticks.
pub type Time = i32;

/// A prover's shareP. A session's id is a function of the credential and this, so it stands for the id as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share(pub u8);

/// What one request draws at random: a login its y (so shareV, confirmV), its attempt id and its envelope's nonce; a
/// confirmation its envelope's nonce. They are drawn together, so one number stands for them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Draw(pub u32);

/// One registration or replacement of the credential; never the same twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u32);

/// A member of the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttemptId {
    /// Random, as designed.
    Random(Draw),
    /// The session's id, which comes back with the same shareP. Only a wrong design does this.
    OfSession(Share),
}

/// A confirmP: whoever knows the password sends the right one, everyone else a wrong one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConfirmP {
    /// It matches.
    Right,
    /// It does not.
    Wrong,
}

/// Where a login session is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Answered, and nobody has shown yet that they know the password.
    Completed,
    /// A right confirmP came.
    Confirmed,
    /// Burned, by this confirmP: a wrong one, or one that came after the credential had changed.
    Failed(ConfirmP),
}

/// A session's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Session {
    /// The envelope: no two are alike, so it names the state that was written.
    pub sealed: Draw,
    /// shareV and confirmV.
    pub answer: Draw,
    /// What was debited for it.
    pub attempt: AttemptId,
    /// The credential that answered; `None` is the decoy, for an id that nobody had registered.
    pub generation: Option<Generation>,
    /// Where it is in its life.
    pub status: Status,
    /// When it is gone.
    pub expires: Time,
}

/// What a deployment decides about the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Settings {
    /// N: how many attempts may be in the window.
    pub guesses: usize,
    /// W: how long an attempt counts, in ticks.
    pub window: Time,
    /// How long a session lives; shorter than the window.
    pub ttl: Time,
}

/// The keys of one credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// What the callers of the scripts give along.
    pub settings: Settings,
    /// `TIME`.
    pub now: Time,
    /// `…:credential:<id>`, as far as it matters here.
    pub credential: Option<Generation>,
    /// `…:guesses:<id>`, a sorted set: members and their scores.
    pub attempts: BTreeMap<AttemptId, Time>,
    /// `…:session:<id>`.
    pub sessions: BTreeMap<Share, Session>,
}

impl Store {
    /// An empty store.
    pub const fn new(settings: Settings) -> Self {
        Self { settings, now: 0, credential: None, attempts: BTreeMap::new(), sessions: BTreeMap::new() }
    }

    /// Whether something of this score is still in the window.
    pub const fn is_live(&self, score: Time) -> bool {
        score > self.now - self.settings.window
    }

    /// How many attempts are in the window.
    pub fn live_attempts(&self) -> usize {
        self.attempts.values().filter(|score| self.is_live(**score)).count()
    }

    /// The clock moves on, and what has expired is gone.
    pub fn tick(&mut self) {
        self.now += 1;
        let now = self.now;
        self.sessions.retain(|_, session| session.expires > now);
    }
}
