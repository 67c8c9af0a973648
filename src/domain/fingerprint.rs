//! How a repeated request is recognised without keeping the request.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

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
        let mut mac = <Hmac<Sha256> as KeyInit>::new((&*block(seed)).into());
        let head: [&[u8]; 3] = [b"request fingerprint", endpoint.as_bytes(), session.as_str().as_bytes()];
        for part in head.iter().chain(fields) {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        Self(mac.finalize().into_bytes().into())
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

/// The seed as a whole HMAC block: HMAC itself pads a shorter key with zeros (RFC 2104, section 2).
fn block(seed: &Seed) -> Zeroizing<[u8; 64]> {
    let mut block = Zeroizing::new([0; 64]);
    for (padded, byte) in block.iter_mut().zip(seed.expose()) {
        *padded = *byte;
    }
    block
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
