//! The keys file: one key a line, `name hash scopes [expires]`, separated by blanks; `#` begins a comment.

use std::collections::HashMap;
use std::fmt;

use subtle::ConstantTimeEq;

use super::{ApiKey, Caller, KeyName, Scopes};
use crate::domain::time::Timestamp;

/// A line of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyEntry {
    /// Whose it is; two lines may have one name, while one key takes over from the other.
    pub name: KeyName,
    /// SHA-256 of the key.
    pub hash: [u8; 32],
    /// What it allows.
    pub scopes: Scopes,
    /// From when on it is not accepted any more.
    pub expires: Option<Timestamp>,
}

/// The keys that are accepted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApiKeys {
    entries: HashMap<KeyName, Vec<KeyEntry>>,
}

/// What is wrong with a file. Never quotes it: a key may have been put where its hash belongs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeysFile {
    /// A line that does not parse.
    #[error("line {line}: {why}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// In words.
        why: String,
    },
    /// A last line without an end, which may be half of one: an expiry could be missing, or a scope.
    #[error("ends in the middle of a line; each line, the last too, has a line end")]
    Torn,
    /// A file without any key would lock everyone out, or, worse, be taken for "no keys".
    #[error("has no key in it; make one with `spake-service apikey new NAME --scopes …`")]
    Empty,
}

impl ApiKeys {
    /// Reads the text of a keys file.
    pub fn parse(text: &str) -> Result<Self, InvalidKeysFile> {
        if !text.is_empty() && !text.ends_with('\n') {
            return Err(InvalidKeysFile::Torn);
        }
        let mut keys = Self::default();
        for (index, line) in text.lines().enumerate() {
            let line = line.split_once('#').map_or(line, |(line, _)| line).trim();
            if line.is_empty() {
                continue;
            }
            let wrong = |why| InvalidKeysFile::Line { line: index + 1, why };
            let entry = KeyEntry::parse(line).map_err(wrong)?;
            let same_name = keys.entries.entry(entry.name.clone()).or_default();
            if same_name.iter().any(|other| other.hash == entry.hash) {
                return Err(wrong(format!("the key of {} is there twice", entry.name)));
            }
            same_name.push(entry);
        }
        if keys.entries.is_empty() { Err(InvalidKeysFile::Empty) } else { Ok(keys) }
    }

    /// Who presents `key` at the time `now`; `None` if it is unknown or has expired.
    ///
    /// The name, which is no secret, leads to the lines; their hashes are compared in constant time, all of them.
    pub fn verify(&self, key: &ApiKey, now: Timestamp) -> Option<Caller> {
        let entry = self.entry(key).filter(|entry| entry.is_accepted_at(now))?;
        Some(Caller { key: Some(entry.name.clone()), scopes: entry.scopes })
    }

    /// The line of `key`, expired or not.
    pub fn entry(&self, key: &ApiKey) -> Option<&KeyEntry> {
        let entries = self.entries.get(&key.name).map_or(&[][..], Vec::as_slice);
        let is_this = |entry: &&KeyEntry| bool::from(entry.hash.ct_eq(&key.hash));
        entries.iter().filter(is_this).fold(None, |found, entry| found.or(Some(entry)))
    }

    /// Every line, by name; those of one name as they stand in the file.
    pub fn iter(&self) -> impl Iterator<Item = &KeyEntry> {
        let mut entries: Vec<_> = self.entries.values().flatten().collect();
        entries.sort_by_key(|entry| &entry.name);
        entries.into_iter()
    }
}

impl KeyEntry {
    /// Whether it has not expired by `now`.
    pub fn is_accepted_at(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }

    fn parse(line: &str) -> Result<Self, String> {
        let words: Vec<_> = line.split_whitespace().collect();
        if words.iter().any(|word| ApiKey::resembles(word)) {
            return Err(
                "holds a key itself; the file keeps only its hash, as `apikey new` prints it".to_owned()
            );
        }
        let (name, hash, scopes, expires) = match *words {
            [name, hash, scopes] => (name, hash, scopes, None),
            [name, hash, scopes, expires] => (name, hash, scopes, Some(expires)),
            _ => return Err("must be `name hash scopes [expires]`".to_owned()),
        };
        let mut bytes = [0; 32];
        hex::decode_to_slice(hash, &mut bytes)
            .map_err(|_| "the hash must be 64 hex digits, the SHA-256 of the key".to_owned())?;
        let scopes: Scopes = scopes.parse().map_err(|unknown| format!("{unknown}"))?;
        if scopes.is_empty() {
            return Err("has no scope".to_owned());
        }
        let parse_time = |text| {
            Timestamp::parse(text).ok_or("the expiry must be a time such as 2027-01-31T00:00:00Z".to_owned())
        };
        Ok(Self {
            name: KeyName::parse(name).map_err(|invalid| invalid.to_string())?,
            hash: bytes,
            scopes,
            expires: expires.map(parse_time).transpose()?,
        })
    }
}

