//! How a repeated request is recognised without keeping the request.

use subtle::ConstantTimeEq;

use crate::domain::ids::SessionId;
use crate::domain::keyspace::Seed;

/// HMAC-SHA256 under the keyspace seed over one request: endpoint, session and decoded fields, each length-prefixed.
/// *Identical* requests are those with equal fingerprints. Keyed, so that it tells someone who reads a record nothing
/// about the fields.
#[derive(Debug, Clone, Copy)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a request to `endpoint` about `session`; an absent field is an empty one.
    pub fn new(seed: &Seed, endpoint: &str, session: &SessionId, fields: &[&[u8]]) -> Self {
        let head = [endpoint.as_bytes(), session.as_str().as_bytes()];
        Self(seed.mac("request fingerprint", &[&head[..], fields].concat()))
    }

    /// A fingerprint read back from a record.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both are of the identical request.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_identical_request_has_the_same_fingerprint() {
        let (seed, other_seed) = (Seed::from_bytes([1; 32]), Seed::from_bytes([2; 32]));
        let id = |text| SessionId::parse(text).unwrap();
        let of = |seed, endpoint, session: &SessionId, fields: &[&[u8]]| {
            Fingerprint::new(seed, endpoint, session, fields)
        };
        let reference = of(&seed, "exchange", &id("s"), &[b"ab", b"c"]);
        assert!(reference.matches(&of(&seed, "exchange", &id("s"), &[b"ab", b"c"])));
        for other in [
            of(&other_seed, "exchange", &id("s"), &[b"ab", b"c"]),
            of(&seed, "confirm", &id("s"), &[b"ab", b"c"]),
            of(&seed, "exchange", &id("t"), &[b"ab", b"c"]),
            of(&seed, "exchange", &id("s"), &[b"a", b"bc"]),
            of(&seed, "exchange", &id("s"), &[b"ab"]),
            of(&seed, "exchange", &id("s"), &[b"ab", b""]),
        ] {
            assert!(!reference.matches(&other));
        }
    }
}
