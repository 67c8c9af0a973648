//! How a password is stretched, as JSON.

use serde::Serialize;
use spake_protocol::stretch::{Kdf, Salt};

/// Algorithm, salt and parameters; clients compare it with their own, and never adopt it.
#[derive(Serialize)]
#[serde(tag = "algorithm")]
pub(super) enum KdfDescriptor {
    #[serde(rename = "pbkdf2-hmac-sha256")]
    Pbkdf2HmacSha256 { salt: String, iterations: u32 },
    #[serde(rename = "argon2id")]
    Argon2id { salt: String, memory_kib: u32, passes: u32, parallelism: u32 },
    #[serde(rename = "scrypt")]
    Scrypt { salt: String, n: u32, r: u32, p: u32 },
}

impl KdfDescriptor {
    pub(super) fn new(kdf: &Kdf, salt: &Salt) -> Self {
        let salt = hex::encode(salt.as_bytes());
        match kdf {
            Kdf::Pbkdf2HmacSha256(kdf) => Self::Pbkdf2HmacSha256 { salt, iterations: kdf.iterations() },
            Kdf::Argon2id(kdf) => {
                Self::Argon2id { salt, memory_kib: kdf.m_kib(), passes: kdf.t(), parallelism: kdf.p() }
            }
            Kdf::Scrypt(kdf) => Self::Scrypt { salt, n: kdf.n(), r: kdf.r(), p: kdf.p() },
        }
    }
}
