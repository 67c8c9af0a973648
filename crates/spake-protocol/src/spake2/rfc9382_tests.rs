//! Every intermediate value of RFC 9382's appendix B, computed by both roles.

use serde_json::Value;

use super::schedule::{Keys, confirmation_keys, halves, transcript};
use super::{PartyA, PartyB, Setting, W};
use crate::group::{Point, Scalar};
use crate::keys::sha256;
use crate::testing::{Scripted, bytes, hex, text};

/// RFC 9382's vectors have an empty AAD.
const NO_CONTEXT: &[u8] = b"";

fn vectors() -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("../../tests/vectors/rfc9382_p256.json")).unwrap();
    let vectors = file["vectors"].as_array().unwrap().clone();
    assert_eq!(vectors.len(), 4);
    vectors
}

fn setting(vector: &Value) -> Setting {
    Setting::new(text(vector, "A").as_bytes(), text(vector, "B").as_bytes(), NO_CONTEXT).unwrap()
}

fn w(vector: &Value) -> W {
    W::from_bytes(&bytes(vector, "w")).unwrap()
}

#[test]
fn the_vectors_cover_every_combination_of_identities() {
    let mut combinations: Vec<_> =
        vectors().iter().map(|vector| (text(vector, "A").is_empty(), text(vector, "B").is_empty())).collect();
    combinations.sort_unstable();
    assert_eq!(combinations, [(false, false), (false, true), (true, false), (true, true)]);
}

#[test]
fn both_parties_reach_every_intermediate_value() {
    for vector in vectors() {
        let (x, y): ([u8; 32], [u8; 32]) = (bytes(&vector, "x"), bytes(&vector, "y"));
        let (a, share_a) = PartyA::start(setting(&vector), w(&vector), &mut Scripted::new(&[&x]));
        let b = PartyB::start(setting(&vector), w(&vector), &mut Scripted::new(&[&y]));
        assert_eq!(hex(share_a.as_bytes()), text(&vector, "pA"));
        assert_eq!(hex(b.share().as_bytes()), text(&vector, "pB"));

        let k_of_a = a.shared_element(b.share()).unwrap();
        let k_of_b = b.shared_element(&share_a);
        for k in [&k_of_a, &k_of_b] {
            assert_eq!(hex(k.as_slice()), text(&vector, "K"));
        }

        let tt = transcript(&setting(&vector), &share_a, b.share(), &k_of_a, &w(&vector));
        assert_eq!(hex(&tt), text(&vector, "TT"));
        let hash = sha256(&[&tt]);
        assert_eq!(hex(hash.as_slice()), text(&vector, "Hash_TT"));
        let [ke, ka] = halves(&hash);
        assert_eq!(hex(ke.as_slice()), text(&vector, "Ke"));
        assert_eq!(hex(ka.as_slice()), text(&vector, "Ka"));
        let [kc_a, kc_b] = confirmation_keys(&ka, NO_CONTEXT);
        assert_eq!(hex(kc_a.as_slice()), text(&vector, "KcA"));
        assert_eq!(hex(kc_b.as_slice()), text(&vector, "KcB"));
        let keys = Keys::derive(&tt, NO_CONTEXT);
        assert_eq!(hex(keys.confirmation_a.as_bytes()), text(&vector, "A_conf"));
        assert_eq!(hex(keys.confirmation_b.as_bytes()), text(&vector, "B_conf"));

        let share_b = b.share().clone();
        let (a, confirmation_a) = a.finish(&share_b).unwrap();
        assert_eq!(hex(confirmation_a.as_bytes()), text(&vector, "A_conf"));
        let confirmed = b.finish(&share_a).confirm(&confirmation_a).unwrap();
        assert_eq!(hex(confirmed.confirmation.as_bytes()), text(&vector, "B_conf"));
        let shared_secret = a.confirm(&confirmed.confirmation).unwrap();
        assert_eq!(shared_secret.expose(), confirmed.shared_secret.expose());
        assert_eq!(shared_secret.expose(), keys.shared_secret.expose());
    }
}

#[test]
fn after_a_mask_cancelling_share_k_is_y_times_n_and_not_what_the_peer_knows() {
    let vector = &vectors()[0];
    let b = PartyB::start(setting(vector), w(vector), &mut Scripted::new(&[&bytes::<32>(vector, "y")]));
    let mask = Point::mul_m(w(vector).scalar());
    let share = super::ShareA::try_from(mask.encode().as_slice()).unwrap();

    let k = b.shared_element(&share);
    let y = Scalar::decode_nonzero(&bytes(vector, "y")).unwrap();
    assert_eq!(k, Point::mul_n(&y).encode());
    assert_ne!(k, Point::mul_base(&y).encode());
}
