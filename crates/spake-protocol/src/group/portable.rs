//! Multiplication by the `p256` crate: in Rust alone, for every target. The reference.

use p256::ProjectivePoint;
use p256::elliptic_curve::Group as _;

use super::{Point, Scalar};

/// `k`·P, from the fixed table of the generator; constant time.
pub(super) fn multiply_base(k: &Scalar) -> Point {
    Point(ProjectivePoint::mul_by_generator(&k.0))
}

/// `k`·`point`; constant time.
pub(super) fn multiply(point: &Point, k: &Scalar) -> Point {
    Point(ProjectivePoint::mul(&point.0, &k.0))
}
