//! Stretching: making each guess of a password expensive for whoever holds a stored verifier.
//!
//! `stretch(input, salt, params, info, n) = HKDF-Expand-SHA256(core(input, salt, params), info, n)`, with a
//! core of 32 bytes. Asking PBKDF2 for more than one block would double the defender's work and not the
//! attacker's, who needs the first block only to test a guess; HKDF-Expand gives any length for one block's
//! price.
//!
//! Two inputs can be stretched together on one core ([`Unstretched::stretch_both`]), which for PBKDF2 takes little longer
//! than one.

mod work;

use std::error::Error;
use std::fmt;
use std::ops::RangeInclusive;

pub use self::work::{Stretched, Unstretched};
pub use crate::error::StretchFailed;
use crate::keys::HASH_LEN;

const PBKDF2_ITERATIONS: RangeInclusive<u32> = 100_000..=10_000_000;
const ARGON2ID_M_KIB: RangeInclusive<u32> = 19 * 1024..=1024 * 1024;
const ARGON2ID_T: RangeInclusive<u32> = 2..=10;
const ARGON2ID_P: RangeInclusive<u32> = 1..=4;
const SCRYPT_LOG_N: RangeInclusive<u32> = 15..=20;
const SCRYPT_R: RangeInclusive<u32> = 8..=8;
const SCRYPT_P: RangeInclusive<u32> = 1..=4;
const SALT_LEN: RangeInclusive<usize> = 16..=64;

/// A stretching function with its parameters, which are public. One that exists is within the accepted
/// ranges: below them a stolen verifier is too cheap to attack, above them a client or the service could be
/// stalled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kdf {
    /// PBKDF2 with HMAC-SHA256, RFC 8018.
    Pbkdf2HmacSha256(Pbkdf2),
    /// Argon2id, version 0x13, RFC 9106.
    Argon2id(Argon2id),
    /// scrypt, RFC 7914.
    Scrypt(Scrypt),
}

impl Kdf {
    /// PBKDF2-HMAC-SHA256 with 100,000 to 10,000,000 iterations.
    ///
    /// # Errors
    ///
    /// [`KdfOutOfRange`] for another number.
    pub fn pbkdf2(iterations: u32) -> Result<Self, KdfOutOfRange> {
        within("iterations", iterations, PBKDF2_ITERATIONS)?;
        Ok(Self::Pbkdf2HmacSha256(Pbkdf2 { iterations }))
    }

    /// Argon2id with `m_kib` KiB of memory (19 MiB to 1 GiB), `t` passes (2 to 10) and `p` lanes (1 to 4).
    ///
    /// # Errors
    ///
    /// [`KdfOutOfRange`] names the first parameter that is out of its range.
    pub fn argon2id(m_kib: u32, t: u32, p: u32) -> Result<Self, KdfOutOfRange> {
        within("m", m_kib, ARGON2ID_M_KIB)?;
        within("t", t, ARGON2ID_T)?;
        within("p", p, ARGON2ID_P)?;
        Ok(Self::Argon2id(Argon2id { m_kib, t, p }))
    }

    /// scrypt with cost `n` (a power of two from 2¹⁵ to 2²⁰), block size `r` (8) and parallelism `p` (1 to
    /// 4).
    ///
    /// # Errors
    ///
    /// [`KdfOutOfRange`] names the first parameter that is out of its range; an `n` that is no power of two
    /// too.
    pub fn scrypt(n: u32, r: u32, p: u32) -> Result<Self, KdfOutOfRange> {
        let (min, max) = (1 << SCRYPT_LOG_N.start(), 1 << SCRYPT_LOG_N.end());
        within("n", n, min..=max)?;
        if !n.is_power_of_two() {
            return Err(KdfOutOfRange { parameter: "n", value: n, min, max });
        }
        within("r", r, SCRYPT_R)?;
        within("p", p, SCRYPT_P)?;
        Ok(Self::Scrypt(Scrypt { n, r, p }))
    }
}

/// Parameters of [`Kdf::Pbkdf2HmacSha256`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pbkdf2 {
    iterations: u32,
}

impl Pbkdf2 {
    /// The number of iterations.
    #[must_use]
    pub fn iterations(&self) -> u32 {
        self.iterations
    }
}

/// Parameters of [`Kdf::Argon2id`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argon2id {
    m_kib: u32,
    t: u32,
    p: u32,
}

impl Argon2id {
    /// Memory in KiB.
    #[must_use]
    pub fn m_kib(&self) -> u32 {
        self.m_kib
    }

    /// Passes over the memory.
    #[must_use]
    pub fn t(&self) -> u32 {
        self.t
    }

    /// Lanes.
    #[must_use]
    pub fn p(&self) -> u32 {
        self.p
    }
}

/// Parameters of [`Kdf::Scrypt`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scrypt {
    n: u32,
    r: u32,
    p: u32,
}

impl Scrypt {
    /// Cost, a power of two.
    #[must_use]
    pub fn n(&self) -> u32 {
        self.n
    }

    /// Block size, in units of 128 bytes.
    #[must_use]
    pub fn r(&self) -> u32 {
        self.r
    }

    /// Parallelism.
    #[must_use]
    pub fn p(&self) -> u32 {
        self.p
    }
}

/// A stretching parameter that is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KdfOutOfRange {
    /// The parameter's usual name: `iterations`, `m` (in KiB), `t`, `p`, `n` or `r`.
    pub parameter: &'static str,
    /// What was asked for.
    pub value: u32,
    /// The least that is accepted.
    pub min: u32,
    /// The most that is accepted.
    pub max: u32,
}

impl fmt::Display for KdfOutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { parameter, value, min, max } = self;
        write!(f, "{parameter} = {value} is not accepted: it must be from {min} to {max}")?;
        if *parameter == "n" { f.write_str(" and a power of two") } else { Ok(()) }
    }
}

impl Error for KdfOutOfRange {}

fn within(parameter: &'static str, value: u32, range: RangeInclusive<u32>) -> Result<(), KdfOutOfRange> {
    if range.contains(&value) {
        return Ok(());
    }
    let (min, max) = range.into_inner();
    Err(KdfOutOfRange { parameter, value, min, max })
}

/// A salt of 16 to 64 bytes; public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Salt(Vec<u8>);

impl Salt {
    /// Takes 16 to 64 bytes.
    ///
    /// # Errors
    ///
    /// [`InvalidSalt`] for another length.
    pub fn new(bytes: &[u8]) -> Result<Self, InvalidSalt> {
        if SALT_LEN.contains(&bytes.len()) { Ok(Self(bytes.to_vec())) } else { Err(InvalidSalt) }
    }

    /// A salt that is a hash, whose length is always right.
    pub(crate) fn from_hash(hash: &[u8; HASH_LEN]) -> Self {
        Self(hash.to_vec())
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A salt that is not 16 to 64 bytes long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidSalt;

impl fmt::Display for InvalidSalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the salt must have from 16 to 64 bytes")
    }
}

impl Error for InvalidSalt {}
