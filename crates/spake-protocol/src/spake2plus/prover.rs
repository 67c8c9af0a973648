//! The prover: the party that knows the password.

use rand_core::CryptoRng;

use crate::error::{ConfirmationMismatch, RefusedShare};
use crate::group::{Encoded, Point, Scalar, multiply};
use crate::keys::SharedSecret;
use crate::spake2plus::schedule::{Keys, transcript};
use crate::spake2plus::{ConfirmP, ConfirmV, ProverSecret, Setting, ShareP, ShareV};

/// The prover, after it has made its share. Holds x, w0 and w1; zeroized on drop.
pub struct Prover {
    setting: Setting,
    secret: ProverSecret,
    x: Scalar,
    share: ShareP,
}

impl Prover {
    /// Draws x and gives shareP = x·P + w0·M (RFC 9383, section 3.3), to be sent to the verifier.
    pub fn start<R: CryptoRng + ?Sized>(
        setting: Setting,
        secret: ProverSecret,
        rng: &mut R,
    ) -> (Self, ShareP) {
        let mask = Point::mul_m(secret.w0());
        loop {
            let x = Scalar::random(rng);
            let point = Point::mul_base(&x).add(&mask);
            let encoded = *point.encode();
            // The identity has no encoding; no random x has ever hit it.
            if let Some(share) = ShareP::from_point(point, encoded) {
                return (Self { setting, secret, x, share: share.clone() }, share);
            }
        }
    }

    /// Takes the verifier's share: Z = x·(shareV − w0·N), V = w1·(shareV − w0·N).
    ///
    /// # Errors
    ///
    /// [`RefusedShare`] when shareV = w0·N, so that Z and V would be the identity. Only someone who knows w0, or
    /// guessed it, can send such a share.
    pub fn finish(self, share_v: &ShareV) -> Result<ProverConfirming, RefusedShare> {
        let (z, v) = self.shared_elements(share_v)?;
        let tt = transcript(&self.setting, &self.share, share_v, (&z, &v), self.secret.w0());
        Ok(ProverConfirming { keys: Keys::derive(&tt, &self.share, share_v) })
    }

    pub(super) fn shared_elements(&self, share_v: &ShareV) -> Result<(Encoded, Encoded), RefusedShare> {
        let unmasked = share_v.point().sub(&Point::mul_n(self.secret.w0()));
        if bool::from(unmasked.is_identity()) {
            return Err(RefusedShare);
        }
        let unmasked = unmasked.encode();
        Ok((multiply(&unmasked, &self.x), multiply(&unmasked, self.secret.w1())))
    }
}

/// The prover, before it has verified confirmV. Holds both confirmations and the shared secret; zeroized on
/// drop.
pub struct ProverConfirming {
    keys: Keys,
}

impl ProverConfirming {
    /// Verifies confirmV, and only then releases confirmP, to be sent to the verifier, and the shared secret.
    ///
    /// # Errors
    ///
    /// [`ConfirmationMismatch`] when it is another than the expected one. Everything is gone then: a client
    /// must not start over by itself, for each run lets a false verifier test one guess.
    pub fn confirm(self, confirm_v: &ConfirmV) -> Result<(ConfirmP, SharedSecret), ConfirmationMismatch> {
        if self.keys.confirm_v.matches(confirm_v) {
            Ok((self.keys.confirm_p, self.keys.shared_secret))
        } else {
            Err(ConfirmationMismatch)
        }
    }
}
