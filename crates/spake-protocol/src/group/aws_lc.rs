//! Multiplication by AWS-LC, four to five times as fast as the portable one.
//!
//! Only multiplication: it is where the time goes, and the rest (adding, selecting, comparing, encoding) needs the
//! complete formulas and the branch-free selection of the portable crate, which C's interface does not have.

use super::{Encoded, POINT_LEN, Scalar};

/// `k`·P; constant time. `None` when memory is short.
pub(super) fn multiply_base(k: &Scalar) -> Option<Encoded> {
    p256_aws_lc::multiply_base(&k.encode())
}

/// `k` times the point of `encoded`; constant time. `None` when that is no point (the identity's stand-in is none), or
/// memory is short.
pub(super) fn multiply(encoded: &[u8; POINT_LEN], k: &Scalar) -> Option<Encoded> {
    p256_aws_lc::multiply(&k.encode(), encoded)
}
