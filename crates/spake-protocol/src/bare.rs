//! The curve operations that a run cannot do without, by themselves: what a benchmark compares a run with.

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::group::{Encoded, POINT_LEN, Scalar, multiply, multiply_base};

/// Whose multiplication this build uses.
pub const MULTIPLICATION: &str = if cfg!(feature = "aws-lc") { "AWS-LC" } else { "p256" };

/// A random scalar and a random point, to compute with.
pub struct Bare {
    scalar: Scalar,
    point: Encoded,
}

impl Bare {
    /// Draws both.
    pub fn new<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        Self { scalar: Scalar::random(rng), point: multiply_base(&Scalar::random(rng)) }
    }

    /// One multiplication of a point that is not the generator, encoded.
    #[must_use]
    pub fn multiplication(&self) -> Zeroizing<[u8; POINT_LEN]> {
        multiply(&self.point, &self.scalar)
    }

    /// Of a SPAKE2+ verifier, from shareP to confirmV: y·P, Z and V, each encoded. One multiplication of the
    /// generator, two of other points; w0·M and w0·N were made at the registration.
    #[must_use]
    pub fn verifier(&self) -> [Zeroizing<[u8; POINT_LEN]>; 3] {
        [multiply_base(&self.scalar), self.multiplication(), self.multiplication()]
    }

    /// Of a SPAKE2 party, from the stretched password to the shared secret: y·P, w·N, w·M and K, each encoded. One
    /// multiplication of the generator, three of other points.
    #[must_use]
    pub fn party(&self) -> [Zeroizing<[u8; POINT_LEN]>; 4] {
        let multiplication = || self.multiplication();
        [multiply_base(&self.scalar), multiplication(), multiplication(), multiplication()]
    }
}
