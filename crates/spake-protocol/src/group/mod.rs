//! The group of RFC 9382 and RFC 9383's P-256 suites. No other module names the curve's crates.
//!
//! The arithmetic is the `p256` crate's; with the feature `aws-lc`, multiplication is AWS-LC's. Whatever AWS-LC does
//! not answer (the identity, or memory is short) the portable multiplication does, so the feature changes no result.
//!
//! `p` is the prime order of the group, `P` its generator, `q` the prime of the field. The cofactor is 1,
//! so a point that is on the curve is in the group and needs no further check.

#[cfg(feature = "aws-lc")]
mod aws_lc;
mod portable;

use std::sync::LazyLock;

use p256::elliptic_curve::Group as _;
use p256::elliptic_curve::ff::{Field as _, PrimeField as _};
use p256::elliptic_curve::point::{AffineCoordinates as _, BatchNormalize as _};
use p256::{AffinePoint, FieldBytes, ProjectivePoint};
use rand_core::CryptoRng;
use subtle::{Choice, ConditionallySelectable as _};
use zeroize::{Zeroize, Zeroizing};

use crate::error::{InvalidScalar, InvalidShare};

/// Bytes of a scalar, big-endian.
pub(crate) const SCALAR_LEN: usize = 32;

/// Bytes of a point, SEC1 uncompressed: `04 ‖ x ‖ y`.
pub(crate) const POINT_LEN: usize = 65;

/// Bytes of a scalar's source before the reduction: 8 more than the order has, so that the result's bias is
/// below 2⁻⁶⁴ (RFC 9383, section 3.2).
pub(crate) const WIDE_LEN: usize = 40;

/// A point as its encoding, or the identity's stand-in (see [`Point::encode`]).
pub(crate) type Encoded = Zeroizing<[u8; POINT_LEN]>;

/// SEC1's tag of an uncompressed point.
const UNCOMPRESSED: u8 = 0x04;

/// M of RFC 9382, section 6 (RFC 9383, section 4), uncompressed as it stands in SPAKE2+'s transcript.
pub(crate) const M_ENCODED: [u8; POINT_LEN] = [
    0x04, 0x88, 0x6e, 0x2f, 0x97, 0xac, 0xe4, 0x6e, 0x55, 0xba, 0x9d, 0xd7, 0x24, 0x25, 0x79, 0xf2, 0x99,
    0x3b, 0x64, 0xe1, 0x6e, 0xf3, 0xdc, 0xab, 0x95, 0xaf, 0xd4, 0x97, 0x33, 0x3d, 0x8f, 0xa1, 0x2f, 0x5f,
    0xf3, 0x55, 0x16, 0x3e, 0x43, 0xce, 0x22, 0x4e, 0x0b, 0x0e, 0x65, 0xff, 0x02, 0xac, 0x8e, 0x5c, 0x7b,
    0xe0, 0x94, 0x19, 0xc7, 0x85, 0xe0, 0xca, 0x54, 0x7d, 0x55, 0xa1, 0x2e, 0x2d, 0x20,
];

/// N of RFC 9382, section 6 (RFC 9383, section 4), uncompressed as it stands in SPAKE2+'s transcript.
pub(crate) const N_ENCODED: [u8; POINT_LEN] = [
    0x04, 0xd8, 0xbb, 0xd6, 0xc6, 0x39, 0xc6, 0x29, 0x37, 0xb0, 0x4d, 0x99, 0x7f, 0x38, 0xc3, 0x77, 0x07,
    0x19, 0xc6, 0x29, 0xd7, 0x01, 0x4d, 0x49, 0xa2, 0x4b, 0x4f, 0x98, 0xba, 0xa1, 0x29, 0x2b, 0x49, 0x07,
    0xd6, 0x0a, 0xa6, 0xbf, 0xad, 0xe4, 0x50, 0x08, 0xa6, 0x36, 0x33, 0x7f, 0x51, 0x68, 0xc6, 0x4d, 0x9b,
    0xd3, 0x60, 0x34, 0x80, 0x8c, 0xd5, 0x64, 0x49, 0x0b, 0x1e, 0x65, 0x6e, 0xdb, 0xe7,
];

static M: LazyLock<Point> = LazyLock::new(|| constant(&M_ENCODED));
static N: LazyLock<Point> = LazyLock::new(|| constant(&N_ENCODED));

