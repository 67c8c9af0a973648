//! What can become of a script that was sent.

/// What becomes of a script's reply, and whether the script runs again: clients of Redis re-send one whose reply was
/// cut, and what they sent first can still arrive after that, when the caller has long been answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The reply reaches the replica.
    Heard,
    /// So it does, and a copy of the script is still on its way.
    HeardAndCopied,
    /// The replica is gone, or the caller, or the connection for good.
    Unheard,
    /// The reply is lost, and the script is sent again.
    SentAgain,
}

impl Fate {
    pub(crate) const ALL: [Self; 4] = [Self::Heard, Self::HeardAndCopied, Self::Unheard, Self::SentAgain];

    pub(crate) const fn is_heard(self) -> bool {
        matches!(self, Self::Heard | Self::HeardAndCopied)
    }

    pub(crate) const fn is_sent_again(self) -> bool {
        matches!(self, Self::HeardAndCopied | Self::SentAgain)
    }
}
