//! The life of a pairing session as the service's `src/domain/session` has it: what each request writes, and what it
//! answers once that is written.

/// What names a state (its envelope), and an `initiate`, whose first envelope it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Draw(pub u8);

/// A party A's share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share(pub u8);

/// A cA, which is a guess at the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConfirmationA {
    /// It matches the session.
    Right,
    /// One of many that do not.
    Wrong(u8),
}

/// A request to a session. Identical requests are equal ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Request {
    /// `exchange`.
    Exchange(Share, Option<ConfirmationA>),
    /// `confirm`.
    Confirm(ConfirmationA),
}

/// Where a session is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Progress {
    /// pB is out.
    Initiated,
    /// Exchanged with this share, not confirmed.
    Completed(Share),
    /// The same, confirmed.
    Confirmed(Share),
    /// Burned, by this request.
    Failed(Request),
}

/// What a request is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// Nothing that depends on the password.
    Refused,
    /// The outcome of the exchange with this share; of a guess, nothing.
    Exchanged(Share),
    /// The guess was right; cB.
    Confirmed(Share),
    /// This guess was wrong.
    Failed(ConfirmationA),
}

/// What a request wants: to answer now, or once `write` has replaced what was read.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// The next state; `None` when the answer is already stored.
    pub write: Option<Progress>,
    /// The answer.
    pub answer: Answer,
}

impl Step {
    const fn answer(answer: Answer) -> Self {
        Self { write: None, answer }
    }

    /// The one guess that a session allows: right confirms it, wrong burns it.
    const fn judge(share: Share, guess: ConfirmationA, request: Request) -> Self {
        match guess {
            ConfirmationA::Right => {
                Self { write: Some(Progress::Confirmed(share)), answer: Answer::Confirmed(share) }
            }
            ConfirmationA::Wrong(_) => {
                Self { write: Some(Progress::Failed(request)), answer: Answer::Failed(guess) }
            }
        }
    }
}

impl Progress {
    /// What `request` makes of a session in this state.
    pub fn step(self, request: Request) -> Step {
        match (self, request) {
            (Self::Initiated, Request::Exchange(share, None)) => {
                Step { write: Some(Self::Completed(share)), answer: Answer::Exchanged(share) }
            }
            (Self::Initiated, Request::Exchange(share, Some(guess))) => Step::judge(share, guess, request),
            (Self::Completed(share), Request::Confirm(guess)) => Step::judge(share, guess, request),
            (Self::Completed(share), Request::Exchange(same, Some(guess))) if same == share => {
                Step::judge(share, guess, request)
            }
            (Self::Completed(share) | Self::Confirmed(share), Request::Exchange(same, None))
                if same == share =>
            {
                Step::answer(Answer::Exchanged(share))
            }
            (Self::Confirmed(share), Request::Confirm(ConfirmationA::Right)) => {
                Step::answer(Answer::Confirmed(share))
            }
            (Self::Confirmed(share), Request::Exchange(same, Some(ConfirmationA::Right)))
                if same == share =>
            {
                Step::answer(Answer::Confirmed(share))
            }
            (Self::Failed(by), _) if by == request => Step::answer(match by {
                Request::Exchange(_, Some(guess)) | Request::Confirm(guess) => Answer::Failed(guess),
                Request::Exchange(_, None) => Answer::Refused,
            }),
            _ => Step::answer(Answer::Refused),
        }
    }
}
