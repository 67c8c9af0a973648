//! HKDF-SHA256, HMAC-SHA256 and what they make: confirmation MACs and the shared secret.

use hkdf::Hkdf;
use hmac::digest::Key;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Bytes of a SHA-256 hash, of a confirmation and of the shared secret.
pub(crate) const HASH_LEN: usize = 32;

/// The 32 bytes that both parties of a confirmed run hold, and nobody else. Zeroized on drop.
///
/// For SPAKE2 this is derived from RFC 9382's Ke and is as strong as that: 128 bits. For SPAKE2+ it is
/// RFC 9383's `K_shared`, 32 bytes.
#[derive(ZeroizeOnDrop)]
pub struct SharedSecret([u8; HASH_LEN]);

impl SharedSecret {
    /// Wraps the bytes that [`expose`](Self::expose) gave, for example after they were stored.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes. Whoever copies them is responsible for wiping the copy.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A confirmation as 32 bytes: what is expected, what was received or what is sent. Zeroized on drop, for
/// until it is sent it is a secret: whoever knows the expected one can pass as the peer.
#[derive(ZeroizeOnDrop)]
pub(crate) struct Tag(pub(crate) [u8; HASH_LEN]);

impl Tag {
    /// Compares in constant time.
    pub(crate) fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// SHA-256 of `parts`, one after the other.
pub(crate) fn sha256(parts: &[&[u8]]) -> Zeroizing<[u8; HASH_LEN]> {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    wiped(hasher.finalize())
}

/// HMAC-SHA256 of `message` under a key of at most one hash block.
pub(crate) fn hmac_sha256<const KEY_LEN: usize>(key: &[u8; KEY_LEN], message: &[u8]) -> Tag {
    const { assert!(KEY_LEN <= 64) };
    // HMAC pads a short key with zeros to the block's 64 bytes. Done here, no length can be wrong.
    let mut block = Key::<Hmac<Sha256>>::default();
    for (byte, value) in block.iter_mut().zip(key) {
        *byte = *value;
    }
    let mac = Hmac::<Sha256>::new(&block).chain_update(message);
    block.zeroize();
    Tag(*wiped(mac.finalize().into_bytes()))
}

/// HKDF-SHA256 with an empty salt, as both RFCs' KDF has it; `info` is the concatenation of the parts.
pub(crate) fn hkdf_sha256<const LEN: usize>(ikm: &[u8], info: &[&[u8]]) -> Zeroizing<[u8; LEN]> {
    expand(&Hkdf::new(None, ikm), info)
}

/// HKDF-Expand-SHA256 alone, for a `prk` that is already uniform.
pub(crate) fn hkdf_expand_sha256<const LEN: usize>(
    prk: &[u8; HASH_LEN],
    info: &[&[u8]],
) -> Zeroizing<[u8; LEN]> {
    match Hkdf::from_prk(prk) {
        Ok(hkdf) => expand(&hkdf, info),
        // Only a `prk` shorter than a hash is refused; the type rules that out.
        Err(_) => unreachable!("a PRK of 32 bytes is long enough"),
    }
}

fn expand<const LEN: usize>(hkdf: &Hkdf<Sha256>, info: &[&[u8]]) -> Zeroizing<[u8; LEN]> {
    const { assert!(LEN <= 255 * HASH_LEN) };
    let mut okm = Zeroizing::new([0; LEN]);
    match hkdf.expand_multi_info(info, okm.as_mut_slice()) {
        Ok(()) => okm,
        // HKDF's only limit, checked above at compile time. Keys of zeros must never leave this function.
        Err(_) => unreachable!("at most 255 blocks are asked for"),
    }
}

fn wiped(mut output: impl AsRef<[u8]> + Zeroize) -> Zeroizing<[u8; HASH_LEN]> {
    let mut bytes = Zeroizing::new([0; HASH_LEN]);
    for (byte, value) in bytes.iter_mut().zip(output.as_ref()) {
        *byte = *value;
    }
    output.zeroize();
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{hex, unhex};

    #[test]
    fn rfc_5869_test_case_3_has_no_salt_and_no_info() {
        let okm = hkdf_sha256::<42>(&[0x0b; 22], &[]);
        assert_eq!(
            hex(okm.as_slice()),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
        );
    }

    #[test]
    fn rfc_5869_test_case_1_expands_from_its_prk() {
        let prk =
            unhex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5").try_into().unwrap();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let (head, tail) = info.split_at(4);
        assert_eq!(
            hex(hkdf_expand_sha256::<42>(&prk, &[head, tail]).as_slice()),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
        );
    }

    #[test]
    fn rfc_4231_test_case_2_has_a_short_key() {
        let tag = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(hex(&tag.0), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn a_tag_matches_only_itself() {
        let tag = Tag([7; 32]);
        assert!(tag.matches(&Tag([7; 32])));
        for at in 0..256 {
            let mut bytes = [7; 32];
            bytes[at / 8] ^= 1 << (at % 8);
            assert!(!tag.matches(&Tag(bytes)));
        }
    }
}
