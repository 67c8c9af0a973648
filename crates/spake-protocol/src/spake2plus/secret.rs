//! The prover's side of a registration: the password as two scalars.

use crate::encoding::length_prefixed;
use crate::error::{InvalidScalar, StretchFailed};
use crate::group::{Point, Scalar, WIDE_LEN};
use crate::password::Password;
use crate::spake2plus::{Setting, VerifierRecord};
use crate::stretch::{Kdf, Salt, Stretched, Unstretched};

/// The label that separates this stretching from others.
const LABEL: &[u8] = b"spake-service/1 w0 w1";

/// w0 and w1 of RFC 9383, section 3.2, both in [1, p−1]. As secret as the password; zeroized on drop.
pub struct ProverSecret {
    w0: Scalar,
    w1: Scalar,
}

impl ProverSecret {
    /// w0s ‖ w1s = stretch(len(pw)‖pw ‖ len(idProver)‖idProver ‖ len(idVerifier)‖idVerifier, `salt`, `kdf`,
    /// "spake-service/1 w0 w1", 80), 40 bytes each; w0 = w0s mod p, w1 = w1s mod p (RFC 9383, section 3.2).
    ///
    /// Takes as long as `kdf` says: tens of milliseconds and more.
    ///
    /// # Errors
    ///
    /// [`StretchFailed`] when memory is short, or when w0 or w1 would be 0 (probability 2⁻²⁵⁵).
    pub fn stretch(
        password: &Password,
        setting: &Setting,
        salt: &Salt,
        kdf: &Kdf,
    ) -> Result<Self, StretchFailed> {
        Self::from_stretched(Self::unstretched(password, setting, salt, kdf).stretch()?)
    }

    /// The first half of [`stretch`](Self::stretch), for who decides when and beside what it is stretched.
    #[must_use]
    pub fn unstretched(password: &Password, setting: &Setting, salt: &Salt, kdf: &Kdf) -> Unstretched {
        let input = length_prefixed(&[], &[password.as_bytes(), setting.id_prover(), setting.id_verifier()]);
        Unstretched::new(input, salt.clone(), kdf.clone())
    }

    /// The second half: w0 and w1, from what [`unstretched`](Self::unstretched) was stretched to.
    ///
    /// # Errors
    ///
    /// [`StretchFailed`] when w0 or w1 would be 0 (probability 2⁻²⁵⁵).
    pub fn from_stretched(stretched: Stretched) -> Result<Self, StretchFailed> {
        let wide = stretched.expand::<{ 2 * WIDE_LEN }>(LABEL);
        let (w0s, w1s) = wide.split_first_chunk::<WIDE_LEN>().ok_or(StretchFailed)?;
        let w1s = w1s.first_chunk::<WIDE_LEN>().ok_or(StretchFailed)?;
        Ok(Self { w0: Scalar::reduce_nonzero(w0s)?, w1: Scalar::reduce_nonzero(w1s)? })
    }

    /// Takes w0 and w1, 32 bytes each, big-endian, that something else has stretched.
    ///
    /// # Errors
    ///
    /// [`InvalidScalar`] when one of them is 0 or not below p.
    pub fn from_bytes(w0: &[u8; 32], w1: &[u8; 32]) -> Result<Self, InvalidScalar> {
        Ok(Self { w0: Scalar::decode_nonzero(w0)?, w1: Scalar::decode_nonzero(w1)? })
    }

    /// What the verifier keeps: w0 and L = w1·P (RFC 9383, section 3.2). w1 cannot be found from it but by
    /// guessing passwords.
    #[must_use]
    pub fn verifier(&self) -> VerifierRecord {
        VerifierRecord::of(self.w0.duplicate(), Point::mul_base(&self.w1))
    }

    pub(crate) fn w0(&self) -> &Scalar {
        &self.w0
    }

    pub(crate) fn w1(&self) -> &Scalar {
        &self.w1
    }
}
