//! How a password is stretched, as JSON.

use serde::Serialize;
use serde_json::Value;
use spake_protocol::stretch::{Kdf, Salt};
use utoipa::ToSchema;

use super::error::ApiError;
use super::openapi::schemas;
use crate::domain::accounts::SaltedKdf;

/// Algorithm, salt and parameters; clients compare it with their own, and never adopt it.
#[derive(Serialize, ToSchema)]
#[serde(tag = "algorithm")]
pub(super) enum KdfDescriptor {
    #[serde(rename = "pbkdf2-hmac-sha256")]
    Pbkdf2HmacSha256 {
        #[schema(value_type = schemas::Salt)]
        salt: String,
        #[schema(minimum = 100_000, maximum = 10_000_000)]
        iterations: u32,
    },
    #[serde(rename = "argon2id")]
    Argon2id {
        #[schema(value_type = schemas::Salt)]
        salt: String,
        #[schema(minimum = 19_456, maximum = 1_048_576)]
        memory_kib: u32,
        #[schema(minimum = 2, maximum = 10)]
        passes: u32,
        #[schema(minimum = 1, maximum = 4)]
        parallelism: u32,
    },
    #[serde(rename = "scrypt")]
    Scrypt {
        #[schema(value_type = schemas::Salt)]
        salt: String,
        /// A power of two.
        #[schema(minimum = 32_768, maximum = 1_048_576)]
        n: u32,
        #[schema(minimum = 8, maximum = 8)]
        r: u32,
        #[schema(minimum = 1, maximum = 4)]
        p: u32,
    },
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

/// The same from a request, within the accepted ranges.
pub(super) fn parse_kdf(value: &Value) -> Result<SaltedKdf, ApiError> {
    let refuse = |why: String| ApiError::bad_request("invalid_kdf", why);
    let number = |name: &str| {
        let number = value.get(name).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
        number.ok_or_else(|| refuse(format!("kdf.{name} must be a number")))
    };
    let kdf = match value.get("algorithm").and_then(Value::as_str) {
        Some("pbkdf2-hmac-sha256") => Kdf::pbkdf2(number("iterations")?),
        Some("argon2id") => Kdf::argon2id(number("memory_kib")?, number("passes")?, number("parallelism")?),
        Some("scrypt") => Kdf::scrypt(number("n")?, number("r")?, number("p")?),
        _ => {
            let sentence = "kdf.algorithm must be pbkdf2-hmac-sha256, argon2id or scrypt";
            return Err(refuse(sentence.to_owned()));
        }
    };
    let kdf = kdf.map_err(|error| refuse(format!("kdf is refused: {error}")))?;
    let salt = value.get("salt").and_then(Value::as_str).and_then(|salt| hex::decode(salt).ok());
    let salt = salt.and_then(|salt| Salt::new(&salt).ok());
    let salt = salt.ok_or_else(|| refuse("kdf.salt must be 16 to 64 bytes in hex".to_owned()))?;
    Ok(SaltedKdf { kdf, salt })
}
