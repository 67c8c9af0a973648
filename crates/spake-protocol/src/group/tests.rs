//! Tests of the group: constants, encodings, edge cases of the arithmetic.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::testing::{Scripted, hex, text, unhex};

const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

fn order_plus(difference: i8) -> [u8; 32] {
    let mut bytes: [u8; 32] = unhex(ORDER).try_into().unwrap();
    bytes[31] = bytes[31].checked_add_signed(difference).unwrap();
    bytes
}

fn small(value: u8) -> Scalar {
    let mut bytes = [0; 32];
    bytes[31] = value;
    Scalar::decode_nonzero(&bytes).unwrap()
}

/// −`point`.
fn negated(point: &Point) -> Point {
    Point(ProjectivePoint::IDENTITY).sub(point)
}

#[test]
fn m_and_n_are_the_rfcs_points() {
    let file: Value = serde_json::from_str(include_str!("../../tests/vectors/rfc9382_p256.json")).unwrap();
    for (name, encoded, point) in [("M", &M_ENCODED, &*M), ("N", &N_ENCODED, Point::n())] {
        let compressed = unhex(text(&file, name));
        assert_eq!(encoded[1..33], compressed[1..]);
        assert_eq!(encoded[64] & 1, compressed[0] & 1);
        assert_eq!(*point.encode(), *encoded);
        assert!(!bool::from(point.is_identity()));
    }
}

#[test]
fn a_scalar_is_drawn_by_rejection_from_32_big_endian_bytes() {
    let mut rng = Scripted::new(&[&[0; 32], &order_plus(0), &[0xff; 32], &order_plus(-1), &[1; 32]]);
    assert_eq!(*Scalar::random(&mut rng).encode(), order_plus(-1));
    assert_eq!(rng.remaining(), 32);
}

#[test]
fn a_scalar_is_refused_when_it_is_zero_or_not_below_the_order() {
    for refused in [[0; 32], order_plus(0), order_plus(1), [0xff; 32]] {
        assert!(Scalar::decode_nonzero(&refused).is_err());
    }
    for accepted in [order_plus(-1), *small(1).encode()] {
        assert_eq!(*Scalar::decode_nonzero(&accepted).unwrap().encode(), accepted);
    }
}

#[test]
fn a_reduction_to_zero_is_refused() {
    let mut multiple_of_order = [0; WIDE_LEN];
    assert!(Scalar::reduce_nonzero(&multiple_of_order).is_err());
    multiple_of_order[8..].copy_from_slice(&order_plus(0));
    assert!(Scalar::reduce_nonzero(&multiple_of_order).is_err());
    multiple_of_order[8..].copy_from_slice(&order_plus(1));
    assert_eq!(Scalar::reduce_nonzero(&multiple_of_order).unwrap().encode(), small(1).encode());
}

#[test]
fn the_identitys_stand_in_encoding_is_no_point() {
    let identity = Point::n().sub(Point::n());
    assert!(bool::from(identity.is_identity()));
    let encoded = identity.encode();
    assert_eq!(hex(encoded.as_slice()), format!("04{}", "00".repeat(64)));
    assert_eq!(Point::decode(encoded.as_slice()).err(), Some(InvalidShare::NotOnCurve));
    let [all] = Point::encode_all([&identity]);
    assert_eq!(all, encoded);
}

#[test]
fn the_formulas_are_complete() {
    let (p, two_p) = (Point::mul_base(&small(1)), Point::mul_base(&small(2)));
    assert_eq!(p.add(&p).encode(), two_p.encode());
    assert_eq!(two_p.sub(&p).encode(), p.encode());
    assert!(bool::from(p.add(&negated(&p)).is_identity()));
    let minus_one = Scalar::decode_nonzero(&order_plus(-1)).unwrap();
    assert_eq!(multiply(&p.encode(), &minus_one), negated(&p).encode());
    assert_eq!(Point::mul_base(&minus_one).encode(), negated(&p).encode());
}

#[test]
fn select_takes_the_second_where_the_choice_is_set() {
    let (m, n) = (&*M, Point::n());
    assert_eq!(m.select(n, Choice::from(0)).encode(), m.encode());
    assert_eq!(m.select(n, Choice::from(1)).encode(), n.encode());
}

#[test]
fn wycheproof_points_are_accepted_and_multiplied_or_refused() {
    let file = include_str!("../../tests/vectors/wycheproof_ecdh_secp256r1_ecpoint.json");
    let file: Value = serde_json::from_str(file).unwrap();
    let tests =
        file["testGroups"].as_array().unwrap().iter().flat_map(|group| group["tests"].as_array().unwrap());
    let mut counts = [0; 3];
    for test in tests {
        let point = Point::decode(&unhex(text(test, "public")));
        match text(test, "result") {
            "valid" => {
                counts[0] += 1;
                // Private keys come as DER integers: a sign byte may lead them.
                let private = unhex(text(test, "private"));
                let mut scalar = [0; 32];
                let significant = private.len().min(32);
                scalar[32 - significant..].copy_from_slice(&private[private.len() - significant..]);
                let shared = multiply(&point.unwrap().encode(), &Scalar::decode_nonzero(&scalar).unwrap());
                assert_eq!(hex(&shared[1..33]), text(test, "shared"), "{}", test["tcId"]);
            }
            // Compressed points, which this crate refuses by their length.
            "acceptable" => {
                counts[1] += 1;
                assert_eq!(point.err(), Some(InvalidShare::Length));
            }
            _ => {
                counts[2] += 1;
                assert!(point.is_err(), "{}", test["tcId"]);
            }
        }
    }
    assert_eq!(counts, [330, 1, 24]);
}

