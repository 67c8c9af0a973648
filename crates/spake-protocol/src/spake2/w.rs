//! The password as a scalar.

use zeroize::Zeroizing;

use crate::encoding::length_prefixed;
use crate::error::{InvalidScalar, StretchFailed};
use crate::group::{Scalar, WIDE_LEN};
use crate::password::Password;
use crate::spake2::Setting;
use crate::stretch::{Kdf, Stretched, Unstretched};

/// The label that separates this stretching from others.
const LABEL: &[u8] = b"spake-service/1 w";

/// w of RFC 9382, section 3.2: the password's scalar, in [1, p−1]. As secret as the password; zeroized on
/// drop.
pub struct W(Scalar);

impl W {
    /// w = OS2IP(stretch(len(pw)‖pw, [`Setting::salt`], `kdf`, "spake-service/1 w", 40)) mod p.
    ///
    /// Takes as long as `kdf` says: tens of milliseconds and more.
    ///
    /// # Errors
    ///
    /// [`StretchFailed`] when memory is short, or when w would be 0 (probability 2⁻²⁵⁶).
    pub fn stretch(password: &Password, setting: &Setting, kdf: &Kdf) -> Result<Self, StretchFailed> {
        Self::from_stretched(Self::unstretched(password, setting, kdf).stretch()?)
    }

    /// The first half of [`stretch`](Self::stretch), for who decides when and beside what it is stretched.
    #[must_use]
    pub fn unstretched(password: &Password, setting: &Setting, kdf: &Kdf) -> Unstretched {
        let input = length_prefixed(&[], &[password.as_bytes()]);
        Unstretched::new(input, setting.salt(), kdf.clone())
    }

    /// The second half: w, from what [`unstretched`](Self::unstretched) was stretched to.
    ///
    /// # Errors
    ///
    /// [`StretchFailed`] when w would be 0 (probability 2⁻²⁵⁶).
    pub fn from_stretched(stretched: Stretched) -> Result<Self, StretchFailed> {
        let wide = stretched.expand::<WIDE_LEN>(LABEL);
        Ok(Self(Scalar::reduce_nonzero(&wide)?))
    }

    /// Takes 32 bytes, big-endian, that something else has stretched.
    ///
    /// # Errors
    ///
    /// [`InvalidScalar`] for 0 and for everything from p on.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, InvalidScalar> {
        Scalar::decode_nonzero(bytes).map(Self)
    }

    /// What [`from_bytes`](Self::from_bytes) takes, for a party that pairs often under one password and stretches it once.
    /// As secret as the password.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        self.0.encode()
    }

    pub(crate) fn scalar(&self) -> &Scalar {
        &self.0
    }
}
