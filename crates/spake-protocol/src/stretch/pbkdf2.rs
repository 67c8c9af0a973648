//! One block of PBKDF2-HMAC-SHA256 (RFC 8018, section 5.2).
//!
//! The `pbkdf2` crate on top of `hmac` was measured at 1.2 to 1.4 times the time of aws-lc: it copies, pads
//! and wipes two hashers in every iteration. Whoever attacks a stolen verifier uses the fastest code there
//! is, so time that only the defender spends is security given away. Here an iteration is the two
//! compressions that it must be.

use hmac::Mac as _;
use hmac::digest::KeyInit as _;
use sha2::Sha256;
use sha2::block_api::compress256;
use zeroize::{Zeroize, Zeroizing};

use crate::keys::{HASH_LEN, sha256};

/// Bytes of a block of SHA-256.
const BLOCK_LEN: usize = 64;

/// The initial state of SHA-256 (FIPS 180-4, section 5.3.3).
const INITIAL: State =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

type State = [u32; 8];

/// PBKDF2-HMAC-SHA256 of `password`, its first block of 32 bytes; `iterations` of 0 count as 1.
pub(super) fn pbkdf2_hmac_sha256(password: &[u8], salt: &[u8], iterations: u32) -> Zeroizing<[u8; HASH_LEN]> {
    let key = hmac_key(password);
    let (inner, outer) = (keyed_state(&key, 0x36), keyed_state(&key, 0x5c));

    // U1 = HMAC(password, salt ‖ INT(1)), of any length; the later ones are HMACs of 32 bytes.
    let mut mac = hmac::Hmac::<Sha256>::new((&*key).into());
    mac.update(salt);
    mac.update(&1_u32.to_be_bytes());
    let mut first = mac.finalize().into_bytes();
    let mut message = Zeroizing::new(padded_block());
    for (byte, value) in message.iter_mut().zip(&first) {
        *byte = *value;
    }
    first.zeroize();

    let mut u = Zeroizing::new([0; 8]);
    read_words(&message, &mut u);
    let mut sum = u.clone();
    for _ in 1..iterations {
        *u = *inner;
        compress256(&mut u, std::slice::from_ref(&*message));
        write_words(&u, &mut message);
        *u = *outer;
        compress256(&mut u, std::slice::from_ref(&*message));
        write_words(&u, &mut message);
        for (total, word) in sum.iter_mut().zip(u.iter()) {
            *total ^= word;
        }
    }

    write_words(&sum, &mut message);
    let mut output = Zeroizing::new([0; HASH_LEN]);
    for (byte, value) in output.iter_mut().zip(message.iter()) {
        *byte = *value;
    }
    output
}

/// HMAC's key (RFC 2104, section 2): the password, or its hash when it is longer than a block, padded with
/// zeros.
fn hmac_key(password: &[u8]) -> Zeroizing<[u8; BLOCK_LEN]> {
    let hashed = sha256(&[password]);
    let source = if password.len() > BLOCK_LEN { hashed.as_slice() } else { password };
    let mut key = Zeroizing::new([0; BLOCK_LEN]);
    for (byte, value) in key.iter_mut().zip(source) {
        *byte = *value;
    }
    key
}

/// The state of SHA-256 after the block `key` ⊕ `pad`.
fn keyed_state(key: &[u8; BLOCK_LEN], pad: u8) -> Zeroizing<State> {
    let block = Zeroizing::new(key.map(|byte| byte ^ pad));
    let mut state = Zeroizing::new(INITIAL);
    compress256(&mut state, std::slice::from_ref(&*block));
    state
}

/// A block whose first 32 bytes are to be filled in: SHA-256's padding for a message of 32 bytes that follows
/// one block of key.
fn padded_block() -> [u8; BLOCK_LEN] {
    let bits = ((BLOCK_LEN + HASH_LEN) * 8) as u64;
    let mut block = [0; BLOCK_LEN];
    if let Some((_, padding)) = block.split_first_chunk_mut::<HASH_LEN>() {
        if let Some(marker) = padding.first_mut() {
            *marker = 0x80;
        }
        if let Some(length) = padding.last_chunk_mut::<8>() {
            *length = bits.to_be_bytes();
        }
    }
    block
}

fn write_words(words: &State, block: &mut [u8; BLOCK_LEN]) {
    for (bytes, word) in block.as_chunks_mut::<4>().0.iter_mut().zip(words) {
        *bytes = word.to_be_bytes();
    }
}

fn read_words(block: &[u8; BLOCK_LEN], words: &mut State) {
    for (word, bytes) in words.iter_mut().zip(block.as_chunks::<4>().0) {
        *word = u32::from_be_bytes(*bytes);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::hex;

    #[test]
    fn rfc_7914_section_11_vectors() {
        // The vectors are of 64 bytes; the first block is half of each.
        assert_eq!(
            hex(pbkdf2_hmac_sha256(b"passwd", b"salt", 1).as_slice()),
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
        );
        assert_eq!(
            hex(pbkdf2_hmac_sha256(b"Password", b"NaCl", 80_000).as_slice()),
            "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
        );
    }

    proptest! {
        #[test]
        fn it_is_what_the_pbkdf2_crate_computes(
            password in prop::collection::vec(any::<u8>(), 0..200),
            salt in prop::collection::vec(any::<u8>(), 0..200),
            iterations in 1_u32..20,
        ) {
            let expected = ::pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(&password, &salt, iterations);
            prop_assert_eq!(*pbkdf2_hmac_sha256(&password, &salt, iterations), expected);
        }

        #[test]
        fn keys_around_the_blocks_length_too(length in 60_usize..70) {
            let password = vec![0xa5; length];
            let expected = ::pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(&password, b"salt", 3);
            prop_assert_eq!(*pbkdf2_hmac_sha256(&password, b"salt", 3), expected);
        }
    }
}
