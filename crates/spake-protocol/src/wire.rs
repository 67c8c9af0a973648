//! What the messages and settings of both protocols have in common: a share is a point, a confirmation is 32
//! bytes.
//!
//! The types themselves stay apart (a macro makes one for each message), so that no message can be taken for
//! another.

use std::fmt;

use crate::error::InvalidSetting;

/// The most bytes of an identity.
const MAX_IDENTITY_LEN: usize = 1024;

/// The most bytes of a context.
const MAX_CONTEXT_LEN: usize = 255;

/// Checks the lengths of a `Setting`.
pub(crate) fn check_setting(identities: [&[u8]; 2], context: &[u8]) -> Result<(), InvalidSetting> {
    if identities.iter().any(|identity| identity.len() > MAX_IDENTITY_LEN) {
        return Err(InvalidSetting::IdentityTooLong);
    }
    if context.len() > MAX_CONTEXT_LEN {
        return Err(InvalidSetting::ContextTooLong);
    }
    Ok(())
}

/// Declares the type of a share. `$what` is its definition, for the documentation.
macro_rules! share {
    ($name:ident, $what:literal) => {
        #[doc = concat!($what, ": 65 bytes, SEC1 uncompressed.")]
        ///
        /// One that exists is a point on the curve and not the identity. It is public.
        #[derive(Clone)]
        pub struct $name {
            point: $crate::group::Point,
            encoded: [u8; $crate::group::POINT_LEN],
        }

        impl $name {
            /// The 65 bytes `04 ‖ x ‖ y`.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 65] {
                &self.encoded
            }

            pub(crate) fn point(&self) -> &$crate::group::Point {
                &self.point
            }

            /// Takes a point with its encoding; `None` for the identity, which no share may be.
            pub(crate) fn from_point(point: $crate::group::Point, encoded: [u8; 65]) -> Option<Self> {
                if bool::from(point.is_identity()) { None } else { Some(Self { point, encoded }) }
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = $crate::InvalidShare;

            /// Reads a peer's share.
            ///
            /// # Errors
            ///
            /// [`InvalidShare`](crate::InvalidShare) unless these are the 65 bytes of a point on P-256 with
            /// coordinates below q.
            fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
                let point = $crate::group::Point::decode(bytes)?;
                let encoded = bytes.try_into().map_err(|_| $crate::InvalidShare::Length)?;
                Ok(Self { point, encoded })
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.encoded == other.encoded
            }
        }

        impl Eq for $name {}

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                $crate::wire::debug_hex(f, stringify!($name), &self.encoded)
            }
        }
    };
}

/// Declares the type of a confirmation. `$what` is its definition, for the documentation.
macro_rules! confirmation {
    ($name:ident, $what:literal) => {
        #[doc = concat!($what, ": 32 bytes.")]
        ///
        /// Zeroized on drop and without `Debug` or `==`: until it is sent, knowing it is as good as knowing
        /// the password. Compare with [`matches`](Self::matches).
        pub struct $name($crate::keys::Tag);

        impl $name {
            /// The 32 bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 32] {
                &self.0.0
            }

            /// Whether both are the same; in constant time.
            #[must_use]
            pub fn matches(&self, other: &Self) -> bool {
                self.0.matches(&other.0)
            }

            pub(crate) fn from_tag(tag: $crate::keys::Tag) -> Self {
                Self(tag)
            }
        }

        impl From<[u8; 32]> for $name {
            fn from(bytes: [u8; 32]) -> Self {
                Self($crate::keys::Tag(bytes))
            }
        }
    };
}

pub(crate) use {confirmation, share};

pub(crate) fn debug_hex(f: &mut fmt::Formatter<'_>, name: &str, bytes: &[u8]) -> fmt::Result {
    write!(f, "{name}(")?;
    for byte in bytes {
        write!(f, "{byte:02x}")?;
    }
    f.write_str(")")
}
