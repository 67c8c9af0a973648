//! Multiplication on P-256 by [AWS-LC](https://github.com/aws/aws-lc), in constant time: of any point by s2n-bignum,
//! which is formally verified (where the build has an assembler that knows ADX; else by nistz256); of the generator by
//! nistz256 (Gueron and Krasnov), which is not.
//!
//! Two functions over bytes, and nothing else: a scalar in [1, p−1] and a point that is not the identity give a
//! point that is not the identity, so that C never meets a case that it treats apart. What branches there (adding
//! equal points, encoding the identity) stays with the caller's own arithmetic.
//!
//! Everything here that holds a scalar or a product is wiped: our buffers by [`Zeroizing`], C's heap by `OPENSSL_free`,
//! which overwrites all that it frees. What C leaves on its stack is not.

mod ffi;

use zeroize::Zeroizing;

/// Bytes of a scalar, big-endian.
pub const SCALAR_LEN: usize = 32;

/// Bytes of a point, SEC1 uncompressed: `04 ‖ x ‖ y`.
pub const POINT_LEN: usize = 65;

/// The order of the group (SEC 2, section 2.4.2), big-endian.
const ORDER: [u8; SCALAR_LEN] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
    0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// `scalar`·P for the generator P; constant time.
///
/// `None` when the scalar is 0 or not below the order, or memory is short.
#[must_use]
pub fn multiply_base(scalar: &[u8; SCALAR_LEN]) -> Option<Zeroizing<[u8; POINT_LEN]>> {
    if !in_range(scalar) {
        return None;
    }
    ffi::Element::base_times(&ffi::Integer::read(scalar)?)?.encode()
}

/// `scalar`·`point`; constant time.
///
/// `None` when the scalar is 0 or not below the order, when `point` is not the 65 bytes `04 ‖ x ‖ y` of a point on
/// the curve with coordinates below the field's prime, or when memory is short.
#[must_use]
pub fn multiply(scalar: &[u8; SCALAR_LEN], point: &[u8; POINT_LEN]) -> Option<Zeroizing<[u8; POINT_LEN]>> {
    if !in_range(scalar) {
        return None;
    }
    ffi::Element::decode(point)?.times(&ffi::Integer::read(scalar)?)?.encode()
}

/// Whether 0 < `scalar` < the order. C would reduce a larger one, but not in constant time.
///
/// The branch on the result reveals only that the scalar was refused.
fn in_range(scalar: &[u8; SCALAR_LEN]) -> bool {
    let mut borrow = 0;
    let mut bits = 0;
    for (byte, of_order) in scalar.iter().zip(&ORDER).rev() {
        // Negative exactly when this byte and what was borrowed exceed the minuend's.
        borrow = (i16::from(*byte) - i16::from(*of_order) + borrow) >> 8;
        bits |= byte;
    }
    borrow != 0 && bits != 0
}

#[cfg(test)]
mod tests;
