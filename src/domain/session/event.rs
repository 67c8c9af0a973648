//! What an operator is told of sessions: what became of them, never whose they are.

use super::{Status, Summary};

/// A step in a session's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionEvent {
    /// It is there.
    Opened,
    /// The other side has taken part, and has had its one guess of the password. A login is opened and answered at once.
    Answered,
    /// The other side has shown that it knows the password.
    Confirmed,
    /// Its confirmation was wrong.
    WrongConfirmation,
}

impl SessionEvent {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Opened, Self::Answered, Self::Confirmed, Self::WrongConfirmation];

    /// As metrics spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Answered => "answered",
            Self::Confirmed => "confirmed",
            Self::WrongConfirmation => "wrong_confirmation",
        }
    }

    /// What has happened between two states of one session.
    pub fn between(before: Summary, after: Summary) -> impl Iterator<Item = Self> {
        let left = |status| before.status == status && after.status != status;
        let entered = |status| before.status != status && after.status == status;
        let happened = [
            (Self::Answered, left(Status::Initiated)),
            (Self::Confirmed, !before.confirmed && after.confirmed),
            (Self::WrongConfirmation, entered(Status::Failed)),
        ];
        happened.into_iter().filter_map(|(event, has)| has.then_some(event))
    }
}

#[cfg(test)]
mod tests {
    use super::SessionEvent::{Answered, Confirmed, WrongConfirmation};
    use super::*;
    use crate::domain::session::Protocol;

    const fn state(status: Status, confirmed: bool) -> Summary {
        Summary { protocol: Protocol::Spake2, status, confirmed }
    }

    #[test]
    fn each_step_of_a_session_is_told_once() {
        let initiated = state(Status::Initiated, false);
        let (exchanged, confirmed) = (state(Status::Completed, false), state(Status::Completed, true));
        let failed = state(Status::Failed, false);
        let cases: [(_, _, &[_]); 6] = [
            (initiated, exchanged, &[Answered]),
            (initiated, confirmed, &[Answered, Confirmed]),
            (initiated, failed, &[Answered, WrongConfirmation]),
            (exchanged, confirmed, &[Confirmed]),
            (exchanged, failed, &[WrongConfirmation]),
            (confirmed, confirmed, &[]),
        ];
        for (before, after, expected) in cases {
            let told: Vec<_> = SessionEvent::between(before, after).collect();
            assert_eq!(told, expected, "{before:?} to {after:?}");
        }
    }
}
