//! Preparing a password, so that the same characters give the same bytes on every keyboard and system.

use std::error::Error;
use std::fmt;

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// The most bytes that a prepared password may have.
const MAX_LEN: usize = 1024;

/// A prepared password: 1 to 1,024 bytes of UTF-8 in normalization form C. Zeroized on drop.
pub struct Password(Zeroizing<String>);

impl Password {
    /// Turns every space separator (Unicode's category Zs) into U+0020, then normalizes to NFC.
    ///
    /// This is RFC 8265's OpaqueString without its refusals: control characters and unassigned code points
    /// are kept, so that what a user could once register remains typable. Case is kept.
    ///
    /// # Errors
    ///
    /// [`PasswordError::Empty`] and [`PasswordError::TooLong`], both judged after the preparation.
    pub fn prepare(password: &str) -> Result<Self, PasswordError> {
        // Room for the longest password from the start: a buffer that grows leaves copies behind.
        let mut prepared = Zeroizing::new(String::with_capacity(MAX_LEN));
        for character in password.chars().map(plain_space).nfc() {
            if prepared.len() + character.len_utf8() > MAX_LEN {
                return Err(PasswordError::TooLong);
            }
            prepared.push(character);
        }
        if prepared.is_empty() { Err(PasswordError::Empty) } else { Ok(Self(prepared)) }
    }

    /// The prepared bytes, `pw` in the stretching's input.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Why a password cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordError {
    /// It has no characters.
    Empty,
    /// It has more than 1,024 bytes after the preparation.
    TooLong,
}

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the password is empty",
            Self::TooLong => "the password is longer than 1024 bytes",
        })
    }
}

impl Error for PasswordError {}

/// U+0020 for each of the 17 space separators.
fn plain_space(character: char) -> char {
    match character {
        '\u{00a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{hex, text};

    #[test]
    fn passwords_are_prepared_as_the_python_implementation_does_it() {
        let file: serde_json::Value =
            serde_json::from_str(include_str!("../tests/vectors/spake_service_1.json")).unwrap();
        for case in file["passwords"].as_array().unwrap() {
            let password = text(case, "password");
            let prepared = Password::prepare(password).unwrap();
            assert_eq!(hex(prepared.as_bytes()), text(case, "prepared"), "{password:?}");
            let again = Password::prepare(&prepared.0).unwrap();
            assert_eq!(again.as_bytes(), prepared.as_bytes(), "{password:?}");
        }
    }

    #[test]
    fn the_buffer_never_grows() {
        for password in ["x".repeat(1024), "e\u{301}".repeat(512), "\u{10ffff}".repeat(256)] {
            assert_eq!(Password::prepare(&password).unwrap().0.capacity(), MAX_LEN);
        }
    }
}
