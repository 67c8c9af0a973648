//! What is refused, and as what.

use spake_protocol::spake2::{ShareA, ShareB, W};
use spake_protocol::spake2plus::{ProverSecret, ShareP, ShareV, VerifierRecord};
use spake_protocol::{InvalidScalar, InvalidShare, InvalidVerifier};

use crate::support::{masks, order, unhex};

const Q: &str = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";

/// Some share: 65 bytes of a point on the curve.
fn valid() -> Vec<u8> {
    masks(&[7; 32])[0].to_vec()
}

/// What every kind of share says to these bytes; all must say the same.
#[track_caller]
fn refused(bytes: &[u8]) -> InvalidShare {
    let errors = [
        ShareA::try_from(bytes).unwrap_err(),
        ShareB::try_from(bytes).unwrap_err(),
        ShareP::try_from(bytes).unwrap_err(),
        ShareV::try_from(bytes).unwrap_err(),
    ];
    assert!(errors.iter().all(|error| *error == errors[0]));
    assert_eq!(VerifierRecord::new(&[1; 32], bytes).err(), Some(InvalidVerifier::L(errors[0])));
    errors[0]
}

#[test]
fn a_share_of_another_length_is_refused() {
    let valid = valid();
    for length in 0..65 {
        assert_eq!(refused(&valid[..length]), InvalidShare::Length);
    }
    assert_eq!(refused(&[valid.as_slice(), &[0]].concat()), InvalidShare::Length);
    assert_eq!(refused(&[0]), InvalidShare::Length, "the identity in SEC1");
}

#[test]
fn a_compressed_or_compact_share_is_refused() {
    for tag in [2, 3, 5] {
        let mut compressed = valid()[..33].to_vec();
        compressed[0] = tag;
        assert_eq!(refused(&compressed), InvalidShare::Length);
    }
}

#[test]
fn every_prefix_but_04_is_refused() {
    // 06 and 07 are X9.62's hybrid form, which some libraries accept.
    for prefix in (0..=255).filter(|prefix| *prefix != 4) {
        let mut share = valid();
        share[0] = prefix;
        assert_eq!(refused(&share), InvalidShare::Prefix);
    }
}

#[test]
fn a_point_off_the_curve_is_refused() {
    for at in 1..65 {
        let mut share = valid();
        share[at] ^= 1;
        assert_eq!(refused(&share), InvalidShare::NotOnCurve);
    }
    let mut zeros = vec![0; 65];
    zeros[0] = 4;
    assert_eq!(
        refused(&zeros),
        InvalidShare::NotOnCurve,
        "the point (0, 0), a common stand-in for the identity"
    );
}

#[test]
fn a_coordinate_that_is_not_reduced_is_refused() {
    // x = 0 is on the curve, with y = √b. Written as q it would be the same point, in a second encoding.
    let root = "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4";
    let zero = "00".repeat(32);
    assert!(ShareA::try_from(unhex(&format!("04{zero}{root}")).as_slice()).is_ok());
    assert_eq!(refused(&unhex(&format!("04{Q}{root}"))), InvalidShare::NotOnCurve);
    assert_eq!(refused(&unhex(&format!("04{root}{Q}"))), InvalidShare::NotOnCurve);
    assert_eq!(refused(&unhex(&format!("04{}{root}", "ff".repeat(32)))), InvalidShare::NotOnCurve);
    let mut share = valid();
    share[33..].copy_from_slice(&[0xff; 32]);
    assert_eq!(refused(&share), InvalidShare::NotOnCurve);
}

#[test]
fn a_point_of_the_twist_or_of_another_curve_is_refused() {
    // secp256k1's generator, and the vectors' invalid curves.
    let foreign = "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798\
                   483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";
    assert_eq!(refused(&unhex(foreign)), InvalidShare::NotOnCurve);
    let file = include_str!("../vectors/wycheproof_ecdh_secp256r1_ecpoint.json");
    let file: serde_json::Value = serde_json::from_str(file).unwrap();
    let mut count = 0;
    for group in file["testGroups"].as_array().unwrap() {
        for test in group["tests"].as_array().unwrap() {
            let public = unhex(test["public"].as_str().unwrap());
            match test["result"].as_str().unwrap() {
                "valid" => {
                    assert_eq!(ShareA::try_from(public.as_slice()).unwrap().as_bytes(), public.as_slice())
                }
                _ => {
                    refused(&public);
                    count += 1;
                }
            }
        }
    }
    assert_eq!(count, 25);
}

#[test]
fn a_scalar_outside_of_1_to_p_minus_1_is_refused() {
    let (order, mut below) = (order(), order());
    below[31] -= 1;
    let good = [1; 32];
    assert!(W::from_bytes(&below).is_ok());
    assert!(ProverSecret::from_bytes(&below, &below).is_ok());
    assert!(VerifierRecord::new(&below, &valid()).is_ok());
    for bad in [[0; 32], order, [0xff; 32]] {
        assert_eq!(W::from_bytes(&bad).err(), Some(InvalidScalar));
        assert_eq!(ProverSecret::from_bytes(&bad, &good).err(), Some(InvalidScalar));
        assert_eq!(ProverSecret::from_bytes(&good, &bad).err(), Some(InvalidScalar));
        assert_eq!(VerifierRecord::new(&bad, &valid()).err(), Some(InvalidVerifier::W0(InvalidScalar)));
    }
}