/// A scalar in [1, p−1]; zeroized on drop.
pub(crate) struct Scalar(p256::Scalar);

impl Scalar {
    /// Draws a scalar from [1, p−1] by rejection from 32 big-endian bytes of `rng`.
    pub(crate) fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let mut bytes = Zeroizing::new([0; SCALAR_LEN]);
        loop {
            rng.fill_bytes(bytes.as_mut_slice());
            if let Ok(scalar) = Self::decode_nonzero(&bytes) {
                return scalar;
            }
        }
    }

    /// Reads 32 big-endian bytes, refusing 0 and everything from p on.
    ///
    /// The branch reveals only whether the bytes were refused.
    pub(crate) fn decode_nonzero(bytes: &[u8; SCALAR_LEN]) -> Result<Self, InvalidScalar> {
        let mut repr = FieldBytes::from(*bytes);
        let scalar = p256::Scalar::from_repr(repr).into_option().map(Self);
        repr.zeroize();
        scalar.filter(|scalar| !bool::from(scalar.0.is_zero())).ok_or(InvalidScalar)
    }

    /// OS2IP(`bytes`) mod p, for the output of a stretching function; [`InvalidScalar`] when that is 0.
    pub(crate) fn reduce_nonzero(bytes: &[u8; WIDE_LEN]) -> Result<Self, InvalidScalar> {
        let (high, low) = bytes.split_first_chunk::<{ WIDE_LEN - SCALAR_LEN }>().ok_or(InvalidScalar)?;
        let (low_high, low_low) = low.split_first_chunk::<16>().ok_or(InvalidScalar)?;
        let low_low = low_low.first_chunk::<16>().ok_or(InvalidScalar)?;

        // Three limbs of at most 128 bits, each below p, joined by Horner's rule: no reduction to write.
        let shift = p256::Scalar::from(1_u128 << 64).square();
        let mut sum = p256::Scalar::from(u64::from_be_bytes(*high));
        for limb in [low_high, low_low] {
            sum = sum * shift + p256::Scalar::from(u128::from_be_bytes(*limb));
        }
        let scalar = Self(sum);
        sum.zeroize();
        if bool::from(scalar.0.is_zero()) { Err(InvalidScalar) } else { Ok(scalar) }
    }

    /// A second copy, wiped on its own; explicit, so that no copy is made by accident.
    pub(crate) fn duplicate(&self) -> Self {
        Self(self.0)
    }

    /// 32 bytes, big-endian.
    pub(crate) fn encode(&self) -> Zeroizing<[u8; SCALAR_LEN]> {
        let mut repr = self.0.to_bytes();
        let mut bytes = Zeroizing::new([0; SCALAR_LEN]);
        bytes.copy_from_slice(&repr);
        repr.zeroize();
        bytes
    }
}

impl Drop for Scalar {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// A point of the group, possibly the identity; zeroized on drop, since K, Z, V and the masks are points.
#[derive(Clone)]
pub(crate) struct Point(ProjectivePoint);

impl Point {
    /// N, which masks the share of B and of the verifier, and stands in for an identity.
    pub(crate) fn n() -> &'static Self {
        &N
    }

    /// `k`·P; constant time.
    pub(crate) fn mul_base(k: &Scalar) -> Self {
        #[cfg(feature = "aws-lc")]
        if let Some(product) = decoded(aws_lc::multiply_base(k)) {
            return product;
        }
        portable::multiply_base(k)
    }

    /// `k`·M; constant time.
    pub(crate) fn mul_m(k: &Scalar) -> Self {
        #[cfg(feature = "aws-lc")]
        if let Some(product) = decoded(aws_lc::multiply(&M_ENCODED, k)) {
            return product;
        }
        portable::multiply(&M, k)
    }

    /// `k`·N; constant time.
    pub(crate) fn mul_n(k: &Scalar) -> Self {
        #[cfg(feature = "aws-lc")]
        if let Some(product) = decoded(aws_lc::multiply(&N_ENCODED, k)) {
            return product;
        }
        portable::multiply(&N, k)
    }

    /// `self` + `other`; complete formulas, so no case is special.
    pub(crate) fn add(&self, other: &Self) -> Self {
        Self(ProjectivePoint::add(&self.0, &other.0))
    }

    /// `self` − `other`.
    pub(crate) fn sub(&self, other: &Self) -> Self {
        Self(ProjectivePoint::sub(&self.0, &other.0))
    }

