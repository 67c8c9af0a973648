//! Scopes: what a key allows, as `resource:action`.

use std::fmt;
use std::str::FromStr;

/// One thing that a caller may be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Open pairing sessions.
    SessionInitiate,
    /// Be the client of a pairing: exchange and confirm.
    SessionExchange,
    /// See where a session is in its life.
    SessionRead,
    /// List all sessions, and see and remove those of others.
    SessionAdmin,
    /// Get the shared secret of confirmed sessions.
    SecretRead,
    /// With it, get the secret before anyone has proved anything, as the predecessor's callers do.
    SecretUnconfirmed,
    /// Be the client of an account: its kdf, login and confirm.
    Login,
    /// See credentials' metadata and budgets.
    CredentialRead,
    /// Register, disable and remove credentials, and clear budgets.
    CredentialWrite,
}

impl Scope {
    /// All of them, as documents list them.
    pub const ALL: [Self; 9] = [
        Self::SessionInitiate,
        Self::SessionExchange,
        Self::SessionRead,
        Self::SessionAdmin,
        Self::SecretRead,
        Self::SecretUnconfirmed,
        Self::Login,
        Self::CredentialRead,
        Self::CredentialWrite,
    ];

    /// As keys files and the API spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SessionInitiate => "session:initiate",
            Self::SessionExchange => "session:exchange",
            Self::SessionRead => "session:read",
            Self::SessionAdmin => "session:admin",
            Self::SecretRead => "secret:read",
            Self::SecretUnconfirmed => "secret:unconfirmed",
            Self::Login => "login",
            Self::CredentialRead => "credential:read",
            Self::CredentialWrite => "credential:write",
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u16);

/// A word that is no scope. A long one is not repeated: it may be a key, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no scope; there are {all}", all = Scopes::ALL)]
pub struct UnknownScope(String);

impl UnknownScope {
    /// The longest word that is repeated; a key is longer.
    const MAX_LEN: usize = 32;

    fn new(word: &str) -> Self {
        Self(if word.len() > Self::MAX_LEN { "a long word".to_owned() } else { format!("{word:?}") })
    }
}

impl Scopes {
    /// No scope.
    pub const NONE: Self = Self(0);
    /// Every scope.
    pub const ALL: Self = Self((1 << Scope::ALL.len()) - 1);

    /// Whether `scope` is one of them.
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those that are also in `others`.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    /// Those that are not in `others`.
    #[must_use]
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// Each of them, in the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

/// Names separated by commas; nothing at all is no scope.
impl FromStr for Scopes {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        names
            .map(|name| {
                let scope = Scope::ALL.into_iter().find(|scope| scope.name() == name);
                scope.ok_or_else(|| UnknownScope::new(name))
            })
            .collect()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
            f.write_str(scope.name())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_what_it_is_printed_as() {
        for scope in Scope::ALL {
            let only: Scopes = scope.name().parse().unwrap();
            assert!(only.contains(scope));
            assert_eq!(only.to_string(), scope.name());
            assert!(!Scopes::ALL.without(only).contains(scope));
        }
        assert_eq!(Scopes::ALL.to_string().parse(), Ok(Scopes::ALL));
        assert_eq!("".parse(), Ok(Scopes::NONE));
        assert_eq!(" login , session:read".parse::<Scopes>().unwrap().to_string(), "session:read,login");
    }

    #[test]
    fn another_word_is_named_with_those_that_there_are() {
        let error = "login,root".parse::<Scopes>().unwrap_err().to_string();
        assert!(error.contains("\"root\"") && error.contains("session:initiate,"), "{error}");
        let error = "x".repeat(33).parse::<Scopes>().unwrap_err().to_string();
        assert!(!error.contains("xx"), "{error}");
    }
}
