//! From the shared group elements to the keys: RFC 9383, sections 3.3 and 3.4.

use zeroize::Zeroizing;

use crate::encoding::length_prefixed;
use crate::group::{M_ENCODED, N_ENCODED, POINT_LEN, Scalar};
use crate::keys::{HASH_LEN, SharedSecret, hkdf_sha256, hmac_sha256, sha256};
use crate::spake2plus::{ConfirmP, ConfirmV, Setting, ShareP, ShareV};

const CONFIRMATION_LABEL: &[u8] = b"ConfirmationKeys";
const SHARED_LABEL: &[u8] = b"SharedKey";

/// What a run computes from its transcript.
pub(super) struct Keys {
    pub(super) confirm_p: ConfirmP,
    pub(super) confirm_v: ConfirmV,
    /// `K_shared`.
    pub(super) shared_secret: SharedSecret,
}

/// TT: RFC 9383, section 3.3. `z` and `v` are Z and V, encoded.
pub(super) fn transcript(
    setting: &Setting,
    share_p: &ShareP,
    share_v: &ShareV,
    (z, v): (&[u8; POINT_LEN], &[u8; POINT_LEN]),
    w0: &Scalar,
) -> Zeroizing<Vec<u8>> {
    length_prefixed(
        &[],
        &[
            setting.context(),
            setting.id_prover(),
            setting.id_verifier(),
            &M_ENCODED,
            &N_ENCODED,
            share_p.as_bytes(),
            share_v.as_bytes(),
            z,
            v,
            w0.encode().as_slice(),
        ],
    )
}

impl Keys {
    /// The key schedule of RFC 9383, section 3.4: each side's MAC covers the other's share.
    pub(super) fn derive(tt: &[u8], share_p: &ShareP, share_v: &ShareV) -> Self {
        let k_main = sha256(&[tt]);
        let [k_confirm_p, k_confirm_v] = confirmation_keys(&k_main);
        Self {
            confirm_p: ConfirmP::from_tag(hmac_sha256(&k_confirm_p, share_v.as_bytes())),
            confirm_v: ConfirmV::from_tag(hmac_sha256(&k_confirm_v, share_p.as_bytes())),
            shared_secret: SharedSecret::from_bytes(*hkdf_sha256(k_main.as_slice(), &[SHARED_LABEL])),
        }
    }
}

/// `K_confirmP` ‖ `K_confirmV` = HKDF(nil, `K_main`, "ConfirmationKeys", 64).
pub(super) fn confirmation_keys(k_main: &[u8; HASH_LEN]) -> [Zeroizing<[u8; HASH_LEN]>; 2] {
    let both = hkdf_sha256::<{ 2 * HASH_LEN }>(k_main, &[CONFIRMATION_LABEL]);
    let mut keys: [Zeroizing<[u8; HASH_LEN]>; 2] = Default::default();
    for (key, bytes) in keys.iter_mut().zip(both.chunks_exact(HASH_LEN)) {
        key.copy_from_slice(bytes);
    }
    keys
}
