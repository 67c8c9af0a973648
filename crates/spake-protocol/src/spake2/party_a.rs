//! A: the party that confirms first. In the service this is the client.

use rand_core::CryptoRng;

use crate::error::{ConfirmationMismatch, RefusedShare};
use crate::group::{Encoded, Point, Scalar, multiply};
use crate::keys::SharedSecret;
use crate::spake2::schedule::{Keys, transcript};
use crate::spake2::{ConfirmationA, ConfirmationB, Setting, ShareA, ShareB, W};

/// A, after it has made its share. Holds x and w; zeroized on drop.
pub struct PartyA {
    setting: Setting,
    w: W,
    x: Scalar,
    share: ShareA,
}

impl PartyA {
    /// Draws x and gives pA = x·P + w·M (RFC 9382, section 3.3), to be sent to B.
    pub fn start<R: CryptoRng + ?Sized>(setting: Setting, w: W, rng: &mut R) -> (Self, ShareA) {
        let mask = Point::mul_m(w.scalar());
        loop {
            let x = Scalar::random(rng);
            let point = Point::mul_base(&x).add(&mask);
            let encoded = *point.encode();
            // The identity has no encoding; no random x has ever hit it.
            if let Some(share) = ShareA::from_point(point, encoded) {
                return (Self { setting, w, x, share: share.clone() }, share);
            }
        }
    }

    /// Takes B's share and gives cA, to be sent to B: K = x·(pB − w·N).
    ///
    /// # Errors
    ///
    /// [`RefusedShare`] when pB = w·N, so that K would be the identity. Only someone who knows w, or guessed
    /// it, can send such a share.
    pub fn finish(self, share_b: &ShareB) -> Result<(AwaitingConfirmationB, ConfirmationA), RefusedShare> {
        let k = self.shared_element(share_b)?;
        let tt = transcript(&self.setting, &self.share, share_b, &k, &self.w);
        let Keys { confirmation_a, confirmation_b, shared_secret } =
            Keys::derive(&tt, self.setting.context());
        Ok((AwaitingConfirmationB { expected: confirmation_b, shared_secret }, confirmation_a))
    }

    pub(super) fn shared_element(&self, share_b: &ShareB) -> Result<Encoded, RefusedShare> {
        let unmasked = share_b.point().sub(&Point::mul_n(self.w.scalar()));
        if bool::from(unmasked.is_identity()) {
            return Err(RefusedShare);
        }
        Ok(multiply(&unmasked.encode(), &self.x))
    }
}

/// A, after it has sent cA. Holds the expected cB and the shared secret; zeroized on drop.
pub struct AwaitingConfirmationB {
    expected: ConfirmationB,
    shared_secret: SharedSecret,
}

impl AwaitingConfirmationB {
    /// Takes B's confirmation and gives the shared secret: B knows the password and was confirmed by it.
    ///
    /// # Errors
    ///
    /// [`ConfirmationMismatch`] when it is another than the expected one. The secret is gone then: a client
    /// must not start over by itself, for each run lets a false B test one guess.
    pub fn confirm(self, confirmation: &ConfirmationB) -> Result<SharedSecret, ConfirmationMismatch> {
        if self.expected.matches(confirmation) { Ok(self.shared_secret) } else { Err(ConfirmationMismatch) }
    }

    /// The shared secret, without knowing whether B has the same.
    ///
    /// Someone without the password can have been on the other side, and whatever is encrypted with this
    /// secret then lets them test guesses at leisure. Use [`confirm`](Self::confirm) wherever B sends a
    /// confirmation.
    #[must_use]
    pub fn unconfirmed(self) -> SharedSecret {
        self.shared_secret
    }
}
