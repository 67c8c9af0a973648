//! The envelope: `version(1) ‖ len(key id)(1) ‖ key id ‖ nonce(24) ‖ XChaCha20-Poly1305(record)`.
//!
//! The associated data binds an envelope to its place, so that nobody who can write to the store can move what is
//! sealed to another id, keyspace or purpose. The nonce is random for every seal; at 24 bytes it never repeats, and it
//! makes every envelope unique, which is how a store may recognise its own write.

use std::sync::{Arc, PoisonError, RwLock};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::key_ring::{InvalidKeyRing, KeyRing, StateKey, is_id};
use crate::domain::random::random_bytes;

const VERSION: u8 = 1;
const NONCE_LEN: usize = 24;

/// What an envelope is for; a sealed record of one purpose never opens as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A session between two requests.
    Session,
    /// A credential.
    Credential,
    /// A fact that all sessions of a store share.
    KeyspaceFact,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Session => b"session",
            Self::Credential => b"credential",
            Self::KeyspaceFact => b"keyspace fact",
        }
    }
}

/// Why an envelope did not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It was sealed under a key that is not on the ring.
    #[error(
        "sealed under state key `{0}`, which is not among SPAKE_STATE_KEYS; add it at the end of the list"
    )]
    RetiredKey(String),
    /// It is not an envelope, was altered, or was made for another place.
    #[error("the sealed record was altered, moved, or is not one of ours")]
    Corrupt,
}

/// Seals and opens records of one keyspace.
pub struct Sealer {
    ring: RwLock<Arc<KeyRing>>,
    prefix: Box<str>,
}

impl Sealer {
    /// A sealer for the keyspace called `prefix`.
    pub fn new(ring: KeyRing, prefix: &str) -> Self {
        Self { ring: RwLock::new(Arc::new(ring)), prefix: prefix.into() }
    }

    /// Takes other keys from now on, unless one of them has the name of another that is in use: what that one sealed
    /// would not open any more, and nothing would say why.
    pub fn replace_ring(&self, ring: KeyRing) -> Result<(), InvalidKeyRing> {
        let mut current = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = ring.renamed(&current) {
            return Err(InvalidKeyRing::Renamed(id.to_owned()));
        }
        *current = Arc::new(ring);
        Ok(())
    }

    /// The name of the key that seals.
    pub fn sealing_key_id(&self) -> String {
        self.ring().sealing_key().id.to_string()
    }

    /// The names of all keys, that of the one that seals first.
    pub fn key_ids(&self) -> Vec<String> {
        self.ring().ids().map(str::to_owned).collect()
    }

    /// Whether an envelope was sealed under the key that seals now.
    pub fn is_current(&self, envelope: &[u8]) -> bool {
        split(envelope).is_some_and(|(key_id, ..)| key_id == &*self.ring().sealing_key().id)
    }

    fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Seals `record` for the place `purpose`, `id` under the first key.
    pub fn seal(&self, purpose: Purpose, id: &str, record: &[u8]) -> Vec<u8> {
        let ring = self.ring();
        let StateKey { id: key_id, key } = ring.sealing_key();
        let nonce = random_bytes::<NONCE_LEN>();
        let aad = self.associated_data(purpose, key_id, id);
        let sealed = XChaCha20Poly1305::new((&**key).into())
            .encrypt(&XNonce::from(nonce), Payload { msg: record, aad: &aad })
            // XChaCha20-Poly1305 fails for messages of 256 GiB and more only; an empty envelope never opens.
            .unwrap_or_default();
        let mut envelope = Vec::with_capacity(2 + key_id.len() + NONCE_LEN + sealed.len());
        envelope.push(VERSION);
        envelope.push(u8::try_from(key_id.len()).unwrap_or(u8::MAX));
        envelope.extend_from_slice(key_id.as_bytes());
        envelope.extend_from_slice(&nonce);
        envelope.extend_from_slice(&sealed);
        envelope
    }

    /// Opens what [`Self::seal`] made for the same place.
    pub fn open(&self, purpose: Purpose, id: &str, envelope: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (key_id, nonce, sealed) = split(envelope).ok_or(OpenError::Corrupt)?;
        let ring = self.ring();
        let key = ring.find(key_id).ok_or_else(|| OpenError::RetiredKey(key_id.to_owned()))?;
        let aad = self.associated_data(purpose, key_id, id);
        XChaCha20Poly1305::new((&*key.key).into())
            .decrypt(&XNonce::from(nonce), Payload { msg: sealed, aad: &aad })
            .map(Zeroizing::new)
            .map_err(|_| OpenError::Corrupt)
    }

