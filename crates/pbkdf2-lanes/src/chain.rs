//! What is before and after the iterations.

use hmac::digest::Key;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::block_api::compress256;
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

use crate::{Input, LEN};

/// What SHA-256 starts from (FIPS 180-4, section 5.3.3).
const INITIAL: Words =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// A state of SHA-256, or a hash.
pub(crate) type Words = [u32; 8];

/// One PBKDF2 between two iterations. As secret as the password; wiped on drop.
#[derive(ZeroizeOnDrop)]
pub(crate) struct Chain {
    /// SHA-256 after HMAC's inner key block.
    pub(crate) inner: Words,
    /// SHA-256 after HMAC's outer key block.
    pub(crate) outer: Words,
    /// HMAC's last result, which is what it is fed next.
    pub(crate) last: Words,
    /// All its results, added by xor.
    pub(crate) sum: Words,
}

impl Chain {
    pub(crate) const EMPTY: Self = Self { inner: [0; 8], outer: [0; 8], last: [0; 8], sum: [0; 8] };

    /// Does the first iteration, which is the only one that sees the salt.
    pub(crate) fn start(&mut self, input: Input<'_>) {
        let mut key = key_block(input.password);
        (self.inner, self.outer) = (keyed(&key, 0x36), keyed(&key, 0x5c));
        let mac = Hmac::<Sha256>::new(&key).chain_update(input.salt).chain_update(1_u32.to_be_bytes());
        key.as_mut_slice().zeroize();
        let mut first = mac.finalize().into_bytes();
        for (word, bytes) in self.last.iter_mut().zip(first.as_chunks().0) {
            *word = u32::from_be_bytes(*bytes);
        }
        first.as_mut_slice().zeroize();
        self.sum = self.last;
    }

    /// The derived bytes.
    pub(crate) fn result(&self) -> Zeroizing<[u8; LEN]> {
        let mut bytes = Zeroizing::new([0; LEN]);
        for (bytes, word) in bytes.as_chunks_mut().0.iter_mut().zip(self.sum) {
            *bytes = word.to_be_bytes();
        }
        bytes
    }
}

/// HMAC's key, filled up with zeros; of one that is longer than a block, its hash (RFC 2104).
fn key_block(password: &[u8]) -> Key<Hmac<Sha256>> {
    let mut block = Key::<Hmac<Sha256>>::default();
    let mut hash = Zeroizing::new([0; LEN]);
    let key = if password.len() > block.len() {
        *hash = Sha256::digest(password).into();
        hash.as_slice()
    } else {
        password
    };
    for (byte, value) in block.iter_mut().zip(key) {
        *byte = *value;
    }
    block
}

/// SHA-256 after the key block with `pad`.
fn keyed(key: &Key<Hmac<Sha256>>, pad: u8) -> Words {
    let mut block = Zeroizing::new([[0; 64]]);
    for (byte, value) in block.as_flattened_mut().iter_mut().zip(key) {
        *byte = value ^ pad;
    }
    let mut state = INITIAL;
    compress256(&mut state, block.as_slice());
    state
}