    /// Whether this is the identity, without a branch.
    pub(crate) fn is_identity(&self) -> Choice {
        self.0.is_identity()
    }

    /// `otherwise` where `choice` is set, else `self`, without a branch.
    pub(crate) fn select(&self, otherwise: &Self, choice: Choice) -> Self {
        Self(ProjectivePoint::conditional_select(&self.0, &otherwise.0, choice))
    }

    /// SEC1 uncompressed. The identity, which has no such encoding, becomes `04` and zeros: not a point of
    /// the curve, so it collides with nothing and [`Point::decode`] refuses it.
    pub(crate) fn encode(&self) -> Encoded {
        encode_affine(self.0.to_affine())
    }

    /// The encodings of several points, for the price of one field inversion.
    pub(crate) fn encode_all<const COUNT: usize>(points: [&Self; COUNT]) -> [Encoded; COUNT] {
        let mut projective = points.map(|point| point.0);
        let affine = ProjectivePoint::batch_normalize(&projective);
        projective.zeroize();
        affine.map(encode_affine)
    }

    /// Reads 65 bytes `04 ‖ x ‖ y` of a point on the curve with coordinates below q.
    ///
    /// The identity cannot be written like this, so what was decoded is never the identity.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, InvalidShare> {
        let bytes: &[u8; POINT_LEN] = bytes.try_into().map_err(|_| InvalidShare::Length)?;
        let (tag, coordinates) = bytes.split_first().ok_or(InvalidShare::Length)?;
        if *tag != UNCOMPRESSED {
            return Err(InvalidShare::Prefix);
        }
        let (x, rest) = coordinates.split_first_chunk::<32>().ok_or(InvalidShare::Length)?;
        let y = rest.first_chunk::<32>().ok_or(InvalidShare::Length)?;
        // What is decoded can be a stored mask or a product, as secret as a point.
        let mut coordinates = [FieldBytes::from(*x), FieldBytes::from(*y)];
        let [x, y] = &coordinates;
        let affine = AffinePoint::from_coordinates(x, y).into_option();
        coordinates.zeroize();
        affine
            .map(|mut affine| {
                let point = Self(affine.into());
                affine.zeroize();
                point
            })
            .ok_or(InvalidShare::NotOnCurve)
    }
}

impl Drop for Point {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// `k`·P, encoded; constant time.
pub(crate) fn multiply_base(k: &Scalar) -> Encoded {
    #[cfg(feature = "aws-lc")]
    if let Some(product) = aws_lc::multiply_base(k) {
        return product;
    }
    portable::multiply_base(k).encode()
}

/// `k` times the point that `encoded` is the encoding of, encoded; constant time. The identity's stand-in gives itself.
///
/// From encoding to encoding, for that is what a multiplication elsewhere takes and gives, and what most products are
/// needed for is the transcript.
pub(crate) fn multiply(encoded: &[u8; POINT_LEN], k: &Scalar) -> Encoded {
    #[cfg(feature = "aws-lc")]
    if let Some(product) = aws_lc::multiply(encoded, k) {
        return product;
    }
    let point = Point::decode(encoded).unwrap_or(Point(ProjectivePoint::IDENTITY));
    portable::multiply(&point, k).encode()
}

/// A product as a point. That it is on the curve is checked here once more, by the other implementation.
#[cfg(feature = "aws-lc")]
fn decoded(product: Option<Encoded>) -> Option<Point> {
    Point::decode(product?.as_slice()).ok()
}

fn encode_affine(mut affine: AffinePoint) -> Encoded {
    let mut bytes = Zeroizing::new([0; POINT_LEN]);
    let (mut x, mut y) = (affine.x(), affine.y());
    let source = [UNCOMPRESSED].into_iter().chain(x).chain(y);
    for (byte, value) in bytes.iter_mut().zip(source) {
        *byte = value;
    }
    x.zeroize();
    y.zeroize();
    affine.zeroize();
    bytes
}

/// Decodes M or N. A slip in those literals would make this the identity; the tests compare both with the
/// RFC's compressed forms, and no vector would pass.
fn constant(encoded: &[u8; POINT_LEN]) -> Point {
    Point::decode(encoded).unwrap_or(Point(ProjectivePoint::IDENTITY))
}

#[cfg(test)]
mod tests;
