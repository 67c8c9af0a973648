//! The state keys: the first seals, all open.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::domain::random::random_bytes;

const KEY_LEN: usize = 32;
const MAX_ID_LEN: usize = 32;

/// Why a list of state keys was refused. No message carries key material: entries are named by position or id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeyRing {
    /// Nothing in it.
    #[error("contains no key; `spake-service keygen` prints one")]
    Empty,
    /// An entry without a colon.
    #[error("has an entry {0} that is not of the form id:base64, as `spake-service keygen` prints it")]
    Form(usize),
    /// An id with other characters, or too long.
    #[error(
        "has an entry {0} whose id is none: it must be 1 to 32 characters out of A-Z, a-z, 0-9, '.', '_' and '-'"
    )]
    Id(usize),
    /// Not base64 of 32 bytes.
    #[error("has a key `{0}` that is not the base64 form of 32 bytes")]
    Key(String),
    /// Another key under the id of one that is in use.
    #[error(
        "has another key under the id `{0}` than before: give it an id of its own (`spake-service keygen --id`), or what was sealed under the first does not open any more"
    )]
    Renamed(String),
    /// Two entries with one id.
    #[error("has the id `{0}` twice; `spake-service keygen --id` gives a key another")]
    Duplicate(String),
}

/// One symmetric key and the public name that envelopes carry.
pub(super) struct StateKey {
    pub(super) id: Box<str>,
    pub(super) key: Zeroizing<[u8; KEY_LEN]>,
}

/// The state keys of this process, in the operator's order.
pub struct KeyRing {
    sealing: StateKey,
    opening: Vec<StateKey>,
}

impl KeyRing {
    /// Parses `id:base64(32 bytes)` entries separated by commas or line ends; empty entries and lines that begin with
    /// `#` are skipped.
    pub fn parse(text: &str) -> Result<Self, InvalidKeyRing> {
        let mut keys: Vec<StateKey> = Vec::new();
        let entries = text
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'))
            .flat_map(|line| line.split(','))
            .map(str::trim)
            .filter(|entry| !entry.is_empty());
        for (index, entry) in entries.enumerate() {
            let key = parse_entry(entry, index + 1)?;
            if keys.iter().any(|other| other.id == key.id) {
                return Err(InvalidKeyRing::Duplicate(key.id.into()));
            }
            keys.push(key);
        }
        let mut keys = keys.into_iter();
        let sealing = keys.next().ok_or(InvalidKeyRing::Empty)?;
        Ok(Self { sealing, opening: keys.collect() })
    }

    /// A ring of one random key that nobody else ever holds: for a store that does not outlive this process.
    pub fn ephemeral() -> Self {
        let sealing = StateKey { id: "ephemeral".into(), key: Zeroizing::new(random_bytes()) };
        Self { sealing, opening: Vec::new() }
    }

    pub(super) fn sealing_key(&self) -> &StateKey {
        &self.sealing
    }

    pub(super) fn find(&self, id: &str) -> Option<&StateKey> {
        self.keys().find(|key| &*key.id == id)
    }

    /// The names of the keys, in their order.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.keys().map(|key| &*key.id)
    }

    /// The id of a key that `before` has under it with other bytes.
    pub(super) fn renamed(&self, before: &Self) -> Option<&str> {
        let is_another = |key: &&StateKey| {
            before.find(&key.id).is_some_and(|known| !bool::from(known.key.ct_eq(&*key.key)))
        };
        self.keys().find(is_another).map(|key| &*key.id)
    }

    fn keys(&self) -> impl Iterator<Item = &StateKey> {
        std::iter::once(&self.sealing).chain(&self.opening)
    }
}

/// A fresh entry for `SPAKE_STATE_KEYS` under the name `id`.
pub fn generate_key_line(id: &str) -> Result<Zeroizing<String>, InvalidKeyRing> {
    check_id(id, 1)?;
    let key = Zeroizing::new(random_bytes::<KEY_LEN>());
    let encoded = Zeroizing::new(STANDARD.encode(*key));
    Ok(Zeroizing::new(format!("{id}:{}", *encoded)))
}

fn parse_entry(entry: &str, position: usize) -> Result<StateKey, InvalidKeyRing> {
    let (id, encoded) = entry.split_once(':').ok_or(InvalidKeyRing::Form(position))?;
    check_id(id, position)?;
    let mut key = Zeroizing::new([0; KEY_LEN]);
    let decoded = Zeroizing::new(STANDARD.decode(encoded.trim()).unwrap_or_default());
    if decoded.len() != KEY_LEN {
        return Err(InvalidKeyRing::Key(id.to_owned()));
    }
    key.copy_from_slice(&decoded);
    Ok(StateKey { id: id.into(), key })
}

fn check_id(id: &str, position: usize) -> Result<(), InvalidKeyRing> {
    if is_id(id) { Ok(()) } else { Err(InvalidKeyRing::Id(position)) }
}

/// Whether a key may be called so.
pub(super) fn is_id(id: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=MAX_ID_LEN).contains(&id.len()) && id.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const B: &str = "b:HxwdHh8AAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRo=";

    #[test]
    fn the_first_key_seals_and_all_open() {
        for text in [format!("{A},{B}"), format!("# ours\n{A}\n\n{B}\n"), format!(" {A} ,\r\n{B},")] {
            let ring = KeyRing::parse(&text).unwrap();
            assert_eq!(&*ring.sealing_key().id, "a");
            assert!(ring.find("a").is_some() && ring.find("b").is_some() && ring.find("c").is_none());
        }
    }

    #[test]
    fn a_bad_entry_is_named_without_its_key() {
        let err = |text: &str| KeyRing::parse(text).err().unwrap();
        assert_eq!(err(""), InvalidKeyRing::Empty);
        assert_eq!(err(" ,\n# none\n"), InvalidKeyRing::Empty);
        assert_eq!(err("AAECAwQF"), InvalidKeyRing::Form(1));
        assert_eq!(err(&format!("{A},b c:AA==")), InvalidKeyRing::Id(2));
        assert_eq!(err(&format!("{}:AA==", "x".repeat(33))), InvalidKeyRing::Id(1));
        assert_eq!(err("short:AAECAwQF"), InvalidKeyRing::Key("short".into()));
        assert_eq!(err("text:not base64!"), InvalidKeyRing::Key("text".into()));
        assert_eq!(err(&format!("{A},{A}")), InvalidKeyRing::Duplicate("a".into()));
    }

    #[test]
    fn a_generated_line_parses_and_is_never_the_same() {
        let (one, two) = (generate_key_line("k1").unwrap(), generate_key_line("k1").unwrap());
        assert_ne!(*one, *two);
        assert!(KeyRing::parse(&one).is_ok());
        assert!(generate_key_line("no spaces").is_err());
    }
}
