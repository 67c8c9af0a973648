//! Password hashing on the server, which a login over HTTP without a PAKE costs.

use argon2::{Algorithm, Argon2, Params, Version};
use subtle::ConstantTimeEq;

use crate::clock::timed;
use crate::{Trouble, Work};

const PASSWORD: &[u8] = b"correct horse";
const SALT: &[u8; 16] = b"sixteen bytes of";

pub(crate) fn bcrypt(cost: u32) -> Result<Work, Trouble> {
    let hash = bcrypt::hash(PASSWORD, cost).map_err(|error| error.to_string())?;
    Ok(Box::new(move || {
        let (verified, spent) = timed(|| bcrypt::verify(PASSWORD, &hash));
        if verified.is_ok_and(|right| right) {
            Ok(spent)
        } else {
            Err("bcrypt does not know the password".to_owned())
        }
    }))
}

/// With the parameters that OWASP's cheat sheet recommends: 19 MiB, two passes, one lane.
pub(crate) fn argon2id() -> Result<Work, Trouble> {
    let params = Params::new(19 * 1024, 2, 1, Some(32)).map_err(|error| error.to_string())?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = move || {
        let mut out = [0; 32];
        argon2.hash_password_into(PASSWORD, SALT, &mut out).map(|()| out).map_err(|error| error.to_string())
    };
    let stored = hash()?;
    Ok(Box::new(move || {
        let (verified, spent) = timed(|| hash().map(|hash| bool::from(hash.ct_eq(&stored))));
        if verified? { Ok(spent) } else { Err("Argon2id does not know the password".to_owned()) }
    }))
}
