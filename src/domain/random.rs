//! The operating system's randomness, as the protocol crate wants it.

use getrandom::SysRng;
use rand_core::UnwrapErr;

/// The generator for every scalar, nonce and id. A machine whose kernel cannot give random bytes must not run a key
/// exchange, so a failure panics (the request ends as a 500) instead of going on with less.
pub type SystemRng = UnwrapErr<SysRng>;

/// A handle to the kernel's generator; it holds no state.
pub fn system_rng() -> SystemRng {
    UnwrapErr(SysRng)
}

/// `N` fresh random bytes.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand_core::Rng::fill_bytes(&mut system_rng(), &mut bytes);
    bytes
}
