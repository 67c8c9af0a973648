//! The stretching itself, of one input or of two at once.

use pbkdf2_lanes::{Input, Lanes};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{Argon2id, Kdf, Pbkdf2, Salt, Scrypt, StretchFailed};
use crate::keys::{HASH_LEN, hkdf_expand_sha256};

type Core = Zeroizing<[u8; HASH_LEN]>;

/// What is to be stretched, and how. As secret as the password that is in it; wiped on drop.
pub struct Unstretched {
    input: Zeroizing<Vec<u8>>,
    salt: Salt,
    kdf: Kdf,
}

/// What came of it: 32 bytes, as secret as the password; wiped on drop.
pub struct Stretched(Core);

impl Unstretched {
    pub(crate) fn new(input: Zeroizing<Vec<u8>>, salt: Salt, kdf: Kdf) -> Self {
        Self { input, salt, kdf }
    }

    /// Stretches. Takes as long as the kdf says: tens of milliseconds and more.
    ///
    /// # Errors
    ///
    /// [`StretchFailed`] when memory is short.
    pub fn stretch(&self) -> Result<Stretched, StretchFailed> {
        self.stretch_on(Lanes::detect()).map(Stretched)
    }

    /// Whether to stretch both together takes less than to stretch one after the other: for PBKDF2 with as many
    /// iterations, on a CPU with SHA-NI.
    #[must_use]
    pub fn goes_with(&self, other: &Self) -> bool {
        self.together(other, Lanes::detect()).is_some()
    }

    /// Stretches both on this thread: together where [`goes_with`](Self::goes_with) says so, else one after the other.
    ///
    /// # Errors
    ///
    /// [`StretchFailed`] when memory is short, for the one that it was short for.
    pub fn stretch_both(&self, other: &Self) -> [Result<Stretched, StretchFailed>; 2] {
        self.stretch_both_on(other, Lanes::detect()).map(|core| core.map(Stretched))
    }

    fn stretch_both_on(&self, other: &Self, lanes: Option<Lanes>) -> [Result<Core, StretchFailed>; 2] {
        match self.together(other, lanes) {
            Some((lanes, iterations)) => lanes.two([self.of_pbkdf2(), other.of_pbkdf2()], iterations).map(Ok),
            None => [self.stretch_on(lanes), other.stretch_on(lanes)],
        }
    }

    /// The lanes and the iterations for both, if they go together.
    fn together(&self, other: &Self, lanes: Option<Lanes>) -> Option<(Lanes, u32)> {
        match (&self.kdf, &other.kdf) {
            (Kdf::Pbkdf2HmacSha256(one), Kdf::Pbkdf2HmacSha256(other)) if one == other => {
                Some((lanes?, one.iterations))
            }
            _ => None,
        }
    }

    fn stretch_on(&self, lanes: Option<Lanes>) -> Result<Core, StretchFailed> {
        let mut core = Zeroizing::new([0; HASH_LEN]);
        let (input, salt, out) = (self.input.as_slice(), self.salt.as_bytes(), core.as_mut_slice());
        match &self.kdf {
            Kdf::Pbkdf2HmacSha256(Pbkdf2 { iterations }) => match lanes {
                Some(lanes) => core = lanes.one(self.of_pbkdf2(), *iterations),
                None => pbkdf2::pbkdf2_hmac::<Sha256>(input, salt, *iterations, out),
            },
            Kdf::Argon2id(Argon2id { m_kib, t, p }) => {
                let params =
                    argon2::Params::new(*m_kib, *t, *p, Some(HASH_LEN)).map_err(|_| StretchFailed)?;
                argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
                    .hash_password_into(input, salt, out)
                    .map_err(|_| StretchFailed)?;
            }
            Kdf::Scrypt(Scrypt { n, r, p }) => {
                let log_n = u8::try_from(n.ilog2()).map_err(|_| StretchFailed)?;
                let params = scrypt::Params::new(log_n, *r, *p).map_err(|_| StretchFailed)?;
                scrypt::scrypt(input, salt, &params, out).map_err(|_| StretchFailed)?;
            }
        }
        Ok(core)
    }

    fn of_pbkdf2(&self) -> Input<'_> {
        Input { password: &self.input, salt: self.salt.as_bytes() }
    }
}

impl Stretched {
    /// Any number of bytes; `info` separates the uses.
    pub(crate) fn expand<const LEN: usize>(&self, info: &[u8]) -> Zeroizing<[u8; LEN]> {
        hkdf_expand_sha256(&self.0, &[info])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unstretched(input: &[u8], kdf: &Kdf) -> Unstretched {
        let salt = Salt::new(&[input.len() as u8; 16]).unwrap();
        Unstretched::new(Zeroizing::new(input.to_vec()), salt, kdf.clone())
    }

    fn cores(results: [Result<Core, StretchFailed>; 2]) -> [Core; 2] {
        results.map(|result| result.unwrap())
    }

    #[test]
    fn together_alone_and_on_a_cpu_without_lanes_the_result_is_the_same() {
        let [pbkdf2, longer] = [100_000, 100_001].map(|iterations| Kdf::pbkdf2(iterations).unwrap());
        let scrypt = Kdf::scrypt(32_768, 8, 1).unwrap();
        for (one, other) in [(&pbkdf2, &pbkdf2), (&pbkdf2, &longer), (&scrypt, &pbkdf2)] {
            let (one, other) = (unstretched(b"one", one), unstretched(&[0xff; 70], other));
            let without = cores([one.stretch_on(None), other.stretch_on(None)]);
            let lanes = Lanes::detect();
            assert_eq!(cores([one.stretch_on(lanes), other.stretch_on(lanes)]), without);
            assert_eq!(cores(one.stretch_both_on(&other, lanes)), without);
            assert_eq!(cores(one.stretch_both_on(&other, None)), without);
        }
    }

    #[test]
    fn two_go_together_where_there_are_lanes_and_both_take_as_many_iterations() {
        let [pbkdf2, longer] = [100_000, 100_001].map(|iterations| Kdf::pbkdf2(iterations).unwrap());
        let (scrypt, argon2id) =
            (Kdf::scrypt(32_768, 8, 1).unwrap(), Kdf::argon2id(19 * 1024, 2, 1).unwrap());
        let goes = |one: &Kdf, other: &Kdf| unstretched(b"1", one).goes_with(&unstretched(b"2", other));
        assert_eq!(goes(&pbkdf2, &pbkdf2), Lanes::detect().is_some());
        for (one, other) in
            [(&pbkdf2, &longer), (&pbkdf2, &scrypt), (&scrypt, &scrypt), (&argon2id, &argon2id)]
        {
            assert!(!goes(one, other) && !goes(other, one));
        }
        assert!(unstretched(b"1", &pbkdf2).together(&unstretched(b"2", &pbkdf2), None).is_none());
    }
}
