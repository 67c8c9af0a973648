//! Names that callers choose, parsed once at the edge.

use std::fmt;

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
/// Compared byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(Box<str>);

impl SessionId {
    /// The longest id, in bytes.
    pub const MAX_LEN: usize = 128;

    /// Checks `text` against the rules above.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        checked(text, Self::MAX_LEN)?;
        if text.is_empty() {
            return Err(InvalidId::Empty);
        }
        if text.contains('/') || text == "." || text == ".." {
            return Err(InvalidId::PathSyntax);
        }
        Ok(Self(text.into()))
    }

    /// A fresh UUIDv7 (RFC 9562): the time at the front, then 74 random bits.
    pub fn generate(now: Timestamp, random: [u8; 10]) -> Self {
        let uuid = uuid::Builder::from_unix_timestamp_millis(now.as_millis(), &random).into_uuid();
        Self(uuid.to_string().into())
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