proptest! {
    #[test]
    fn a_reduction_is_that_of_the_big_integer(high: u64, low: [u8; 32]) {
        let mut wide = [0; WIDE_LEN];
        wide[..8].copy_from_slice(&high.to_be_bytes());
        wide[8..].copy_from_slice(&low);
        // The curve's crate reduces 64 bytes by another algorithm (Barrett).
        let mut padded = [0; 64];
        padded[24..].copy_from_slice(&wide);
        let expected = <p256::Scalar as p256::elliptic_curve::ff::FromUniformBytes<64>>::from_uniform_bytes(&padded);
        prop_assert_eq!(Scalar::reduce_nonzero(&wide).unwrap().0, expected);
    }

    #[test]
    fn any_65_bytes_decode_to_themselves_or_not_at_all(mut bytes in prop::collection::vec(any::<u8>(), 0..80), tag: bool) {
        if let (true, Some(first)) = (tag, bytes.first_mut()) {
            *first = UNCOMPRESSED;
        }
        if let Ok(point) = Point::decode(&bytes) {
            prop_assert_eq!(point.encode().to_vec(), bytes);
        }
    }

    #[test]
    fn encoding_together_is_encoding_apart(a in 1_u8.., b in 1_u8..) {
        let (a, b) = (Point::mul_base(&small(a)), Point::mul_m(&small(b)));
        prop_assert_eq!(Point::encode_all([&a, &b]), [a.encode(), b.encode()]);
    }
}

proptest! {
    #[test]
    fn every_way_to_multiply_gives_the_same(k in 1_u8..) {
        let k = small(k);
        let products = [(&*M, Point::mul_m(&k)), (&*N, Point::mul_n(&k)), (&Point::mul_base(&small(1)), Point::mul_base(&k))];
        for (point, product) in products {
            prop_assert_eq!(multiply(&point.encode(), &k), product.encode());
        }
        prop_assert_eq!(multiply_base(&k), Point::mul_base(&k).encode());
    }
}

#[test]
fn the_identity_times_anything_is_the_identity() {
    let identity = N.sub(&N).encode();
    assert_eq!(multiply(&identity, &small(2)), identity);
}

/// The two multiplications against each other, on everything that they can be asked.
#[cfg(feature = "aws-lc")]
mod both {
    use super::*;
    use crate::group::{aws_lc, portable};

    /// Scalars as the protocols have them, and those at the edges of [1, p−1] and of a window.
    fn scalars() -> impl Strategy<Value = [u8; 32]> {
        let near_the_order = (-8_i8..3).prop_map(order_plus);
        let few_bits = (0_usize..256, 0_usize..256).prop_map(|(first, second)| {
            let mut bytes = [0; 32];
            for bit in [first, second] {
                bytes[31 - bit / 8] |= 1 << (bit % 8);
            }
            bytes
        });
        let zero = Just([0; 32]);
        prop_oneof![4 => any::<[u8; 32]>(), 2 => near_the_order, 2 => few_bits, 1 => zero]
    }

    proptest! {
        #[test]
        fn they_multiply_alike(k in scalars(), of_point in scalars()) {
            let (Ok(k), Ok(of_point)) = (Scalar::decode_nonzero(&k), Scalar::decode_nonzero(&of_point)) else {
                return Ok(());
            };
            prop_assert_eq!(aws_lc::multiply_base(&k).unwrap(), portable::multiply_base(&k).encode());
            let point = portable::multiply_base(&of_point);
            for point in [&point, &point.add(&M), &point.sub(&N)] {
                if !bool::from(point.is_identity()) {
                    let product = aws_lc::multiply(&point.encode(), &k).unwrap();
                    prop_assert_eq!(product, portable::multiply(point, &k).encode());
                }
            }
        }

        #[test]
        fn they_take_and_refuse_the_same_points(mut bytes: [[u8; 13]; 5], tag in 0_u8..8, on_curve: bool) {
            let bytes: &mut [u8; 65] = bytes.as_flattened_mut().try_into().unwrap();
            if on_curve {
                *bytes = *portable::multiply_base(&small(bytes[0].max(1))).encode();
            }
            bytes[0] = tag;
            let here = Point::decode(bytes.as_slice()).ok();
            prop_assert_eq!(aws_lc::multiply(bytes, &small(1)), here.map(|point| point.encode()));
        }

        #[test]
        fn they_take_and_refuse_the_same_scalars(bytes in scalars()) {
            let here = Scalar::decode_nonzero(&bytes).ok();
            prop_assert_eq!(p256_aws_lc::multiply_base(&bytes), here.map(|k| portable::multiply_base(&k).encode()));
        }
    }

    #[test]
    fn what_is_no_point_is_left_to_the_portable_one() {
        assert!(aws_lc::multiply(&N.sub(&N).encode(), &small(2)).is_none());
    }

    #[test]
    fn wycheproof_products_are_alike() {
        let file = include_str!("../../tests/vectors/wycheproof_ecdh_secp256r1_ecpoint.json");
        let file: Value = serde_json::from_str(file).unwrap();
        let groups = file["testGroups"].as_array().unwrap();
        let mut points = 0;
        for test in groups.iter().flat_map(|group| group["tests"].as_array().unwrap()) {
            let Ok(point) = Point::decode(&unhex(text(test, "public"))) else { continue };
            for k in [small(1), small(2), Scalar::decode_nonzero(&order_plus(-1)).unwrap()] {
                assert_eq!(
                    aws_lc::multiply(&point.encode(), &k).unwrap(),
                    portable::multiply(&point, &k).encode()
                );
            }
            points += 1;
        }
        assert_eq!(points, 330);
    }
}