    fn associated_data(&self, purpose: Purpose, key_id: &str, id: &str) -> Vec<u8> {
        let parts: [&[u8]; 5] =
            [purpose.label(), &[VERSION], key_id.as_bytes(), self.prefix.as_bytes(), id.as_bytes()];
        let mut aad = Vec::with_capacity(parts.iter().map(|part| 8 + part.len()).sum());
        for part in parts {
            aad.extend_from_slice(&(part.len() as u64).to_le_bytes());
            aad.extend_from_slice(part);
        }
        aad
    }
}

fn split(envelope: &[u8]) -> Option<(&str, [u8; NONCE_LEN], &[u8])> {
    let (&version, rest) = envelope.split_first()?;
    let (&id_len, rest) = rest.split_first()?;
    let (key_id, rest) = rest.split_at_checked(usize::from(id_len))?;
    let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>()?;
    if version != VERSION {
        return None;
    }
    // What cannot be the name of a key must not get into the log as one.
    let key_id = std::str::from_utf8(key_id).ok().filter(|id| is_id(id))?;
    Some((key_id, *nonce, sealed))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const A: &str = "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const B: &str = "b:HxwdHh8AAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRo=";

    fn sealer(keys: &str, prefix: &str) -> Sealer {
        Sealer::new(KeyRing::parse(keys).unwrap(), prefix)
    }

    #[test]
    fn what_one_replica_seals_another_opens() {
        let envelope = sealer(A, "spake").seal(Purpose::Session, "s1", b"record");
        let other = sealer(&format!("{B},{A}"), "spake");
        assert_eq!(*other.open(Purpose::Session, "s1", &envelope).unwrap(), b"record");
    }

    #[test]
    fn nothing_moved_to_another_place_opens() {
        let ours = sealer(A, "spake");
        let envelope = ours.seal(Purpose::Session, "s1", b"record");
        let corrupt = Err(OpenError::Corrupt);
        assert_eq!(ours.open(Purpose::Session, "s2", &envelope), corrupt);
        assert_eq!(ours.open(Purpose::KeyspaceFact, "s1", &envelope), corrupt);
        assert_eq!(sealer(A, "other").open(Purpose::Session, "s1", &envelope), corrupt);
        // The same key under another name: the name is bound too.
        let renamed = sealer(&A.replacen('a', "b", 1), "spake");
        let mut moved = envelope;
        moved[2] = b'b';
        assert_eq!(renamed.open(Purpose::Session, "s1", &moved), corrupt);
    }

    #[test]
    fn keys_are_replaced_while_others_seal_and_open() {
        let ours = sealer(A, "spake");
        let old = ours.seal(Purpose::Session, "s1", b"record");
        assert!(ours.is_current(&old));
        ours.replace_ring(KeyRing::parse(&format!("{B},{A}")).unwrap()).unwrap();
        assert!(!ours.is_current(&old));
        assert_eq!(*ours.open(Purpose::Session, "s1", &old).unwrap(), b"record");
        let new = ours.seal(Purpose::Session, "s1", b"record");
        assert!(ours.is_current(&new) && sealer(A, "spake").open(Purpose::Session, "s1", &new).is_err());
    }

    #[test]
    fn a_record_under_a_retired_key_names_the_key() {
        let envelope = sealer(A, "spake").seal(Purpose::Session, "s1", b"record");
        let error = sealer(B, "spake").open(Purpose::Session, "s1", &envelope).unwrap_err();
        assert_eq!(error, OpenError::RetiredKey("a".into()));
    }

    #[test]
    fn what_is_no_name_of_a_key_is_not_repeated() {
        let mut envelope = sealer(A, "spake").seal(Purpose::Session, "s1", b"record");
        envelope[2] = b'\n';
        let error = sealer(A, "spake").open(Purpose::Session, "s1", &envelope).unwrap_err();
        assert_eq!(error, OpenError::Corrupt);
    }

    #[test]
    fn the_record_cannot_be_read_from_the_envelope_and_no_two_are_alike() {
        let ours = sealer(A, "spake");
        let record = b"a rather long and very secret record";
        let one = ours.seal(Purpose::Session, "s1", record);
        assert_ne!(one, ours.seal(Purpose::Session, "s1", record));
        assert!(!one.windows(8).any(|window| record.windows(8).any(|plain| plain == window)));
    }

    proptest! {
        #[test]
        fn any_changed_byte_is_noticed(index in 0usize..60, flip in 1u8..=255) {
            let ours = sealer(A, "spake");
            let mut envelope = ours.seal(Purpose::Session, "s1", b"some record");
            let index = index % envelope.len();
            envelope[index] ^= flip;
            prop_assert!(ours.open(Purpose::Session, "s1", &envelope).is_err());
        }

        #[test]
        fn no_bytes_make_it_crash(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(sealer(A, "spake").open(Purpose::Session, "s1", &bytes).is_err());
        }
    }
}
