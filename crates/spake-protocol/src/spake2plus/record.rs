//! The verifier's side of a registration.

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::encoding::take_array;
use crate::error::{CorruptState, InvalidVerifier};
use crate::group::{POINT_LEN, Point, SCALAR_LEN, Scalar};

/// w0 and L of RFC 9383, section 3.2, with the masks w0·M and w0·N. Zeroized on drop.
///
/// Whoever holds it can test guesses of the password offline, and can pass as the verifier, but not as the
/// prover.
pub struct VerifierRecord {
    w0: Scalar,
    l: Point,
    // Two multiplications that depend on nothing else, made once at the registration instead of at each
    // login.
    mask_m: Point,
    mask_n: Point,
}

impl VerifierRecord {
    /// Takes w0 (32 bytes, big-endian) and L (65 bytes, SEC1 uncompressed), as a prover registers them.
    ///
    /// That L = w1·P for the w1 of the same password cannot be checked; if not, that prover's logins fail.
    ///
    /// # Errors
    ///
    /// [`InvalidVerifier`] when w0 is 0 or not below p, or L is not a point of the group or is the identity.
    pub fn new(w0: &[u8; 32], l: &[u8]) -> Result<Self, InvalidVerifier> {
        let w0 = Scalar::decode_nonzero(w0).map_err(InvalidVerifier::W0)?;
        let l = Point::decode(l).map_err(InvalidVerifier::L)?;
        Ok(Self::of(w0, l))
    }

    /// A record of no password: w0 is random, and L a random point whose w1 is forgotten at once.
    ///
    /// It answers in the place of unknown credentials, with the same work.
    pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let w0 = Scalar::random(rng);
        let l = Point::mul_base(&Scalar::random(rng));
        Self::of(w0, l)
    }

    pub(crate) fn of(w0: Scalar, l: Point) -> Self {
        let mask_m = Point::mul_m(&w0);
        let mask_n = Point::mul_n(&w0);
        Self { w0, l, mask_m, mask_n }
    }

    /// w0: 32 bytes, big-endian.
    #[must_use]
    pub fn w0_bytes(&self) -> Zeroizing<[u8; 32]> {
        self.w0.encode()
    }

    /// L: 65 bytes, SEC1 uncompressed.
    #[must_use]
    pub fn l_bytes(&self) -> Zeroizing<[u8; 65]> {
        self.l.encode()
    }

    /// w0 ‖ L ‖ w0·M ‖ w0·N: 32 + 3 × 65 = 227 bytes. As secret as the record; encrypt and authenticate it
    /// where it is stored.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let w0 = self.w0.encode();
        let [l, mask_m, mask_n] = Point::encode_all([&self.l, &self.mask_m, &self.mask_n]);
        Zeroizing::new([w0.as_slice(), l.as_slice(), mask_m.as_slice(), mask_n.as_slice()].concat())
    }

    /// Reads what [`to_bytes`](Self::to_bytes) has written.
    ///
    /// # Errors
    ///
    /// [`CorruptState`] for anything that cannot have been written: another length, a w0 that is 0 or not
    /// below p, a point that is not on the curve. That the masks belong to w0 is not checked: computing them
    /// again is what they spare, and authenticating the bytes is the store's part.
    pub fn from_bytes(mut bytes: &[u8]) -> Result<Self, CorruptState> {
        read(&mut bytes).filter(|_| bytes.is_empty()).ok_or(CorruptState)
    }

    pub(crate) fn w0(&self) -> &Scalar {
        &self.w0
    }

    pub(crate) fn l(&self) -> &Point {
        &self.l
    }

    /// w0·M.
    pub(crate) fn mask_m(&self) -> &Point {
        &self.mask_m
    }

    /// w0·N.
    pub(crate) fn mask_n(&self) -> &Point {
        &self.mask_n
    }
}

fn read(bytes: &mut &[u8]) -> Option<VerifierRecord> {
    let w0 = Scalar::decode_nonzero(take_array::<SCALAR_LEN>(bytes)?).ok()?;
    let l = Point::decode(take_array::<POINT_LEN>(bytes)?).ok()?;
    let mask_m = Point::decode(take_array::<POINT_LEN>(bytes)?).ok()?;
    let mask_n = Point::decode(take_array::<POINT_LEN>(bytes)?).ok()?;
    Some(VerifierRecord { w0, l, mask_m, mask_n })
}
