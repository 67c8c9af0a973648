//! PBKDF2-HMAC-SHA256 near what a core with SHA-NI can do: of one password, or of two at once in less than one and a half
//! times the time.
//!
//! PBKDF2 is one long chain: each SHA-256 needs the hash before it. Through the usual layers every hash is written to a
//! buffer as bytes, padded, and read back; here it stays in registers, which makes a chain 1.5 times as fast. Then
//! what it waits for is the CPU, which can begin two rounds every second cycle and has them after four: half of the
//! time it idles, and a second chain, of another password, fits into the gaps. A third would only take turns with them.
//!
//! | module | what is in it |
//! |---|---|
//! | `chain` | a password and its salt as HMAC's states and first result, and the derived bytes after the last |
//! | `x86_64` | the iterations of one or two chains; the only module with `unsafe`, one block |
//! | `elsewhere` | in its place where there is no SHA-NI |

#![deny(unsafe_op_in_unsafe_fn)]

mod chain;
#[cfg(not(target_arch = "x86_64"))]
#[path = "elsewhere.rs"]
mod lanes;
#[cfg(target_arch = "x86_64")]
#[path = "x86_64.rs"]
mod lanes;
#[cfg(test)]
mod tests;

use zeroize::Zeroizing;

use crate::chain::Chain;
pub use crate::lanes::Lanes;

/// Bytes of a result: one block of PBKDF2 with SHA-256.
pub const LEN: usize = 32;

/// What a result is derived from; each of any length.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The password.
    pub password: &'a [u8],
    /// Its salt.
    pub salt: &'a [u8],
}

impl Lanes {
    /// The 32 bytes that PBKDF2-HMAC-SHA256 (RFC 8018) derives after `iterations`.
    ///
    /// As with the crate `pbkdf2`, no iteration counts as one.
    #[must_use]
    pub fn one(self, input: Input<'_>, iterations: u32) -> Zeroizing<[u8; LEN]> {
        let [result] = self.derive([input], iterations);
        result
    }

    /// The same of both, in their order.
    #[must_use]
    pub fn two(self, inputs: [Input<'_>; 2], iterations: u32) -> [Zeroizing<[u8; LEN]>; 2] {
        self.derive(inputs, iterations)
    }

    fn derive<const N: usize>(self, inputs: [Input<'_>; N], iterations: u32) -> [Zeroizing<[u8; LEN]>; N] {
        // Filled and read where they are: a move would leave a copy that nobody wipes.
        let mut chains = [const { Chain::EMPTY }; N];
        for (chain, input) in chains.iter_mut().zip(inputs) {
            chain.start(input);
        }
        self.iterate(&mut chains, iterations.saturating_sub(1));
        chains.each_ref().map(Chain::result)
    }
}
