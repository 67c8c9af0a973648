//! In place of `x86_64` where there is no SHA-NI.

use crate::chain::Chain;

/// Shows that this CPU has SHA-NI. It has not, so there is none.
#[derive(Clone, Copy, Debug)]
pub enum Lanes {}

impl Lanes {
    /// None.
    #[must_use]
    pub fn detect() -> Option<Self> {
        None
    }

    pub(crate) fn iterate<const N: usize>(self, _: &mut [Chain; N], _: u32) {
        match self {}
    }
}
