//! The audit stream: who did what to which session or credential, and what came of it.
//!
//! Events name sessions and credentials by tags: an operator who has an id computes its tag and finds what was done to
//! it; who has only the stream learns no id.

use std::fmt;
use std::net::IpAddr;

use crate::domain::access::KeyName;
use crate::domain::ids::{CredentialId, SessionId};
use crate::domain::keyspace::Seed;
use crate::domain::sessions::Sessions;
use crate::domain::time::Timestamp;

/// Stands for an id: 64 bits of an HMAC under the keyspace's seed, so the same on all replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag(u64);

impl Tag {
    /// The tag of a session.
    pub fn of_session(seed: &Seed, id: &SessionId) -> Self {
        Self::of(seed, "audit session", id.as_str())
    }

    /// The tag of a credential, whether it exists or not.
    pub fn of_credential(seed: &Seed, id: &CredentialId) -> Self {
        Self::of(seed, "audit credential", id.as_str())
    }

    fn of(seed: &Seed, purpose: &str, id: &str) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = seed.mac(purpose, &[id.as_bytes()]);
        Self(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }
}

/// 16 hex digits.
impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Who made a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Who {
    /// A caller without a key, or one that was refused before it was asked for it.
    #[default]
    Anonymous,
    /// The key that was verified.
    Key(KeyName),
    /// A key that is unknown or has expired. What it says of itself is not believed.
    UnknownKey,
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// `ok`, the error's code, or `abandoned`.
    pub code: &'static str,
    /// The status that was answered, if anything was.
    pub status: Option<u16>,
}

impl Outcome {
    /// The caller went away, or the service stopped, before there was an answer; what it asked for may have been done.
    pub const ABANDONED: Self = Self { code: "abandoned", status: None };
}

/// One request. Nothing in it is secret, and nothing of it is an id that callers choose but the request's own, which
/// is made of harmless characters.
#[derive(Debug)]
pub struct Event<'a> {
    /// When it ended.
    pub time: Timestamp,
    /// The request's id, as the caller was told and the log says.
    pub request_id: &'a str,
    /// A fixed word for what was asked.
    pub action: &'static str,
    /// Who asked.
    pub who: &'a Who,
    /// From where.
    pub address: Option<IpAddr>,
    /// About which session, or which session came of it.
    pub session: Option<Tag>,
    /// About which credential.
    pub credential: Option<Tag>,
    /// What came of it.
    pub outcome: Outcome,
}

/// Where events go.
pub trait AuditLog: Send + Sync + 'static {
    /// Takes an event. Never waits, for a request does.
    fn record(&self, event: &Event<'_>);

    /// Whether it takes none at this moment: they wait, and are lost when they are too many or the process ends.
    fn fails(&self) -> bool {
        false
    }

    /// How many events it did not take.
    fn lost(&self) -> u64 {
        0
    }
}

impl Sessions {
    /// The tag of a session of this keyspace.
    pub fn session_tag(&self, id: &SessionId) -> Tag {
        Tag::of_session(&self.facts.seed, id)
    }

    /// The tag of a credential of this keyspace.
    pub fn credential_tag(&self, id: &CredentialId) -> Tag {
        Tag::of_credential(&self.facts.seed, id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_depends_on_kind_id_and_keyspace_and_on_nothing_else() {
        let (seed, other) = (Seed::from_bytes([1; 32]), Seed::from_bytes([2; 32]));
        let (session, credential) =
            (|id| SessionId::parse(id).unwrap(), |id| CredentialId::parse(id).unwrap());
        let tag = Tag::of_session(&seed, &session("a"));
        assert_eq!(tag, Tag::of_session(&Seed::from_bytes([1; 32]), &session("a")));
        assert_ne!(tag, Tag::of_session(&seed, &session("b")));
        assert_ne!(tag, Tag::of_session(&other, &session("a")));
        assert_ne!(tag, Tag::of_credential(&seed, &credential("a")));
        assert_eq!(Tag(0xab).to_string(), "00000000000000ab");
    }
}
