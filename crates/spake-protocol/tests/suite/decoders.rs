//! Whatever bytes arrive from a peer or a store: a decoder refuses them or writes the same bytes again.

use proptest::prelude::*;
use spake_protocol::CorruptState;
use spake_protocol::spake2::{AwaitingConfirmationA, PartyB, ShareA, ShareB};
use spake_protocol::spake2plus::{AwaitingConfirmP, ShareP, ShareV, VerifierRecord};

use crate::support::{Party, order, rng, secret};

fn stored_b() -> Vec<u8> {
    let [identity_a, identity_b, context] = [b"client".to_vec(), b"server".to_vec(), b"ctx".to_vec()];
    let party = Party { identity_a, identity_b, context, w: [3; 32] };
    PartyB::start(party.setting(), party.w(), &mut rng(1)).to_bytes().to_vec()
}

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..most)
}

proptest! {
    #[test]
    fn random_bytes(mut bytes in bytes(400), tag: bool) {
        if let (true, Some(first)) = (tag, bytes.first_mut()) {
            *first = 4;
        }
        let _ = ShareA::try_from(bytes.as_slice());
        let _ = ShareB::try_from(bytes.as_slice());
        let _ = ShareP::try_from(bytes.as_slice());
        let _ = ShareV::try_from(bytes.as_slice());
        prop_assert!(VerifierRecord::from_bytes(&bytes).is_err());
        prop_assert!(PartyB::from_bytes(&bytes).is_err());
        let _ = VerifierRecord::new(&[1; 32], &bytes);
    }

    #[test]
    fn random_bytes_behind_a_plausible_setting(setting in bytes(60), rest in bytes(200)) {
        let length = (setting.len() as u64).to_le_bytes();
        let empty = [0; 8];
        let bytes = [&length, setting.as_slice(), &empty, &empty, &rest].concat();
        prop_assert!(PartyB::from_bytes(&bytes).is_err());
    }

    #[test]
    fn a_stored_b_with_changes(at: usize, value: u8, cut: usize) {
        let stored = stored_b();
        let mut changed = stored.clone();
        let length = changed.len();
        changed[at % length] = value;
        if let Ok(party) = PartyB::from_bytes(&changed) {
            prop_assert_eq!(&*party.to_bytes(), &changed);
        }
        prop_assert_eq!(PartyB::from_bytes(&stored[..cut % stored.len()]).err(), Some(CorruptState));
    }

    #[test]
    fn a_stored_record_with_changes(at in 0..227_usize, value: u8, cut in 0..227_usize) {
        let stored = secret(5, 6).verifier().to_bytes();
        let mut changed = stored.clone();
        changed[at] = value;
        if let Ok(record) = VerifierRecord::from_bytes(&changed) {
            prop_assert_eq!(record.to_bytes(), changed);
        }
        prop_assert_eq!(VerifierRecord::from_bytes(&stored[..cut]).err(), Some(CorruptState));
    }

    #[test]
    fn waiting_states_are_read_back_as_they_are(a: [u8; 32], b: [u8; 32], c: [u8; 32]) {
        let state: [u8; 96] = [a, b, c].concat().try_into().unwrap();
        prop_assert_eq!(*AwaitingConfirmationA::from_bytes(&state).to_bytes(), state);
        let state: [u8; 64] = [a, b].concat().try_into().unwrap();
        prop_assert_eq!(*AwaitingConfirmP::from_bytes(&state).to_bytes(), state);
    }
}

#[test]
fn a_length_that_overflows_is_refused() {
    for length in [u64::MAX, u64::MAX - 8, 1 << 63, 1 << 32, 1025] {
        let bytes = [&length.to_le_bytes(), stored_b().as_slice()].concat();
        assert_eq!(PartyB::from_bytes(&bytes).err(), Some(CorruptState));
    }
}

#[test]
fn trailing_bytes_are_refused() {
    assert!(PartyB::from_bytes(&stored_b()).is_ok());
    assert!(PartyB::from_bytes(&[stored_b().as_slice(), &[0]].concat()).is_err());
    let record = secret(5, 6).verifier().to_bytes();
    assert_eq!(record.len(), 227);
    assert!(VerifierRecord::from_bytes(&record).is_ok());
    assert!(VerifierRecord::from_bytes(&[record.as_slice(), &[0]].concat()).is_err());
}

#[test]
fn stored_scalars_out_of_range_are_refused() {
    let stored = stored_b();
    let y_at = stored.len() - 65 - 64;
    for at in [y_at, y_at + 32] {
        for scalar in [[0; 32], order(), [0xff; 32]] {
            let mut changed = stored.clone();
            changed[at..at + 32].copy_from_slice(&scalar);
            assert_eq!(PartyB::from_bytes(&changed).err(), Some(CorruptState));
        }
    }
}

#[test]
fn a_random_record_is_like_any_other() {
    let mut rng = rng(1);
    let [one, other] = [(); 2].map(|()| VerifierRecord::random(&mut rng).to_bytes());
    assert_ne!(one, other);
    assert_eq!(VerifierRecord::from_bytes(&one).unwrap().to_bytes(), one);
    // Its masks are those of its w0.
    let registered = VerifierRecord::new(one[..32].try_into().unwrap(), &one[32..97]).unwrap();
    assert_eq!(registered.to_bytes(), one);
}
