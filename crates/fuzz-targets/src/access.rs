//! Files of API keys, and keys as callers present them.

use spake_service::domain::access::{ApiKey, ApiKeys, Scopes};
use spake_service::domain::time::Timestamp;

/// A file that is accepted prints as one that means the same, opens to no key but those in it, and holds no key itself.
pub(crate) fn api_keys(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let keys = match ApiKeys::parse(text) {
        Ok(keys) => keys,
        Err(invalid) => {
            let told = invalid.to_string();
            assert!(!told.contains("spk_") && told.lines().count() == 1, "{told}");
            return false;
        }
    };
    let printed: String = keys.iter().map(|entry| format!("{entry}\n")).collect();
    assert_eq!(ApiKeys::parse(&printed).as_ref(), Ok(&keys), "{text}");
    assert!(!printed.contains("spk_"), "{text}");
    for entry in keys.iter() {
        assert!(entry.scopes != Scopes::NONE, "{text}");
        // Nobody knows what hashes to it, least of all who read the file.
        for guess in [hex::encode(entry.hash), text.to_owned()] {
            let key = ApiKey::parse(&format!("spk_{}_{guess}", entry.name)).expect("the form of a key");
            assert!(keys.verify(&key, Timestamp::from_millis(0)).is_none(), "{text}");
        }
    }
    true
}
