//! Every intermediate value of RFC 9383's appendix C for this crate's suite, computed by both roles.

use serde_json::Value;

use super::schedule::{Keys, confirmation_keys, transcript};
use super::verifier::unmask;
use super::{Prover, ProverSecret, Setting, ShareP, Verifier, VerifierRecord};
use crate::group::{Encoded, Point, Scalar, multiply};
use crate::keys::sha256;
use crate::testing::{Scripted, bytes, hex, text, unhex};

fn vector() -> Value {
    let file: Value = serde_json::from_str(include_str!("../../tests/vectors/rfc9383_p256.json")).unwrap();
    let ours = |vector: &&Value| vector["suite"] == "P256-SHA256-HKDF-SHA256-HMAC-SHA256";
    file["vectors"].as_array().unwrap().iter().find(ours).unwrap().clone()
}

fn setting(vector: &Value) -> Setting {
    let field = |name| text(vector, name).as_bytes();
    Setting::new(field("idProver"), field("idVerifier"), field("context")).unwrap()
}

fn secret(vector: &Value) -> ProverSecret {
    ProverSecret::from_bytes(&bytes(vector, "w0"), &bytes(vector, "w1")).unwrap()
}

/// Z and V, as the verifier makes them.
fn shared_elements(record: &VerifierRecord, y: &[u8; 32], share_p: &ShareP) -> (Encoded, Encoded) {
    let y = Scalar::decode_nonzero(y).unwrap();
    (multiply(&unmask(record, share_p).encode(), &y), multiply(&record.l().encode(), &y))
}

#[test]
fn both_roles_reach_every_intermediate_value() {
    let vector = vector();
    let (x, y): ([u8; 32], [u8; 32]) = (bytes(&vector, "x"), bytes(&vector, "y"));
    let record = secret(&vector).verifier();
    assert_eq!(hex(record.w0_bytes().as_slice()), text(&vector, "w0"));
    assert_eq!(hex(record.l_bytes().as_slice()), text(&vector, "L"));

    let (prover, share_p) = Prover::start(setting(&vector), secret(&vector), &mut Scripted::new(&[&x]));
    assert_eq!(hex(share_p.as_bytes()), text(&vector, "shareP"));
    let response = Verifier::respond(&record, &setting(&vector), &share_p, &mut Scripted::new(&[&y]));
    assert_eq!(hex(response.share_v.as_bytes()), text(&vector, "shareV"));

    let of_prover = prover.shared_elements(&response.share_v).unwrap();
    let of_verifier = shared_elements(&record, &y, &share_p);
    for (z, v) in [&of_prover, &of_verifier] {
        assert_eq!(hex(z.as_slice()), text(&vector, "Z"));
        assert_eq!(hex(v.as_slice()), text(&vector, "V"));
    }

    let (z, v) = of_prover;
    let tt = transcript(&setting(&vector), &share_p, &response.share_v, (&z, &v), record.w0());
    assert_eq!(hex(&tt), text(&vector, "TT"));
    let k_main = sha256(&[&tt]);
    assert_eq!(hex(k_main.as_slice()), text(&vector, "K_main"));
    let [k_confirm_p, k_confirm_v] = confirmation_keys(&k_main);
    assert_eq!(hex(k_confirm_p.as_slice()), text(&vector, "K_confirmP"));
    assert_eq!(hex(k_confirm_v.as_slice()), text(&vector, "K_confirmV"));
    let keys = Keys::derive(&tt, &share_p, &response.share_v);
    assert_eq!(hex(keys.confirm_p.as_bytes()), text(&vector, "confirmP"));
    assert_eq!(hex(keys.confirm_v.as_bytes()), text(&vector, "confirmV"));
    assert_eq!(hex(keys.shared_secret.expose()), text(&vector, "K_shared"));

    assert_eq!(hex(response.confirm_v.as_bytes()), text(&vector, "confirmV"));
    let (confirm_p, of_prover) =
        prover.finish(&response.share_v).unwrap().confirm(&response.confirm_v).unwrap();
    assert_eq!(hex(confirm_p.as_bytes()), text(&vector, "confirmP"));
    assert_eq!(hex(of_prover.expose()), text(&vector, "K_shared"));
    let of_verifier = response.state.confirm(&confirm_p).unwrap();
    assert_eq!(hex(of_verifier.expose()), text(&vector, "K_shared"));
}

#[test]
fn a_registered_record_answers_like_the_provers_own() {
    let vector = vector();
    let registered = VerifierRecord::new(&bytes(&vector, "w0"), &unhex(text(&vector, "L"))).unwrap();
    assert_eq!(registered.to_bytes(), secret(&vector).verifier().to_bytes());
}

#[test]
fn after_a_mask_cancelling_share_z_is_y_times_n_and_v_stays() {
    let vector = vector();
    let record = secret(&vector).verifier();
    let share_p = ShareP::try_from(record.mask_m().encode().as_slice()).unwrap();
    let y = bytes(&vector, "y");

    let (z, v) = shared_elements(&record, &y, &share_p);
    assert_eq!(z, Point::mul_n(&Scalar::decode_nonzero(&y).unwrap()).encode());
    assert_eq!(hex(v.as_slice()), text(&vector, "V"));
}
