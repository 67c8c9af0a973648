//! A peer who guesses the password can send a share that equals its mask, which makes the shared element the
//! identity. A service that refused it would confirm the guess without counting it.

use spake_protocol::RefusedShare;
use spake_protocol::spake2::{ConfirmationA, PartyA, PartyB, ShareA, ShareB};
use spake_protocol::spake2plus::{ConfirmP, Prover, ShareP, ShareV, Verifier};

use crate::support::{Party, field, masks, rng, secret, spake2plus_setting, unhex};

fn party() -> Party {
    let [identity_a, identity_b, context] = [b"a".to_vec(), b"b".to_vec(), b"c".to_vec()];
    Party { identity_a, identity_b, context, w: [0x42; 32] }
}

#[test]
fn b_does_not_refuse_it_and_the_run_fails_like_a_wrong_password() {
    let party = party();
    let share_a = ShareA::try_from(masks(&party.w)[0].as_slice()).unwrap();
    let waiting = || PartyB::start(party.setting(), party.w(), &mut rng(1)).finish(&share_a);
    assert!(waiting().confirm(&ConfirmationA::from([0; 32])).is_err());

    // The secret is as unpredictable as y: another y, another secret, though pA and w are the same. (With the
    // identity for K, pB alone would tell them apart, and the peer knows pB.)
    let other = PartyB::start(party.setting(), party.w(), &mut rng(2)).finish(&share_a);
    assert_ne!(waiting().unconfirmed_secret().expose(), other.unconfirmed_secret().expose());
}

#[test]
fn whoever_sent_it_to_b_cannot_compute_the_confirmation_from_what_they_know() {
    // The peer knows w, its own share and pB, so also y·P. The candidates for K that follow from these: the
    // identity's stand-in, y·P, pB, the masks, M and N. Each gives another cA than the expected one.
    let party = party();
    let [mask_m, mask_n] = masks(&party.w);
    let share_a = ShareA::try_from(mask_m.as_slice()).unwrap();
    let b = PartyB::start(party.setting(), party.w(), &mut rng(1));
    let pb = *b.share().as_bytes();
    let y_p = y_times_p();
    let expected = b.finish(&share_a).to_bytes()[..32].to_vec();

    let [m, n] = masks(&one());
    for k in [identity(), y_p, pb, mask_m, mask_n, m, n] {
        let tt = prefixed(&[b"a", b"b", &mask_m, &pb, &k, &party.w]);
        assert_ne!(confirmation_a(&tt, b"c").to_vec(), expected);
    }
    // The same computation with an honest run's K gives the right one, so the above compares like with like.
    let file: serde_json::Value = serde_json::from_str(include_str!("../vectors/rfc9382_p256.json")).unwrap();
    let vector = &file["vectors"][0];
    assert_eq!(confirmation_a(&field(vector, "TT"), b"").to_vec(), field(vector, "A_conf"));
}

#[test]
fn a_refuses_it() {
    let party = party();
    let share_b = ShareB::try_from(masks(&party.w)[1].as_slice()).unwrap();
    let (a, _) = PartyA::start(party.setting(), party.w(), &mut rng(1));
    assert_eq!(a.finish(&share_b).err(), Some(RefusedShare));
}

#[test]
fn the_verifier_does_not_refuse_it_and_the_run_fails_like_a_wrong_password() {
    let setting = spake2plus_setting();
    let record = secret(0x42, 0x43).verifier();
    let share_p = ShareP::try_from(masks(&[0x42; 32])[0].as_slice()).unwrap();
    let [first, second] = [1, 2].map(|seed| Verifier::respond(&record, &setting, &share_p, &mut rng(seed)));
    assert!(!first.confirm_v.matches(&second.confirm_v));
    assert!(first.state.confirm(&ConfirmP::from([0; 32])).is_err());
}

#[test]
fn the_prover_refuses_it() {
    let share_v = ShareV::try_from(masks(&[0x42; 32])[1].as_slice()).unwrap();
    let (prover, _) = Prover::start(spake2plus_setting(), secret(0x42, 0x43), &mut rng(1));
    assert_eq!(prover.finish(&share_v).err(), Some(RefusedShare));
}

/// The mask of the opposite sign does not cancel: it is a share like any other.
#[test]
fn a_negated_mask_is_nothing_special() {
    let party = party();
    let mut share = masks(&party.w)[0];
    // −(x, y) = (x, q − y): flipping y is subtracting it from q.
    let q: [u8; 32] =
        unhex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff").try_into().unwrap();
    let mut borrow = 0_i16;
    for at in (0..32).rev() {
        let difference = i16::from(q[at]) - i16::from(share[33 + at]) - borrow;
        borrow = i16::from(difference < 0);
        share[33 + at] = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    let share_a = ShareA::try_from(share.as_slice()).unwrap();
    let waiting = PartyB::start(party.setting(), party.w(), &mut rng(1)).finish(&share_a);
    assert!(waiting.confirm(&ConfirmationA::from([0; 32])).is_err());
}

fn one() -> [u8; 32] {
    let mut one = [0; 32];
    one[31] = 1;
    one
}

fn identity() -> [u8; 65] {
    let mut encoded = [0; 65];
    encoded[0] = 4;
    encoded
}

/// y·P of the B that `rng(1)` starts: with w1 = y, L is y·P.
fn y_times_p() -> [u8; 65] {
    use rand_chacha::rand_core::Rng as _;
    let mut y = [0; 32];
    rng(1).fill_bytes(&mut y);
    let secret = spake_protocol::spake2plus::ProverSecret::from_bytes(&one(), &y).unwrap();
    *secret.verifier().l_bytes()
}

fn prefixed(parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().flat_map(|part| [&(part.len() as u64).to_le_bytes(), *part].concat()).collect()
}

/// cA from TT, written out once more.
fn confirmation_a(tt: &[u8], context: &[u8]) -> [u8; 32] {
    use hmac::{KeyInit as _, Mac as _};
    use sha2::Digest as _;
    let hash = sha2::Sha256::digest(tt);
    let mut keys = [0; 32];
    hkdf::Hkdf::<sha2::Sha256>::new(None, &hash[16..])
        .expand_multi_info(&[b"ConfirmationKeys", context], &mut keys)
        .unwrap();
    let mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(&keys[..16]).unwrap().chain_update(tt);
    mac.finalize().into_bytes().into()
}
