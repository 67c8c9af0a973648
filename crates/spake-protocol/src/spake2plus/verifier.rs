//! The verifier: the party that keeps (w0, L).

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::error::ConfirmationMismatch;
use crate::group::{Point, Scalar, multiply};
use crate::keys::SharedSecret;
use crate::spake2plus::schedule::{Keys, transcript};
use crate::spake2plus::{ConfirmP, ConfirmV, Setting, ShareP, ShareV, VerifierRecord};

/// The verifier; it has no state before a share arrives.
#[derive(Debug)]
pub enum Verifier {}

/// What the verifier sends and keeps.
pub struct VerifierResponse {
    /// shareV, to be sent to the prover.
    pub share_v: ShareV,
    /// confirmV, to be sent with it.
    pub confirm_v: ConfirmV,
    /// What is needed to verify confirmP.
    pub state: AwaitingConfirmP,
}

impl Verifier {
    /// Draws y and answers shareP: shareV = y·P + w0·N, Z = y·(shareP − w0·M), V = y·L (RFC 9383, section
    /// 3.3).
    ///
    /// This cannot fail. A share that cancels the mask (shareP = w0·M, sent by someone who guessed w0) would
    /// make Z the identity, which implementations commonly refuse; but an answer that says "refused" would
    /// confirm the guess before it was counted. So the run goes on with a Z that the peer cannot know, and
    /// confirmV, which the peer gets, tells it no more than for any other wrong password.
    pub fn respond<R: CryptoRng + ?Sized>(
        record: &VerifierRecord,
        setting: &Setting,
        share_p: &ShareP,
        rng: &mut R,
    ) -> VerifierResponse {
        let unmasked = unmask(record, share_p);
        loop {
            let y = Scalar::random(rng);
            let share = Point::mul_base(&y).add(record.mask_n());
            // One inversion for the three: a quarter of a multiplication saved.
            let [share_bytes, unmasked, l] = Point::encode_all([&share, &unmasked, record.l()]);
            let (z, v) = (multiply(&unmasked, &y), multiply(&l, &y));
            // The identity has no encoding; no random y has ever hit it.
            let Some(share_v) = ShareV::from_point(share, *share_bytes) else { continue };

            let tt = transcript(setting, share_p, &share_v, (&z, &v), record.w0());
            let Keys { confirm_p, confirm_v, shared_secret } = Keys::derive(&tt, share_p, &share_v);
            let state = AwaitingConfirmP { expected: confirm_p, shared_secret };
            return VerifierResponse { share_v, confirm_v, state };
        }
    }
}

/// shareP − w0·M, or N where that is the identity.
pub(super) fn unmask(record: &VerifierRecord, share_p: &ShareP) -> Point {
    let unmasked = share_p.point().sub(record.mask_m());
    // N in the identity's place gives Z = y·N. Whoever guessed w0 knows y·P = shareV − w0·N, but to get y·N
    // from y·P and N is the Diffie-Hellman problem. (With y·P itself they could test the guess against
    // confirmV, if they guessed w1 too.) No branch: that it happened must not show in the time either.
    unmasked.select(Point::n(), unmasked.is_identity())
}

/// The verifier, after it has sent shareV and confirmV. Holds the expected confirmP and the shared secret,
/// and neither y nor w0 nor L; zeroized on drop.
pub struct AwaitingConfirmP {
    expected: ConfirmP,
    shared_secret: SharedSecret,
}

impl AwaitingConfirmP {
    /// Verifies confirmP and gives the shared secret, `K_shared`.
    ///
    /// # Errors
    ///
    /// [`ConfirmationMismatch`] when it is another than the expected one: a wrong guess. The secret is gone
    /// then.
    pub fn confirm(self, confirm_p: &ConfirmP) -> Result<SharedSecret, ConfirmationMismatch> {
        if self.expected.matches(confirm_p) { Ok(self.shared_secret) } else { Err(ConfirmationMismatch) }
    }

    /// The expected confirmP ‖ the shared secret, 32 bytes each. Secret; encrypt and authenticate it where it
    /// is stored.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 64]> {
        let mut bytes = Zeroizing::new([0; 64]);
        let parts = [self.expected.as_bytes(), self.shared_secret.expose()];
        for (slot, part) in bytes.chunks_exact_mut(32).zip(parts) {
            slot.copy_from_slice(part);
        }
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) has written. Any 64 bytes are accepted, since they cannot be
    /// told from others.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 64]) -> Self {
        let mut parts: [Zeroizing<[u8; 32]>; 2] = Default::default();
        for (part, slot) in parts.iter_mut().zip(bytes.chunks_exact(32)) {
            part.copy_from_slice(slot);
        }
        let [expected, shared_secret] = parts;
        Self { expected: ConfirmP::from(*expected), shared_secret: SharedSecret::from_bytes(*shared_secret) }
    }
}
