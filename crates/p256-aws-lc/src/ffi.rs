//! The C library's objects, owned. The only `unsafe` of the crate: each call's contract is that of AWS-LC's
//! `include/openssl/ec.h` and `bn.h`.

#![allow(unsafe_code)]

use std::ptr::{NonNull, null, null_mut};

use aws_lc_sys as c;
use zeroize::Zeroizing;

use crate::{POINT_LEN, SCALAR_LEN};

/// The answer of a C function that worked.
const DONE: std::ffi::c_int = 1;

/// A `BIGNUM` of four words.
pub(crate) struct Integer(NonNull<c::BIGNUM>);

impl Integer {
    /// OS2IP(`bytes`); `None` when memory is short.
    ///
    /// Always 32 bytes, so that the number's width says nothing of its value.
    pub(crate) fn read(bytes: &[u8; SCALAR_LEN]) -> Option<Self> {
        // SAFETY: `bytes` can be read for SCALAR_LEN bytes, and a null destination asks for a new number, which is the
        // caller's to free, or null.
        owned(unsafe { c::BN_bin2bn(bytes.as_ptr(), SCALAR_LEN, null_mut()) }).map(Self)
    }
}

impl Drop for Integer {
    fn drop(&mut self) {
        // SAFETY: the number is ours, from `BN_bin2bn`, and nobody has it after this.
        unsafe { c::BN_clear_free(self.0.as_ptr()) };
    }
}

/// An `EC_POINT` of P-256, on the curve and not the identity.
pub(crate) struct Element(NonNull<c::EC_POINT>);

impl Element {
    /// `k`·P. `k` must be from 1 to below the order, which makes the time independent of it.
    pub(crate) fn base_times(k: &Integer) -> Option<Self> {
        let product = Self::allocate()?;
        // SAFETY: the group is static, `product` is a point of it that nobody else has, `k` is a number that is only
        // read. Null for point and second scalar together asks for the generator's multiple alone; a null context, for
        // one of the call's own.
        let done =
            unsafe { c::EC_POINT_mul(p256(), product.0.as_ptr(), k.0.as_ptr(), null(), null(), null_mut()) };
        succeeded(done).then_some(product)
    }

    /// `k`·`self`. `k` must be from 1 to below the order, which makes the time independent of it.
    pub(crate) fn times(&self, k: &Integer) -> Option<Self> {
        let product = Self::allocate()?;
        let (point, scalar) = (self.0.as_ptr(), k.0.as_ptr());
        // SAFETY: as in `base_times`; `self` and `k` are only read, and `product` is another point than `self`. A null
        // first scalar leaves the generator out.
        let done = unsafe { c::EC_POINT_mul(p256(), product.0.as_ptr(), null(), point, scalar, null_mut()) };
        succeeded(done).then_some(product)
    }

    /// Reads `04 ‖ x ‖ y`; `None` unless that is a point on the curve with coordinates below the field's prime.
    pub(crate) fn decode(bytes: &[u8; POINT_LEN]) -> Option<Self> {
        // The function also reads hybrid points, 06 or 07 and 64 bytes. Compressed ones and the identity have other
        // lengths.
        if bytes.first() != Some(&0x04) {
            return None;
        }
        let point = Self::allocate()?;
        // SAFETY: the group is static, `point` is a point of it that nobody else has, and `bytes` can be read for
        // POINT_LEN bytes.
        let done =
            unsafe { c::EC_POINT_oct2point(p256(), point.0.as_ptr(), bytes.as_ptr(), POINT_LEN, null_mut()) };
        succeeded(done).then_some(point)
    }

    /// Writes `04 ‖ x ‖ y`.
    pub(crate) fn encode(&self) -> Option<Zeroizing<[u8; POINT_LEN]>> {
        let mut bytes = Zeroizing::new([0; POINT_LEN]);
        // SAFETY: the group is static, `self` is a point of it that is only read, and `bytes` can be written for
        // POINT_LEN bytes, which is what the function is told.
        let written = unsafe {
            c::EC_POINT_point2oct(
                p256(),
                self.0.as_ptr(),
                c::point_conversion_form_t::POINT_CONVERSION_UNCOMPRESSED,
                bytes.as_mut_ptr(),
                POINT_LEN,
                null_mut(),
            )
        };
        // The identity would be one byte.
        succeeded((written == POINT_LEN).into()).then_some(bytes)
    }

    /// A new point: the identity, until something is written to it.
    fn allocate() -> Option<Self> {
        // SAFETY: the group is static. The answer is a point that is the caller's to free, or null.
        owned(unsafe { c::EC_POINT_new(p256()) }).map(Self)
    }
}

impl Drop for Element {
    fn drop(&mut self) {
        // SAFETY: the point is ours, from `EC_POINT_new`, and nobody has it after this.
        unsafe { c::EC_POINT_clear_free(self.0.as_ptr()) };
    }
}

fn p256() -> *const c::EC_GROUP {
    // SAFETY: no precondition; the answer is a static object that is set up by the first call, under a lock.
    unsafe { c::EC_group_p256() }
}

/// What C has allocated, or nothing.
fn owned<T>(pointer: *mut T) -> Option<NonNull<T>> {
    let pointer = NonNull::new(pointer);
    succeeded(pointer.is_some().into());
    pointer
}

/// Whether a call worked. One that did not leaves its reasons in the thread's queue, where another user of the library
/// would take them for its own: they are thrown away.
fn succeeded(done: std::ffi::c_int) -> bool {
    if done != DONE {
        // SAFETY: no precondition; it empties the calling thread's own queue.
        unsafe { c::ERR_clear_error() };
    }
    done == DONE
}
