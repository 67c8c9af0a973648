//! What can be refused. Each error depends on public bytes only, but for [`ConfirmationMismatch`],
//! [`RefusedShare`] and [`StretchFailed`], whose documentation says what they depend on.

use std::error::Error;
use std::fmt;

/// A share, or L, that is not the SEC1 uncompressed encoding of a point on P-256.
///
/// RFC 9382, section 7, and RFC 9383, section 6, ask for group membership; the curve's cofactor is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidShare {
    /// It is not 65 bytes long. Compressed points and the identity's single byte are refused here.
    Length,
    /// It does not begin with `04`.
    Prefix,
    /// A coordinate is not below the field's prime q, or the point is not on the curve.
    NotOnCurve,
}

impl fmt::Display for InvalidShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Length => "a point must be 65 bytes, SEC1 uncompressed",
            Self::Prefix => "a point must begin with 04, SEC1 uncompressed",
            Self::NotOnCurve => "the point is not on the curve P-256",
        })
    }
}

impl Error for InvalidShare {}

/// A scalar that is 0, or not below the group's order p.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidScalar;

impl fmt::Display for InvalidScalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the scalar is not between 1 and p-1")
    }
}

impl Error for InvalidScalar {}

/// A verifier (w0, L) that no prover can have registered (RFC 9383, section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidVerifier {
    /// w0 is 0 or not below p.
    W0(InvalidScalar),
    /// L is not a point of the group, or is the identity.
    L(InvalidShare),
}

impl fmt::Display for InvalidVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::W0(error) => write!(f, "w0: {error}"),
            Self::L(error) => write!(f, "L: {error}"),
        }
    }
}

impl Error for InvalidVerifier {}

/// An identity or a context that is too long for a `Setting`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidSetting {
    /// An identity is longer than 1,024 bytes.
    IdentityTooLong,
    /// The context is longer than 255 bytes.
    ContextTooLong,
}

impl fmt::Display for InvalidSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IdentityTooLong => "an identity is longer than 1024 bytes",
            Self::ContextTooLong => "the context is longer than 255 bytes",
        })
    }
}

impl Error for InvalidSetting {}

/// The peer's share cancels the password's mask, so the shared group element would be the identity.
///
/// Only the parties that run in a client (A and the prover) refuse such a share: that it was refused tells
/// the peer that it had guessed the password, and a service must not answer guesses it has not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusedShare;

impl fmt::Display for RefusedShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the peer's share cancels the mask")
    }
}

impl Error for RefusedShare {}

/// The peer's confirmation is not the expected one: another password, setting or transcript. The run is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfirmationMismatch;

impl fmt::Display for ConfirmationMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the confirmation does not match")
    }
}

impl Error for ConfirmationMismatch {}

/// Bytes that no `to_bytes` of that type has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CorruptState;

impl fmt::Display for CorruptState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the stored state cannot be read")
    }
}

impl Error for CorruptState {}

/// The stretching function had no memory, or gave a scalar that is 0 (probability 2⁻²⁵⁶).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StretchFailed;

impl fmt::Display for StretchFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the password could not be stretched")
    }
}

impl Error for StretchFailed {}

impl From<InvalidScalar> for StretchFailed {
    fn from(_: InvalidScalar) -> Self {
        Self
    }
}
