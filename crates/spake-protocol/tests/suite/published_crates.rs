//! Runs against other implementations, message by message.
//!
//! `spake2plus` 0.1 and `pakery-spake2plus` 0.6 compute RFC 9383 for this suite, and agree in every message
//! and in the shared key. `pakery-spake2` 0.6 computes RFC 9382: same shares and confirmations (its `aad` is
//! this crate's context), but it hands out Ke itself (16 bytes) where this crate derives 32 bytes from Ke, so
//! there the test derives them. None of them stretches passwords. All three refuse a mask-cancelling share on
//! both sides, where this crate's B and verifier do not.

use pakery_core::crypto::CpaceGroup as _;
use pakery_crypto::{P256Group, Spake2P256, Spake2PlusP256};
use spake_protocol::spake2::{ConfirmationA, ConfirmationB, PartyA, PartyB, ShareA, ShareB};
use spake_protocol::spake2plus::{ConfirmP, ConfirmV, Prover, ShareP, ShareV, Verifier};
use spake2plus as published;
use spake2plus::P256Sha256 as Suite;

use crate::support::{Party, masks, rng, secret, spake2plus_setting};

fn party() -> Party {
    let [identity_a, identity_b, context] = [b"phone".to_vec(), b"spake-service".to_vec(), b"ctx".to_vec()];
    Party { identity_a, identity_b, context, w: [0x42; 32] }
}

fn pakery_scalar(bytes: &[u8; 32]) -> <P256Group as pakery_core::crypto::CpaceGroup>::Scalar {
    P256Group::scalar_from_wide_bytes(&[[0; 32], *bytes].concat()).unwrap()
}

fn array<const LEN: usize>(bytes: &[u8]) -> [u8; LEN] {
    bytes.try_into().unwrap()
}

fn shared_secret_of(ke: &[u8], context: &[u8]) -> [u8; 32] {
    let mut okm = [0; 32];
    let length = (context.len() as u64).to_le_bytes();
    hkdf::Hkdf::<sha2::Sha256>::new(None, ke)
        .expand_multi_info(&[b"spake-service/1 shared secret", &length, context], &mut okm)
        .unwrap();
    okm
}

#[test]
fn our_a_runs_with_pakerys_b() {
    let party = party();
    let (a, share_a) = PartyA::start(party.setting(), party.w(), &mut rng(1));
    let (share_b, b) = pakery_spake2::PartyB::<Spake2P256>::start(
        &pakery_scalar(&party.w),
        &party.identity_a,
        &party.identity_b,
        &party.context,
        &mut rng(2),
    )
    .unwrap();
    let output = b.finish(share_a.as_bytes()).unwrap();
    let (a, confirmation_a) = a.finish(&ShareB::try_from(share_b.as_slice()).unwrap()).unwrap();
    output.verify_peer_confirmation(confirmation_a.as_bytes()).unwrap();
    let confirmation_b = ConfirmationB::from(array(&output.confirmation_mac));
    let shared_secret = a.confirm(&confirmation_b).unwrap();
    let ke = output.into_session_key();
    assert_eq!(ke.as_bytes().len(), 16);
    assert_eq!(*shared_secret.expose(), shared_secret_of(ke.as_bytes(), &party.context));
}

#[test]
fn our_b_runs_with_pakerys_a() {
    let party = party();
    let b = PartyB::start(party.setting(), party.w(), &mut rng(1));
    let (share_a, a) = pakery_spake2::PartyA::<Spake2P256>::start(
        &pakery_scalar(&party.w),
        &party.identity_a,
        &party.identity_b,
        &party.context,
        &mut rng(2),
    )
    .unwrap();
    let output = a.finish(b.share().as_bytes()).unwrap();
    let waiting = b.finish(&ShareA::try_from(share_a.as_slice()).unwrap());
    let confirmed = waiting.confirm(&ConfirmationA::from(array(&output.confirmation_mac))).unwrap();
    output.verify_peer_confirmation(confirmed.confirmation.as_bytes()).unwrap();
    let ke = output.into_session_key();
    assert_eq!(*confirmed.shared_secret.expose(), shared_secret_of(ke.as_bytes(), &party.context));
}

#[test]
fn our_verifier_runs_with_pakerys_prover() {
    let setting = spake2plus_setting();
    let (share_p, prover) = pakery_spake2plus::Prover::<Spake2PlusP256>::start(
        &pakery_scalar(&[5; 32]),
        &pakery_scalar(&[6; 32]),
        setting.context(),
        setting.id_prover(),
        setting.id_verifier(),
        &mut rng(1),
    )
    .unwrap();
    let share_p = ShareP::try_from(share_p.as_slice()).unwrap();
    let response = Verifier::respond(&secret(5, 6).verifier(), &setting, &share_p, &mut rng(2));
    let output = prover.finish(response.share_v.as_bytes(), response.confirm_v.as_bytes()).unwrap();
    let shared_secret = response.state.confirm(&ConfirmP::from(array(&output.confirm_p))).unwrap();
    assert_eq!(shared_secret.expose(), output.into_session_key().as_bytes());
}

