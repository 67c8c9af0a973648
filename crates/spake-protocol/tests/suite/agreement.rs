//! Two honest parties always agree; parties that differ in a byte of anything never do.

use proptest::prelude::*;
use spake_protocol::spake2::{ConfirmationA, PartyA, PartyB, Setting, ShareA, ShareB, W};
use spake_protocol::spake2plus::{self, ConfirmP, ConfirmV, ShareV};
use spake_protocol::stretch::{Kdf, Salt};
use spake_protocol::{ConfirmationMismatch, Password};

use crate::support::{Flips, Party, answered, masks, order, rng, run_spake2, secret, spake2plus_setting};

fn scalar() -> impl Strategy<Value = [u8; 32]> {
    any::<[u8; 32]>().prop_filter("in [1, p-1]", |bytes| *bytes != [0; 32] && *bytes < order())
}

fn party() -> impl Strategy<Value = Party> {
    let name = || prop::collection::vec(any::<u8>(), 0..12);
    (name(), name(), name(), scalar()).prop_map(|(identity_a, identity_b, context, w)| Party {
        identity_a,
        identity_b,
        context,
        w,
    })
}

/// Changes to one side's view: a bit of a byte, a byte more, a NUL at the end, a byte less.
fn altered(bytes: &[u8], at: usize, bit: u8, kind: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    match kind {
        0 if !bytes.is_empty() => {
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
        }
        1 if !bytes.is_empty() => {
            bytes.pop();
        }
        2 => bytes.insert(at % (bytes.len() + 1), bit),
        _ => bytes.push(0),
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn two_honest_parties_agree(party in party(), seed: u64) {
        let [of_a, of_b] = run_spake2(&party, &party, seed, Flips::default());
        prop_assert!(of_a.is_some());
        prop_assert_eq!(of_a, of_b);
        // Another run, other ephemeral scalars: another secret.
        prop_assert_ne!(of_a, run_spake2(&party, &party, seed ^ 1, Flips::default())[0]);
    }

    #[test]
    fn parties_with_another_identity_context_or_w_do_not_agree(
        party in party(), what in 0..4_u8, at: usize, bit in 0..8_u8, kind in 0..4_u8, seed: u64,
    ) {
        let mut other = party.clone();
        match what {
            0 => other.identity_a = altered(&party.identity_a, at, bit, kind),
            1 => other.identity_b = altered(&party.identity_b, at, bit, kind),
            2 => other.context = altered(&party.context, at, bit, kind),
            _ => other.w[31] ^= 1 << bit,
        }
        prop_assume!(other.w != [0; 32] && other.w < order());
        prop_assert_eq!(run_spake2(&party, &other, seed, Flips::default()), [None, None]);
    }

    #[test]
    fn moving_the_border_between_the_identities_does_not_agree(
        names in prop::collection::vec(any::<u8>(), 1..16), first: usize, second: usize, seed: u64,
    ) {
        let (first, second) = (first % (names.len() + 1), second % (names.len() + 1));
        prop_assume!(first != second);
        let split = |at: usize| {
            let (a, b) = names.split_at(at);
            Party { identity_a: a.to_vec(), identity_b: b.to_vec(), context: Vec::new(), w: [3; 32] }
        };
        prop_assert_eq!(run_spake2(&split(first), &split(second), seed, Flips::default()), [None, None]);
    }

    #[test]
    fn a_changed_confirmation_is_refused(party in party(), bit: u8, seed: u64) {
        let flips = Flips { confirmation_a: Some(bit), ..Flips::default() };
        prop_assert_eq!(run_spake2(&party, &party, seed, flips), [None, None]);
        let flips = Flips { confirmation_b: Some(bit), ..Flips::default() };
        let [of_a, of_b] = run_spake2(&party, &party, seed, flips);
        prop_assert!(of_a.is_none() && of_b.is_some());
    }

    /// A changed byte makes a share invalid; one that is changed to another valid share fails at the
    /// confirmation.
    #[test]
    fn a_changed_share_is_refused_or_does_not_agree(party in party(), at in 0..65_usize, bit in 0..8_u8, other in scalar(), seed: u64) {
        let (a, share_a) = PartyA::start(party.setting(), party.w(), &mut rng(seed));
        let b = PartyB::start(party.setting(), party.w(), &mut rng(!seed));
        for share in [share_a.as_bytes(), b.share().as_bytes()] {
            let mut changed = *share;
            changed[at] ^= 1 << bit;
            prop_assert!(ShareA::try_from(changed.as_slice()).is_err());
        }

        let [foreign, _] = masks(&other);
        let (waiting_a, confirmation_a) = a.finish(&ShareB::try_from(foreign.as_slice()).unwrap()).unwrap();
        let waiting_b = b.finish(&ShareA::try_from(foreign.as_slice()).unwrap());
        prop_assert_eq!(waiting_b.confirm(&confirmation_a).err(), Some(ConfirmationMismatch));
        drop(waiting_a);
    }

    #[test]
    fn prover_and_verifier_agree(w0 in 1..=0xfe_u8, w1 in 1..=0xfe_u8, seed: u64) {
        let setting = spake2plus_setting();
        let record = secret(w0, w1).verifier();
        let (prover, response) = answered(secret(w0, w1), &record, [&setting, &setting], seed);
        let (confirm_p, of_prover) = prover.finish(&response.share_v).unwrap().confirm(&response.confirm_v).unwrap();
        let of_verifier = response.state.confirm(&confirm_p).unwrap();
        prop_assert_eq!(of_verifier.expose(), of_prover.expose());
    }

    #[test]
    fn prover_and_verifier_that_differ_do_not_agree(
        what in 0..5_u8, at: usize, bit in 0..8_u8, kind in 0..4_u8, seed: u64,
    ) {
        let setting = spake2plus_setting();
        let mut parts = [setting.id_prover().to_vec(), setting.id_verifier().to_vec(), setting.context().to_vec()];
        let mut other = (5, 6);
        match what {
            0..3 => parts[usize::from(what)] = altered(&parts[usize::from(what)], at, bit, kind),
            3 => other.0 = 7,
            _ => other.1 = 7,
        }
        let changed = spake2plus::Setting::new(&parts[0], &parts[1], &parts[2]).unwrap();
        let record = secret(other.0, other.1).verifier();
        let (prover, response) = answered(secret(5, 6), &record, [&setting, &changed], seed);
        let confirming = prover.finish(&response.share_v).unwrap();
        prop_assert_eq!(confirming.confirm(&response.confirm_v).err(), Some(ConfirmationMismatch));
    }

    #[test]
    fn a_changed_message_of_spake2plus_is_refused(bit: u8, seed: u64) {
        let setting = spake2plus_setting();
        let record = secret(5, 6).verifier();
        let run = || answered(secret(5, 6), &record, [&setting, &setting], seed);
        let flip = |bytes: &[u8; 32]| {
            let mut bytes = *bytes;
            bytes[usize::from(bit / 8)] ^= 1 << (bit % 8);
            bytes
        };

        let (prover, response) = run();
        let changed = ConfirmV::from(flip(response.confirm_v.as_bytes()));
        prop_assert!(prover.finish(&response.share_v).unwrap().confirm(&changed).is_err());

        let (prover, response) = run();
        let (confirm_p, _) = prover.finish(&response.share_v).unwrap().confirm(&response.confirm_v).unwrap();
        let changed = ConfirmP::from(flip(confirm_p.as_bytes()));
        prop_assert!(response.state.confirm(&changed).is_err());

        let (prover, response) = run();
        let foreign = ShareV::try_from(masks(&[9; 32])[0].as_slice()).unwrap();
        prop_assert!(prover.finish(&foreign).unwrap().confirm(&response.confirm_v).is_err());
    }

    #[test]
    fn the_border_between_the_provers_and_the_verifiers_name_counts(first in 0..7_usize, second in 0..7_usize, seed: u64) {
        prop_assume!(first != second);
        let split = |at: usize| spake2plus::Setting::new(&b"abcdef"[..at], &b"abcdef"[at..], b"").unwrap();
        let record = secret(5, 6).verifier();
        let (prover, response) = answered(secret(5, 6), &record, [&split(first), &split(second)], seed);
        prop_assert!(prover.finish(&response.share_v).unwrap().confirm(&response.confirm_v).is_err());
    }
}

/// What a party would say with this password; equal exactly when w is.
fn share_for(password: &str, setting: &Setting) -> [u8; 65] {
    let w =
        W::stretch(&Password::prepare(password).unwrap(), setting, &Kdf::pbkdf2(100_000).unwrap()).unwrap();
    *PartyB::start(setting.clone(), w, &mut rng(1)).share().as_bytes()
}

#[test]
fn every_character_of_the_password_counts() {
    let setting = Setting::new(b"a", b"b", b"").unwrap();
    let same = share_for("caf\u{e9} 1", &setting);
    assert_eq!(same, share_for("cafe\u{301}\u{a0}1", &setting));
    for other in [
        "caf\u{e9} 1\0",
        "\0caf\u{e9} 1",
        "caf\u{e9} 2",
        "Caf\u{e9} 1",
        "caf\u{e9} 1 ",
        "cafe 1",
        "caf\u{e9}1",
    ] {
        assert_ne!(same, share_for(other, &setting), "{other:?}");
    }
}

#[test]
fn the_identities_and_parameters_count_in_the_stretching() {
    let password = Password::prepare("482-913").unwrap();
    let (kdf, salt) = (Kdf::pbkdf2(100_000).unwrap(), Salt::new(&[0; 16]).unwrap());
    let w0 = |a: &[u8], b: &[u8], salt: &Salt, kdf: &Kdf| {
        let setting = spake2plus::Setting::new(a, b, b"").unwrap();
        spake2plus::ProverSecret::stretch(&password, &setting, salt, kdf)
            .unwrap()
            .verifier()
            .w0_bytes()
            .to_vec()
    };
    let all = [
        w0(b"ab", b"c", &salt, &kdf),
        w0(b"a", b"bc", &salt, &kdf),
        w0(b"", b"abc", &salt, &kdf),
        w0(b"ab", b"c\0", &salt, &kdf),
        w0(b"ab", b"c", &Salt::new(&[0; 17]).unwrap(), &kdf),
        w0(b"ab", b"c", &salt, &Kdf::pbkdf2(100_001).unwrap()),
    ];
    for (at, one) in all.iter().enumerate() {
        assert!(!all[at + 1..].contains(one), "{at}");
    }
}

#[test]
fn a_confirmation_cannot_be_reflected() {
    let party = Party { identity_a: Vec::new(), identity_b: Vec::new(), context: Vec::new(), w: [3; 32] };
    let (a, share_a) = PartyA::start(party.setting(), party.w(), &mut rng(1));
    let b = PartyB::start(party.setting(), party.w(), &mut rng(2));
    let (waiting_a, confirmation_a) = a.finish(b.share()).unwrap();
    let reflected = spake_protocol::spake2::ConfirmationB::from(*confirmation_a.as_bytes());
    assert!(waiting_a.confirm(&reflected).is_err());

    let state = b.finish(&share_a).to_bytes();
    let cb: [u8; 32] = state[32..64].try_into().unwrap();
    let waiting_b = spake_protocol::spake2::AwaitingConfirmationA::from_bytes(&state);
    assert!(waiting_b.confirm(&ConfirmationA::from(cb)).is_err());
}
