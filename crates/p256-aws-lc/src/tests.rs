//! The answers of the C library against those of another implementation; refusals; nothing left behind.

use p256::elliptic_curve::Group as _;
use p256::elliptic_curve::ff::PrimeField as _;
use p256::elliptic_curve::point::AffineCoordinates as _;
use p256::{FieldBytes, ProjectivePoint, Scalar};
use proptest::prelude::*;

use super::*;

fn order_plus(difference: i8) -> [u8; SCALAR_LEN] {
    let mut bytes = ORDER;
    bytes[31] = bytes[31].checked_add_signed(difference).unwrap();
    bytes
}

fn small(value: u8) -> [u8; SCALAR_LEN] {
    let mut bytes = [0; SCALAR_LEN];
    bytes[31] = value;
    bytes
}

fn scalar(bytes: &[u8; SCALAR_LEN]) -> Option<Scalar> {
    Scalar::from_repr(FieldBytes::from(*bytes)).into_option().filter(|scalar| *scalar != Scalar::ZERO)
}

fn encode(point: ProjectivePoint) -> [u8; POINT_LEN] {
    let affine = point.to_affine();
    let mut bytes = [0x04; POINT_LEN];
    bytes[1..33].copy_from_slice(&affine.x());
    bytes[33..].copy_from_slice(&affine.y());
    bytes
}

fn generator() -> [u8; POINT_LEN] {
    encode(ProjectivePoint::GENERATOR)
}

/// Whether the calling thread's error queue is empty.
fn no_error_is_left() -> bool {
    // SAFETY: no precondition; it looks at the calling thread's own queue.
    #[allow(unsafe_code)]
    unsafe {
        aws_lc_sys::ERR_peek_error() == 0
    }
}

#[test]
fn a_scalar_that_is_zero_or_not_below_the_order_is_refused() {
    for refused in [small(0), order_plus(0), order_plus(1), [0xff; SCALAR_LEN]] {
        assert!(multiply_base(&refused).is_none());
        assert!(multiply(&refused, &generator()).is_none());
    }
    for accepted in [small(1), small(255), order_plus(-1), [0x80; SCALAR_LEN]] {
        assert!(multiply_base(&accepted).is_some());
    }
}

#[test]
fn only_an_uncompressed_point_on_the_curve_is_taken_and_no_error_stays_in_the_queue() {
    let p = generator();
    let with = |index: usize, byte: u8| {
        let mut changed = p;
        changed[index] = byte;
        changed
    };
    // Hybrid points are right in everything but their tag, one of the two even in that.
    for tag in [0x00, 0x02, 0x03, 0x05, 0x06, 0x07, 0xff] {
        assert!(multiply(&small(2), &with(0, tag)).is_none(), "{tag:02x}");
    }
    for index in [1, 32, 33, 64] {
        assert!(multiply(&small(2), &with(index, p[index] ^ 1)).is_none(), "{index}");
    }
    let mut beyond_the_field = [0xff; POINT_LEN];
    beyond_the_field[0] = 0x04;
    let mut origin = [0; POINT_LEN];
    origin[0] = 0x04;
    for refused in [beyond_the_field, origin] {
        assert!(multiply(&small(2), &refused).is_none());
    }
    assert!(no_error_is_left());
}

#[test]
fn multiples_next_to_the_order_come_out_right() {
    let p = ProjectivePoint::GENERATOR;
    assert_eq!(*multiply_base(&small(1)).unwrap(), encode(p));
    assert_eq!(*multiply_base(&order_plus(-1)).unwrap(), encode(-p));
    assert_eq!(*multiply(&order_plus(-1), &generator()).unwrap(), encode(-p));
    assert_eq!(*multiply(&order_plus(-2), &generator()).unwrap(), encode(-p.double()));
}

#[test]
fn every_thread_can_multiply_at_once() {
    let expected = encode(ProjectivePoint::GENERATOR * Scalar::from(7_u64));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(*multiply(&small(7), &generator()).unwrap(), expected);
                    assert_eq!(*multiply_base(&small(7)).unwrap(), expected);
                }
            });
        }
    });
}

proptest! {
    #[test]
    fn both_implementations_multiply_alike(k: [u8; SCALAR_LEN], of_point: [u8; SCALAR_LEN]) {
        let (Some(k_there), Some(of_point)) = (scalar(&k), scalar(&of_point)) else { return Ok(()) };
        let point = ProjectivePoint::mul_by_generator(&of_point);
        prop_assert_eq!(*multiply_base(&k).unwrap(), encode(ProjectivePoint::mul_by_generator(&k_there)));
        prop_assert_eq!(*multiply(&k, &encode(point)).unwrap(), encode(point * k_there));
    }

    /// Few set bits, and runs of them: the windows' digits at their edges.
    #[test]
    fn sparse_scalars_multiply_alike(bits in prop::collection::vec(0_usize..256, 1..6), run in 0_usize..64) {
        let mut k = [0; SCALAR_LEN];
        for bit in bits {
            for bit in bit..(bit + run + 1).min(256) {
                k[31 - bit / 8] |= 1 << (bit % 8);
            }
        }
        let expected = scalar(&k).map(|k| encode(ProjectivePoint::mul_by_generator(&k)));
        prop_assert_eq!(multiply_base(&k).map(|product| *product), expected);
        prop_assert_eq!(multiply(&k, &generator()).map(|product| *product), expected);
    }

    #[test]
    fn a_scalar_is_in_range_exactly_when_the_other_implementation_says_so(low: u8, last: [u8; 2], near: bool) {
        let mut k = if near { ORDER } else { [low; SCALAR_LEN] };
        k[30..].copy_from_slice(&last);
        prop_assert_eq!(in_range(&k), scalar(&k).is_some());
    }
}
