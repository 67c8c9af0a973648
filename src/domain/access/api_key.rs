//! API keys: `spk_<name>_<secret>`. The secret has 256 random bits, so that its SHA-256 is all that need be kept.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::domain::random::random_bytes;

const PREFIX: &str = "spk_";

/// The name of a key: 1 to 64 characters out of a–z, A–Z, 0–9, `.` and `-`. It is no secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyName(Arc<str>);

/// Why a name was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key's name is 1 to 64 characters out of A-Z, a-z, 0-9, '.' and '-'")]
pub struct InvalidKeyName;

impl KeyName {
    /// The longest name, in bytes.
    pub const MAX_LEN: usize = 64;

    /// Checks `text` against the rules above.
    pub fn parse(text: &str) -> Result<Self, InvalidKeyName> {
        // No underscore: it ends the name within a key.
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        if text.is_empty() || text.len() > Self::MAX_LEN || !text.chars().all(allowed) {
            return Err(InvalidKeyName);
        }
        Ok(Self(text.into()))
    }

    /// The name as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key as a caller presents it: its name, and the hash of the whole.
pub struct ApiKey {
    pub(super) name: KeyName,
    pub(super) hash: [u8; 32],
}

impl ApiKey {
    /// Takes `text` for a key, if it has the form of one.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let name = KeyName::parse(name).ok()?;
        (!secret.is_empty()).then(|| Self { name, hash: Sha256::digest(text).into() })
    }

    /// Whether `text` is, or begins like, a key.
    pub fn resembles(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// `text` without the keys in it: somebody may have put one where a name or a file belongs.
    pub fn redact(text: &str) -> String {
        let mut parts = text.split(PREFIX);
        let mut redacted = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let is_of_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            let rest = part.trim_start_matches(is_of_key);
            redacted.push_str(PREFIX);
            redacted.push_str(if rest.len() < part.len() { "…" } else { "" });
            redacted.push_str(rest);
        }
        redacted
    }

    /// The name within it.
    pub fn name(&self) -> &KeyName {
        &self.name
    }
}

/// A key that nobody has yet.
pub struct NewKey {
    text: Zeroizing<String>,
    hash: [u8; 32],
}

impl NewKey {
    /// Draws a key for `name`.
    pub fn generate(name: &KeyName) -> Self {
        let secret =
            Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(Zeroizing::new(random_bytes::<32>()).as_slice()));
        let text = Zeroizing::new(format!("{PREFIX}{name}_{}", *secret));
        Self { hash: Sha256::digest(text.as_bytes()).into(), text }
    }

    /// The key itself, to be shown once.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Its SHA-256, to be kept.
    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_is_parsed_with_its_name_and_hash() {
        for name in ["a", "back.end-2", &"x".repeat(64)] {
            let name = KeyName::parse(name).unwrap();
            let new = NewKey::generate(&name);
            let key = ApiKey::parse(new.expose()).unwrap();
            assert_eq!((key.name(), key.hash), (&name, new.hash()));
            assert_ne!(NewKey::generate(&name).hash(), new.hash());
        }
    }

    #[test]
    fn what_is_redacted_holds_no_key_and_all_else() {
        let key = NewKey::generate(&KeyName::parse("back.end").unwrap());
        let text = format!("`{0}`, {0}: spk_<name>_<secret>", key.expose());
        assert_eq!(ApiKey::redact(&text), "`spk_…`, spk_…: spk_<name>_<secret>");
        assert_eq!(ApiKey::redact("nothing"), "nothing");
    }

    #[test]
    fn other_text_is_no_key() {
        for text in ["", "spk_", "spk__x", "spk_a", "spk_a_", "SPK_a_x", "spk_a b_x", "Bearer spk_a_x"] {
            assert!(ApiKey::parse(text).is_none(), "{text}");
        }
        for name in ["", "a_b", "a b", "ä", &"x".repeat(65)] {
            assert!(KeyName::parse(name).is_err(), "{name}");
        }
    }
}
