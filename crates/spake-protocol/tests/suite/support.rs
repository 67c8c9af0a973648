//! Randomness from a script or a seed, hex, and short ways to whole runs.

use std::convert::Infallible;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{SeedableRng as _, TryCryptoRng, TryRng};
use serde_json::Value;
use spake_protocol::spake2::{self, ConfirmationA, ConfirmationB, PartyA, PartyB, W};
use spake_protocol::spake2plus::{self, Prover, ProverSecret, Verifier, VerifierRecord, VerifierResponse};

/// Draws these 32 bytes, once.
pub(crate) struct Draws(pub(crate) Option<[u8; 32]>);

impl Draws {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(Some(bytes.try_into().unwrap()))
    }
}

impl TryRng for Draws {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("only 32 bytes are drawn")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("only 32 bytes are drawn")
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.copy_from_slice(&self.0.take().expect("drawn once"));
        Ok(())
    }
}

impl TryCryptoRng for Draws {}

pub(crate) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A hex field of a vector.
pub(crate) fn field(vector: &Value, name: &str) -> Vec<u8> {
    unhex(vector[name].as_str().unwrap_or_else(|| panic!("no field {name}")))
}

/// p, the group's order.
pub(crate) fn order() -> [u8; 32] {
    unhex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551").try_into().unwrap()
}

/// What two parties of SPAKE2 bring to a run.
#[derive(Clone, Debug)]
pub(crate) struct Party {
    pub(crate) identity_a: Vec<u8>,
    pub(crate) identity_b: Vec<u8>,
    pub(crate) context: Vec<u8>,
    pub(crate) w: [u8; 32],
}

impl Party {
    pub(crate) fn setting(&self) -> spake2::Setting {
        spake2::Setting::new(&self.identity_a, &self.identity_b, &self.context).unwrap()
    }

    pub(crate) fn w(&self) -> W {
        W::from_bytes(&self.w).unwrap()
    }
}

/// What happened to the messages on their way.
#[derive(Clone, Copy, Default)]
pub(crate) struct Flips {
    /// The bit to flip in cA, if any.
    pub(crate) confirmation_a: Option<u8>,
    /// The bit to flip in cB, if any.
    pub(crate) confirmation_b: Option<u8>,
}

fn flipped(bytes: &[u8; 32], bit: Option<u8>) -> [u8; 32] {
    let mut bytes = *bytes;
    if let Some(bit) = bit {
        bytes[usize::from(bit / 8)] ^= 1 << (bit % 8);
    }
    bytes
}

/// Both shared secrets of a run of SPAKE2 in which A and B may differ; `None` where a confirmation failed.
pub(crate) fn run_spake2(a: &Party, b: &Party, seed: u64, flips: Flips) -> [Option<[u8; 32]>; 2] {
    let mut rng = rng(seed);
    let (party_a, share_a) = PartyA::start(a.setting(), a.w(), &mut rng);
    let party_b = PartyB::start(b.setting(), b.w(), &mut rng);
    let (waiting_a, confirmation_a) = party_a.finish(party_b.share()).unwrap();
    let received = ConfirmationA::from(flipped(confirmation_a.as_bytes(), flips.confirmation_a));
    let Ok(confirmed) = party_b.finish(&share_a).confirm(&received) else { return [None, None] };
    let received = ConfirmationB::from(flipped(confirmed.confirmation.as_bytes(), flips.confirmation_b));
    let of_a = waiting_a.confirm(&received).ok().map(|secret| *secret.expose());
    [of_a, Some(*confirmed.shared_secret.expose())]
}

/// w·M and w·N, which a record of SPAKE2+ with w0 = w spells out.
pub(crate) fn masks(w: &[u8; 32]) -> [[u8; 65]; 2] {
    let record = ProverSecret::from_bytes(w, &[1; 32]).unwrap().verifier().to_bytes();
    [record[97..162].try_into().unwrap(), record[162..].try_into().unwrap()]
}

/// A prover and a verifier's setting and secret.
pub(crate) fn spake2plus_setting() -> spake2plus::Setting {
    spake2plus::Setting::new(b"alice", b"spake-service", b"spake-service/1").unwrap()
}

pub(crate) fn secret(w0: u8, w1: u8) -> ProverSecret {
    ProverSecret::from_bytes(&[w0; 32], &[w1; 32]).unwrap()
}

/// A started prover and the answer that it gets.
pub(crate) fn answered(
    secret: ProverSecret,
    record: &VerifierRecord,
    settings: [&spake2plus::Setting; 2],
    seed: u64,
) -> (Prover, VerifierResponse) {
    let mut rng = rng(seed);
    let (prover, share_p) = Prover::start(settings[0].clone(), secret, &mut rng);
    let response = Verifier::respond(record, settings[1], &share_p, &mut rng);
    (prover, response)
}
