//! Who may call the service, and what they may do: API keys with scopes, and callers without a key.

mod api_key;
mod keys_file;
mod origins;
mod scope;

use std::sync::{PoisonError, RwLock};

pub use self::api_key::{ApiKey, InvalidKeyName, KeyName, NewKey};
pub use self::keys_file::{ApiKeys, InvalidKeysFile, KeyEntry};
pub use self::origins::{InvalidOrigin, Origins};
pub use self::scope::{Scope, Scopes, UnknownScope};
use crate::domain::time::Timestamp;

/// Whose requests are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Those made on this machine, while there are no API keys.
    Loopback,
    /// Everyone's: there are API keys, or the operator said so.
    Everyone,
}

/// Who may call, and what each caller may do.
pub struct Access {
    reach: Reach,
    /// `None`: there are none, and everyone is anonymous.
    keys: Option<RwLock<ApiKeys>>,
    anonymous: Scopes,
    origins: Origins,
}

/// A key was presented that is unknown or has expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownKey;

impl Access {
    /// Everyone within `reach` may do what `anonymous` allows.
    pub const fn without_keys(reach: Reach, anonymous: Scopes) -> Self {
        Self { reach, keys: None, anonymous, origins: Origins::Nobodys }
    }

    /// Callers with one of `keys` may do what it allows, all others what `anonymous` does.
    pub const fn with_keys(keys: ApiKeys, anonymous: Scopes) -> Self {
        Self { reach: Reach::Everyone, keys: Some(RwLock::new(keys)), anonymous, origins: Origins::Nobodys }
    }

    /// The same, and pages of `origins` may call.
    #[must_use]
    pub fn from_pages_of(self, origins: Origins) -> Self {
        Self { origins, ..self }
    }

    /// The sites whose pages may call.
    pub const fn origins(&self) -> &Origins {
        &self.origins
    }

    /// Whose requests are looked at.
    pub const fn reach(&self) -> Reach {
        self.reach
    }

    /// How many keys there are; `None` when everyone is anonymous.
    pub fn key_count(&self) -> Option<usize> {
        let keys = self.keys.as_ref()?.read().unwrap_or_else(PoisonError::into_inner);
        Some(keys.iter().count())
    }

    /// How many of them are not accepted any more.
    pub fn expired_keys(&self, now: Timestamp) -> usize {
        let Some(keys) = &self.keys else { return 0 };
        let keys = keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.iter().filter(|entry| !entry.is_accepted_at(now)).count()
    }

    /// What a caller without a key may do.
    pub const fn anonymous(&self) -> Scopes {
        self.anonymous
    }

    /// Whether whoever reaches the service may use it without any key: the operator said so.
    pub const fn is_open_to_everyone(&self) -> bool {
        self.keys.is_none() && matches!(self.reach, Reach::Everyone)
    }

    /// Who presents `key`, or nothing, at the time `now`. A key that is wrong is no caller without a key: whoever sent
    /// it should learn that. Without any keys there is none to be wrong.
    pub fn identify(&self, key: Option<&str>, now: Timestamp) -> Result<Caller, UnknownKey> {
        match (key, &self.keys) {
            (Some(text), Some(keys)) => {
                let key = ApiKey::parse(text).ok_or(UnknownKey)?;
                keys.read().unwrap_or_else(PoisonError::into_inner).verify(&key, now).ok_or(UnknownKey)
            }
            (None, _) | (_, None) => Ok(Caller { key: None, scopes: self.anonymous }),
        }
    }

    /// Takes `keys` in place of those so far; a service that was started without keys stays so.
    pub fn replace_keys(&self, new: ApiKeys) {
        if let Some(keys) = &self.keys {
            *keys.write().unwrap_or_else(PoisonError::into_inner) = new;
        }
    }
}

/// Who makes a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The key that was verified; `None` for a caller without one.
    pub key: Option<KeyName>,
    /// What this caller may do.
    pub scopes: Scopes,
}

/// Whose a pairing is: the key's that opened it; or, without one, that of callers without a key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Owner(pub Option<KeyName>);

impl Caller {
    /// Whether the caller may do what `scope` names.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(scope)
    }

    /// The owner of what this caller makes.
    pub fn as_owner(&self) -> Owner {
        Owner(self.key.clone())
    }
}

impl Owner {
    /// Whether `caller` may know that there is such a session: it is its own, or the caller administers all. A caller
    /// with a key does not see what somebody without one has opened, perhaps under an id that it has used itself.
    pub fn shows_to(&self, caller: &Caller) -> bool {
        self.0 == caller.key || caller.may(Scope::SessionAdmin)
    }

    /// Whether `caller` may remove it: its own, or any as an administrator.
    pub fn is_removable_by(&self, caller: &Caller) -> bool {
        (self.0.is_some() && self.0 == caller.key) || caller.may(Scope::SessionAdmin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(key: Option<&str>, scopes: &str) -> Caller {
        Caller { key: key.map(|name| KeyName::parse(name).unwrap()), scopes: scopes.parse().unwrap() }
    }

    #[test]
    fn a_wrong_key_is_nobody_and_no_key_is_an_anonymous_caller() {
        let key = NewKey::generate(&KeyName::parse("a").unwrap());
        let line = format!("a {} session:read,login\n", hex::encode(key.hash()));
        let access = Access::with_keys(ApiKeys::parse(&line).unwrap(), Scopes::NONE);
        let identify = |text| access.identify(text, Timestamp::from_millis(0));
        assert_eq!(identify(Some(key.expose())), Ok(caller(Some("a"), "session:read,login")));
        assert_eq!(identify(None), Ok(caller(None, "")));
        for wrong in ["", "x", &key.expose()[..40]] {
            assert_eq!(identify(Some(wrong)), Err(UnknownKey), "{wrong}");
        }
        let next = NewKey::generate(&KeyName::parse("a").unwrap());
        access.replace_keys(ApiKeys::parse(&format!("a {} login\n", hex::encode(next.hash()))).unwrap());
        assert_eq!(identify(Some(key.expose())), Err(UnknownKey));
        assert_eq!(identify(Some(next.expose())), Ok(caller(Some("a"), "login")));
    }

    #[test]
    fn a_session_shows_to_its_owner_and_to_administrators() {
        let a = caller(Some("a"), "session:read");
        let nobody = caller(None, "session:read");
        assert!(a.as_owner().shows_to(&a));
        assert!(!a.as_owner().shows_to(&caller(Some("b"), "session:read,secret:read")));
        assert!(!a.as_owner().shows_to(&nobody));
        assert!(a.as_owner().shows_to(&caller(Some("b"), "session:admin")));
        assert!(!nobody.as_owner().shows_to(&a), "a stranger's is not taken for one's own");
        assert!(nobody.as_owner().shows_to(&nobody));
        assert!(a.as_owner().is_removable_by(&a));
        assert!(!nobody.as_owner().is_removable_by(&nobody));
        assert!(!a.as_owner().is_removable_by(&caller(Some("b"), "session:read,secret:read")));
        assert!(nobody.as_owner().is_removable_by(&caller(None, "session:admin")));
    }
}
