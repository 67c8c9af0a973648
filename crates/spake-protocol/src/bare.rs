//! The curve operations that a run cannot do without, by themselves: what a benchmark compares a run with.

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::group::{POINT_LEN, Point, Scalar};

/// A random scalar and a random point, to compute with.
pub struct Bare {
    scalar: Scalar,
    point: Point,
}

impl Bare {
    /// Draws both.
    pub fn new<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        Self { scalar: Scalar::random(rng), point: Point::mul_base(&Scalar::random(rng)) }
    }

    /// Of a SPAKE2+ verifier, from shareP to confirmV: y·P, Z and V, each encoded. One multiplication of the
    /// generator, two of other points; w0·M and w0·N were made at the registration.
    #[must_use]
    pub fn verifier(&self) -> [Zeroizing<[u8; POINT_LEN]>; 3] {
        let (share, z) = (Point::mul_base(&self.scalar), self.point.mul(&self.scalar));
        [share.encode(), z.encode(), self.point.mul(&self.scalar).encode()]
    }

    /// Of a SPAKE2 party, from the stretched password to the shared secret: y·P with w·N, w·M, and K; both results
    /// encoded. One multiplication of the generator, three of other points.
    #[must_use]
    pub fn party(&self) -> [Zeroizing<[u8; POINT_LEN]>; 2] {
        let share = Point::mul_base(&self.scalar).add(&Point::n().mul(&self.scalar));
        let k = self.point.sub(&Point::m().mul(&self.scalar)).mul(&self.scalar);
        [share.encode(), k.encode()]
    }
}
