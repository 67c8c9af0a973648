//! From the shared group element to the keys: RFC 9382, sections 3.3 and 4.

use zeroize::Zeroizing;

use crate::encoding::{PREFIX_LEN, length_prefixed};
use crate::group::POINT_LEN;
use crate::keys::{SharedSecret, hkdf_sha256, hmac_sha256, sha256};
use crate::spake2::{ConfirmationA, ConfirmationB, Setting, ShareA, ShareB, W};

/// Bytes of Ke, Ka, KcA and KcB: each is one half of a hash.
const HALF_LEN: usize = 16;

const CONFIRMATION_LABEL: &[u8] = b"ConfirmationKeys";
const SHARED_SECRET_LABEL: &[u8] = b"spake-service/1 shared secret";

/// What a run computes from its transcript.
pub(super) struct Keys {
    pub(super) confirmation_a: ConfirmationA,
    pub(super) confirmation_b: ConfirmationB,
    pub(super) shared_secret: SharedSecret,
}

/// TT: RFC 9382, section 3.3. `k` is K, encoded.
pub(super) fn transcript(
    setting: &Setting,
    share_a: &ShareA,
    share_b: &ShareB,
    k: &[u8; POINT_LEN],
    w: &W,
) -> Zeroizing<Vec<u8>> {
    length_prefixed(
        &[],
        &[
            setting.identity_a(),
            setting.identity_b(),
            share_a.as_bytes(),
            share_b.as_bytes(),
            k,
            w.scalar().encode().as_slice(),
        ],
    )
}

impl Keys {
    /// The key schedule of RFC 9382, section 4, for the transcript `tt`.
    pub(super) fn derive(tt: &[u8], context: &[u8]) -> Self {
        let [ke, ka] = halves(&sha256(&[tt]));
        let [kc_a, kc_b] = confirmation_keys(&ka, context);
        Self {
            confirmation_a: ConfirmationA::from_tag(hmac_sha256(&kc_a, tt)),
            confirmation_b: ConfirmationB::from_tag(hmac_sha256(&kc_b, tt)),
            shared_secret: shared_secret(&ke, context),
        }
    }
}

/// One of Ke, Ka, KcA and KcB.
pub(super) type HalfKey = Zeroizing<[u8; HALF_LEN]>;

/// The two halves of a hash: Ke ‖ Ka, or KcA ‖ KcB.
pub(super) fn halves(hash: &[u8; 2 * HALF_LEN]) -> [HalfKey; 2] {
    let mut halves = [HalfKey::default(), HalfKey::default()];
    for (half, bytes) in halves.iter_mut().zip(hash.chunks_exact(HALF_LEN)) {
        half.copy_from_slice(bytes);
    }
    halves
}

/// KcA ‖ KcB = HKDF(nil, Ka, "ConfirmationKeys" ‖ context, 32). RFC 9382 appends the context (its AAD) bare;
/// it is the last part, so nothing can move across its border.
pub(super) fn confirmation_keys(ka: &[u8; HALF_LEN], context: &[u8]) -> [HalfKey; 2] {
    halves(&hkdf_sha256(ka, &[CONFIRMATION_LABEL, context]))
}

/// HKDF(nil, Ke, "spake-service/1 shared secret" ‖ len(context)‖context, 32). RFC 9382 leaves it to the
/// application what to make of Ke; 32 bytes of it still have Ke's strength of 128 bits.
fn shared_secret(ke: &[u8; HALF_LEN], context: &[u8]) -> SharedSecret {
    let length: [u8; PREFIX_LEN] = (context.len() as u64).to_le_bytes();
    SharedSecret::from_bytes(*hkdf_sha256(ke, &[SHARED_SECRET_LABEL, &length, context]))
}