/// The line as it stands in the file.
impl fmt::Display for KeyEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.name, hex::encode(self.hash), self.scopes)?;
        self.expires.map_or(Ok(()), |expires| write!(f, " {expires}"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::access::{NewKey, Scope};

    fn entry(name: &str, key: &NewKey, expires: Option<u64>) -> KeyEntry {
        KeyEntry {
            name: KeyName::parse(name).unwrap(),
            hash: key.hash(),
            scopes: [Scope::Login].into_iter().collect(),
            expires: expires.map(Timestamp::from_millis),
        }
    }

    fn new(name: &str) -> NewKey {
        NewKey::generate(&KeyName::parse(name).unwrap())
    }

    #[test]
    fn a_key_is_known_by_its_whole_text_until_it_expires() {
        let (old, next, other) = (new("a"), new("a"), new("b"));
        let lines = [entry("a", &old, Some(5_000)), entry("a", &next, None), entry("b", &other, None)];
        let file = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        let keys = ApiKeys::parse(&format!("# ours\n\n{file}   # end\n")).unwrap();
        assert_eq!(keys.iter().count(), 3);
        let verify = |text: &str, now| keys.verify(&ApiKey::parse(text)?, Timestamp::from_millis(now));
        for key in [&old, &next] {
            let caller = verify(key.expose(), 4_999).unwrap();
            assert_eq!(caller.key.unwrap().as_str(), "a");
            assert!(caller.scopes.contains(Scope::Login) && !caller.scopes.contains(Scope::SecretRead));
        }
        assert!(verify(old.expose(), 5_000).is_none(), "expired");
        assert!(verify(next.expose(), u64::MAX).is_some());
        let secret = other.expose().rsplit_once("spk_b_").unwrap().1;
        for wrong in [format!("spk_a_{secret}"), format!("spk_c_{secret}"), format!("{}x", other.expose())] {
            assert!(verify(&wrong, 0).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_bad_line_is_named_by_its_number_and_never_quoted() {
        let hash = "ab".repeat(32);
        let key = new("a");
        for (bad, why) in [
            ("a".to_owned(), "name hash scopes"),
            (format!("a {hash}"), "name hash scopes"),
            (format!("a {hash} login 2027-01-01T00:00:00Z x"), "name hash scopes"),
            (format!("a_b {hash} login"), "name"),
            (format!("a {} login", &hash[1..]), "64 hex digits"),
            (format!("a {hash} ,"), "no scope"),
            (format!("a {hash} root"), "no scope"),
            (format!("a {hash} login tomorrow"), "expiry"),
            (format!("a {} login", key.expose()), "holds a key itself"),
        ] {
            let error = ApiKeys::parse(&format!("b {hash} login\n{bad}\n")).unwrap_err().to_string();
            assert!(error.starts_with("line 2: ") && error.contains(why), "{bad}: {error}");
            assert!(!error.contains(&hash[..8]) && !error.contains(key.expose()), "{error}");
        }
        let twice = format!("a {hash} login\na {hash} session:read\n");
        assert!(ApiKeys::parse(&twice).unwrap_err().to_string().contains("twice"));
        assert_eq!(ApiKeys::parse(twice.trim_end()), Err(InvalidKeysFile::Torn));
        for empty in ["", "\n", "# a comment\n"] {
            assert_eq!(ApiKeys::parse(empty), Err(InvalidKeysFile::Empty));
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_it_takes_it_prints(text in "([a-z.]{1,4} [0-9a-f]{64} (login|session:read)( 2027-01-01T00:00:00Z)?\n|\\PC{0,20}\n){0,4}") {
            if let Ok(keys) = ApiKeys::parse(&text) {
                let printed = keys.iter().map(|entry| format!("{entry}\n")).collect::<String>();
                prop_assert_eq!(ApiKeys::parse(&printed), Ok(keys));
            }
        }
    }
}
