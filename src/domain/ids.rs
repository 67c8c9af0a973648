//! Names that callers choose, parsed once at the edge.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use crate::domain::keyspace::Seed;
use crate::domain::time::Timestamp;

/// Why a session id or client id was refused; the sentence is meant for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// No bytes at all.
    #[error("must not be empty")]
    Empty,
    /// More bytes than the field allows.
    #[error("must be at most {0} bytes of UTF-8")]
    TooLong(usize),
    /// A control character; it could forge lines in a log.
    #[error("must not contain control characters")]
    Control,
    /// A `/`, or `.` or `..`: such an id could not be reached through a path.
    #[error("must not contain '/' and must not be '.' or '..'")]
    PathSyntax,
}

/// The name of one session: 1 to 128 bytes of UTF-8 without control characters, reachable as one path segment.
/// Compared byte for byte. A clone shares the text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(Arc<str>);

impl SessionId {
    /// The longest id, in bytes.
    pub const MAX_LEN: usize = 128;

    /// Checks `text` against the rules above.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        checked(text, Self::MAX_LEN)?;
        segment(text)?;
        Ok(Self(text.into()))
    }

    /// A fresh UUIDv7 (RFC 9562): the time at the front, then 74 random bits.
    pub fn generate(now: Timestamp, random: [u8; 10]) -> Self {
        let uuid = uuid::Builder::from_unix_timestamp_millis(now.as_millis(), &random).into_uuid();
        Self(uuid.to_string().into())
    }

    /// The id of the login of `credential` with the client's share `share_p`: always the same, which is how a repeated
    /// request is found, and known to nobody else. It carries the credential's bucket, so that a store can keep both
    /// where they change together.
    pub fn of_login(seed: &Seed, credential: &CredentialId, share_p: &[u8; 65]) -> Self {
        let mac = seed.mac("login session", &[credential.as_str().as_bytes(), share_p]);
        let (id, _) = mac.split_at(16);
        Self(format!("{LOGIN_PREFIX}{:02x}-{}", credential.bucket(), hex::encode(id)).into())
    }

    /// Whether it is of the form of [`Self::of_login`], which is reserved: callers do not choose such an id.
    pub fn is_login(&self) -> bool {
        self.0.starts_with(LOGIN_PREFIX)
    }

    /// The one of 256 parts of a store that the session is in: a login's is its credential's.
    pub fn bucket(&self) -> u8 {
        let carried = self.0.strip_prefix(LOGIN_PREFIX).and_then(|rest| rest.get(..2));
        carried.and_then(|bucket| u8::from_str_radix(bucket, 16).ok()).unwrap_or_else(|| bucket_of(&self.0))
    }

    /// The id as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of one credential: 1 to 256 bytes of UTF-8 without control characters, reachable as one path segment, in
/// NFC. Compared byte for byte. A clone shares the text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CredentialId(Arc<str>);

impl CredentialId {
    /// The longest id, in bytes.
    pub const MAX_LEN: usize = 256;

    /// Checks `text` against the rules above, and brings it into NFC.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        // Before it is normalised too: what is long enough to be work is refused.
        checked(text, Self::MAX_LEN)?;
        let text: String = text.nfc().collect();
        checked(&text, Self::MAX_LEN)?;
        segment(&text)?;
        Ok(Self(text.into()))
    }

    /// The one of 256 parts of a store that the credential is in.
    pub fn bucket(&self) -> u8 {
        bucket_of(&self.0)
    }

    /// The id in NFC.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CredentialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The identity of party A: up to 256 bytes of UTF-8 without control characters; empty when the client gave none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientId(Box<str>);

impl ClientId {
    /// The longest client id, in bytes.
    pub const MAX_LEN: usize = 256;

    /// Checks `text` against the rules above.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        checked(text, Self::MAX_LEN)?;
        Ok(Self(text.into()))
    }

    /// The id as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What begins the ids of logins.
const LOGIN_PREFIX: &str = "login-";

/// The first byte of the SHA-256.
fn bucket_of(id: &str) -> u8 {
    let [first, ..] = <[u8; 32]>::from(Sha256::digest(id));
    first
}

/// What one path segment can carry.
fn segment(text: &str) -> Result<(), InvalidId> {
    if text.is_empty() {
        return Err(InvalidId::Empty);
    }
    if text.contains('/') || text == "." || text == ".." {
        return Err(InvalidId::PathSyntax);
    }
    Ok(())
}

fn checked(text: &str, max_len: usize) -> Result<(), InvalidId> {
    if text.len() > max_len {
        return Err(InvalidId::TooLong(max_len));
    }
    if text.chars().any(char::is_control) {
        return Err(InvalidId::Control);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_a_path_segment_can_carry_are_accepted() {
        for id in ["a", "test_session", "with space", "?#%", "Grüße 👋", "...", &"x".repeat(128)] {
            assert_eq!(SessionId::parse(id).unwrap().as_str(), id);
        }
    }

    #[test]
    fn ids_that_no_path_reaches_or_that_forge_log_lines_are_refused() {
        for (id, why) in [
            ("", InvalidId::Empty),
            ("a/b", InvalidId::PathSyntax),
            (".", InvalidId::PathSyntax),
            ("..", InvalidId::PathSyntax),
            ("a\nb", InvalidId::Control),
            ("a\u{85}b", InvalidId::Control),
            ("\0", InvalidId::Control),
            (&"x".repeat(129), InvalidId::TooLong(128)),
            (&"ü".repeat(65), InvalidId::TooLong(128)),
        ] {
            assert_eq!(SessionId::parse(id), Err(why), "{id:?}");
        }
    }

    #[test]
    fn generated_ids_are_distinct_version_7_uuids() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let (a, b) = (SessionId::generate(now, [1; 10]), SessionId::generate(now, [2; 10]));
        assert_ne!(a, b);
        assert_eq!(uuid::Uuid::parse_str(a.as_str()).unwrap().get_version_num(), 7);
    }
}
