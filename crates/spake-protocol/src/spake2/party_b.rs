//! B: the party that verifies before it confirms. In the service this is the service.

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::encoding::{length_prefixed, take_array, take_part};
use crate::error::{ConfirmationMismatch, CorruptState};
use crate::group::{Encoded, Point, SCALAR_LEN, Scalar, multiply};
use crate::keys::SharedSecret;
use crate::spake2::schedule::{Keys, transcript};
use crate::spake2::{ConfirmationA, ConfirmationB, Setting, ShareA, ShareB, W};

/// B, after it has made its share. Holds y and w; zeroized on drop.
pub struct PartyB {
    setting: Setting,
    y: Scalar,
    w: W,
    share: ShareB,
}

impl PartyB {
    /// Draws y and makes pB = y·P + w·N (RFC 9382, section 3.3), which [`share`](Self::share) gives.
    pub fn start<R: CryptoRng + ?Sized>(setting: Setting, w: W, rng: &mut R) -> Self {
        let mask = Point::mul_n(w.scalar());
        loop {
            let y = Scalar::random(rng);
            let point = Point::mul_base(&y).add(&mask);
            let encoded = *point.encode();
            // The identity has no encoding; no random y has ever hit it.
            if let Some(share) = ShareB::from_point(point, encoded) {
                return Self { setting, y, w, share };
            }
        }
    }

    /// pB, to be sent to A.
    #[must_use]
    pub fn share(&self) -> &ShareB {
        &self.share
    }

    /// The identities and the context of this run.
    #[must_use]
    pub fn setting(&self) -> &Setting {
        &self.setting
    }

    /// Takes A's share: K = y·(pA − w·M).
    ///
    /// This cannot fail. A share that cancels the mask (pA = w·M, sent by someone who guessed w) would make K
    /// the identity, which implementations commonly refuse; but an answer that says "refused" would confirm the
    /// guess before it was counted. So this run goes on with a K that the peer cannot know, and fails at the
    /// confirmation like any wrong password.
    #[must_use]
    pub fn finish(self, share_a: &ShareA) -> AwaitingConfirmationA {
        let k = self.shared_element(share_a);
        let tt = transcript(&self.setting, share_a, &self.share, &k, &self.w);
        let Keys { confirmation_a, confirmation_b, shared_secret } =
            Keys::derive(&tt, self.setting.context());
        AwaitingConfirmationA { expected: confirmation_a, confirmation: confirmation_b, shared_secret }
    }

    pub(super) fn shared_element(&self, share_a: &ShareA) -> Encoded {
        let unmasked = share_a.point().sub(&Point::mul_m(self.w.scalar()));
        // N in the identity's place gives K = y·N. Whoever guessed w knows y·P = pB − w·N, but to get y·N
        // from y·P and N is the Diffie-Hellman problem. (y·P itself, or anything that does not depend on y,
        // would be known to them.) No branch: that it happened must not show in the time either.
        let unmasked = unmasked.select(Point::n(), unmasked.is_identity());
        multiply(&unmasked.encode(), &self.y)
    }

    /// What [`finish`](Self::finish) needs: len(A)‖A ‖ len(B)‖B ‖ len(context)‖context ‖ y ‖ w ‖ pB, with
    /// lengths of 8 bytes (little-endian), scalars of 32 bytes (big-endian) and pB of 65 bytes.
    ///
    /// This is as secret as the password. Where it is stored it has to be encrypted and authenticated.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let setting = length_prefixed(
            &[],
            &[self.setting.identity_a(), self.setting.identity_b(), self.setting.context()],
        );
        let (y, w) = (self.y.encode(), self.w.scalar().encode());
        let parts: [&[u8]; 4] = [&setting, y.as_slice(), w.as_slice(), self.share.as_bytes()];
        Zeroizing::new(parts.concat())
    }

    /// Reads what [`to_bytes`](Self::to_bytes) has written.
    ///
    /// # Errors
    ///
    /// [`CorruptState`] for anything that cannot have been written: another length, lengths out of range, a
    /// scalar that is 0 or not below p, a share that is not on the curve. That the share belongs to y and w
    /// is not checked: authenticating the bytes is the store's part.
    pub fn from_bytes(mut bytes: &[u8]) -> Result<Self, CorruptState> {
        read(&mut bytes).filter(|_| bytes.is_empty()).ok_or(CorruptState)
    }
}

fn read(bytes: &mut &[u8]) -> Option<PartyB> {
    let setting = Setting::new(take_part(bytes)?, take_part(bytes)?, take_part(bytes)?).ok()?;
    let y = Scalar::decode_nonzero(take_array::<SCALAR_LEN>(bytes)?).ok()?;
    let w = W::from_bytes(take_array::<SCALAR_LEN>(bytes)?).ok()?;
    let share = ShareB::try_from(take_array::<65>(bytes)?.as_slice()).ok()?;
    Some(PartyB { setting, y, w, share })
}

/// B, after it has A's share. Holds the expected cA, cB and the shared secret, and neither y nor w any more;
/// zeroized on drop.
pub struct AwaitingConfirmationA {
    expected: ConfirmationA,
    confirmation: ConfirmationB,
    shared_secret: SharedSecret,
}

/// What B has once A's confirmation was verified.
pub struct Confirmed {
    /// cB, to be sent to A.
    pub confirmation: ConfirmationB,
    /// The secret that A has too.
    pub shared_secret: SharedSecret,
}

impl AwaitingConfirmationA {
    /// Verifies cA, and only then releases cB and the shared secret.
    ///
    /// # Errors
    ///
    /// [`ConfirmationMismatch`] when it is another than the expected one: a wrong guess. Everything is gone
    /// then.
    pub fn confirm(self, confirmation: &ConfirmationA) -> Result<Confirmed, ConfirmationMismatch> {
        if self.expected.matches(confirmation) {
            Ok(Confirmed { confirmation: self.confirmation, shared_secret: self.shared_secret })
        } else {
            Err(ConfirmationMismatch)
        }
    }

    /// The shared secret, before A has shown that it has the same. **Dangerous.**
    ///
    /// Anyone can have sent pA. Whoever gets data protected by this secret can test a guess of the password
    /// with it, offline and uncounted. It is here for callers that confirm by other means.
    #[must_use]
    pub fn unconfirmed_secret(&self) -> &SharedSecret {
        &self.shared_secret
    }

    /// The expected cA ‖ cB ‖ the shared secret, 32 bytes each. Secret; encrypt and authenticate it where it
    /// is stored.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 96]> {
        let parts = [self.expected.as_bytes(), self.confirmation.as_bytes(), self.shared_secret.expose()];
        let mut bytes = Zeroizing::new([0; 96]);
        for (slot, part) in bytes.chunks_exact_mut(32).zip(parts) {
            slot.copy_from_slice(part);
        }
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) has written. Any 96 bytes are accepted, since they cannot be
    /// told from others.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 96]) -> Self {
        let mut parts: [Zeroizing<[u8; 32]>; 3] = Default::default();
        for (part, slot) in parts.iter_mut().zip(bytes.chunks_exact(32)) {
            part.copy_from_slice(slot);
        }
        let [expected, confirmation, shared_secret] = parts;
        Self {
            expected: ConfirmationA::from(*expected),
            confirmation: ConfirmationB::from(*confirmation),
            shared_secret: SharedSecret::from_bytes(*shared_secret),
        }
    }
}