#[test]
fn our_prover_runs_with_pakerys_verifier() {
    let setting = spake2plus_setting();
    let (prover, share_p) = Prover::start(setting.clone(), secret(5, 6), &mut rng(1));
    let l = pakery_spake2plus::compute_verifier::<Spake2PlusP256>(&pakery_scalar(&[6; 32]));
    assert_eq!(l, secret(5, 6).verifier().l_bytes().to_vec());
    let (share_v, confirm_v, state) = pakery_spake2plus::Verifier::<Spake2PlusP256>::start(
        share_p.as_bytes(),
        &pakery_scalar(&[5; 32]),
        &l,
        setting.context(),
        setting.id_prover(),
        setting.id_verifier(),
        &mut rng(2),
    )
    .unwrap();
    let confirming = prover.finish(&ShareV::try_from(share_v.as_slice()).unwrap()).unwrap();
    let (confirm_p, shared_secret) = confirming.confirm(&ConfirmV::from(array(&confirm_v))).unwrap();
    let output = state.finish(confirm_p.as_bytes()).unwrap();
    assert_eq!(shared_secret.expose(), output.into_session_key().as_bytes());
}

/// The published crate reduces 80 bytes like this one; zeros in front give w0 and w1 as they are.
fn published_secret() -> published::ProverSecret<Suite> {
    let output = [[0; 8].as_slice(), &[5; 32], &[0; 8], &[6; 32]].concat();
    published::ProverSecret::from_pbkdf_output(&output).unwrap()
}

#[test]
fn our_prover_runs_with_the_published_verifier() {
    let setting = spake2plus_setting();
    let context = published_context(&setting);
    let (prover, share_p) = Prover::start(setting.clone(), secret(5, 6), &mut rng(1));
    let ours = secret(5, 6).verifier().to_bytes();
    let record = published::VerifierRecord::<Suite>::from_bytes(&ours[..97]).unwrap();
    let (verifier, share_v) = published::Verifier::start(&record, &context, &mut rng(2));
    let share_p = published::ShareP::from_bytes(share_p.as_bytes()).unwrap();
    let (state, confirm_v) = verifier.receive(&share_p).unwrap();
    let confirming = prover.finish(&ShareV::try_from(share_v.as_bytes().as_slice()).unwrap()).unwrap();
    let (confirm_p, shared_secret) = confirming.confirm(&ConfirmV::from(*confirm_v.as_bytes())).unwrap();
    let key = state.finish(&published::ConfirmP::from_bytes(confirm_p.as_bytes()).unwrap()).unwrap();
    assert_eq!(shared_secret.expose(), key.as_bytes());
}

#[test]
fn our_verifier_runs_with_the_published_prover() {
    let setting = spake2plus_setting();
    let context = published_context(&setting);
    let (prover, share_p) = published::Prover::start(&published_secret(), &context, &mut rng(1));
    let share_p = ShareP::try_from(share_p.as_bytes().as_slice()).unwrap();
    let response = Verifier::respond(&secret(5, 6).verifier(), &setting, &share_p, &mut rng(2));
    let confirming =
        prover.receive(&published::ShareV::from_bytes(response.share_v.as_bytes()).unwrap()).unwrap();
    let confirm_v = published::ConfirmV::from_bytes(response.confirm_v.as_bytes()).unwrap();
    let (confirm_p, key) = confirming.finish(&confirm_v).unwrap();
    let shared_secret = response.state.confirm(&ConfirmP::from(*confirm_p.as_bytes())).unwrap();
    assert_eq!(shared_secret.expose(), key.as_bytes());
}

/// The difference that is meant: where ours goes on, theirs answers with an error of its own.
#[test]
fn the_published_verifier_refuses_a_mask_cancelling_share() {
    let setting = spake2plus_setting();
    let context = published_context(&setting);
    let record = published_secret().verifier_record();
    let (verifier, _) = published::Verifier::start(&record, &context, &mut rng(1));
    let share_p = published::ShareP::from_bytes(&masks(&[5; 32])[0]).unwrap();
    assert!(verifier.receive(&share_p).is_err());
}

fn published_context(setting: &spake_protocol::spake2plus::Setting) -> published::Context<'_> {
    published::Context {
        context: setting.context(),
        prover_id: setting.id_prover(),
        verifier_id: setting.id_verifier(),
    }
}
