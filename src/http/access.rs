//! API keys at the edge: who makes a request, and what its handler asks of that caller.
//!
//! A handler names the permission that it takes in its signature, so that a missing check is visible there; without
//! [`identify`] around it, it answers nobody.

use std::marker::PhantomData;
use std::ops::Deref;

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use super::audit::Trail;
use super::error::ApiError;
use crate::domain::access::{Access, Caller, Scope, UnknownKey};
use crate::domain::audit::Who;
use crate::domain::time::Timestamp;

/// Something that a caller may do with any one of some scopes.
pub(super) trait Permission: Send + Sync + 'static {
    /// The scopes.
    const ANY_OF: &[Scope];
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident: $($scope:ident)|+;)+) => {
        $(
            $(#[$doc])*
            pub(super) struct $name;

            impl Permission for $name {
                const ANY_OF: &[Scope] = &[$(Scope::$scope),+];
            }
        )+
    };
}

permissions! {
    Initiate: SessionInitiate;
    Exchange: SessionExchange;
    Confirm: SessionExchange | Login;
    ReadSession: SessionRead;
    ReadSecret: SecretRead;
    /// Who may open sessions may remove its own; the use case knows whose they are.
    RemoveSession: SessionAdmin | SessionInitiate;
    ListSessions: SessionAdmin;
    /// Who logs in, and who registers for others.
    ReadKdf: Login | CredentialWrite;
    LogIn: Login;
    ReadCredentials: CredentialRead;
    WriteCredentials: CredentialWrite;
}

/// A caller that has the permission `P`.
pub(super) struct May<P> {
    caller: Caller,
    permission: PhantomData<P>,
}

impl<P> Deref for May<P> {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

/// Who makes a request, in its extensions.
#[derive(Clone)]
pub(super) struct Identified(pub(super) Result<Caller, UnknownKey>);

/// Finds out who makes a request. A key that is wrong is refused by the handler, after what limits how often an address
/// may try one.
pub(super) fn identify(access: &Access, request: &mut Request) {
    let caller = caller(access, request.headers());
    if let Some(trail) = request.extensions().get::<Trail>() {
        trail.note_caller(who(&caller));
    }
    request.extensions_mut().insert(Identified(caller));
}

fn caller(access: &Access, headers: &HeaderMap) -> Result<Caller, UnknownKey> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let key = match (given.next(), given.next()) {
        (None, _) => None,
        (Some(value), None) => Some(value.to_str().ok().and_then(bearer).unwrap_or_default()),
        // Whoever is in front may have read the other.
        (Some(_), Some(_)) => return Err(UnknownKey),
    };
    access.identify(key, Timestamp::wall())
}

/// The name within a wrong key is anybody's claim.
fn who(caller: &Result<Caller, UnknownKey>) -> Who {
    match caller {
        Ok(Caller { key: Some(name), .. }) => Who::Key(name.clone()),
        Ok(Caller { key: None, .. }) => Who::Anonymous,
        Err(_) => Who::UnknownKey,
    }
}

/// The token of `Bearer <token>`; the scheme is in any case (RFC 9110, section 11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

impl<P: Permission, S: Sync> FromRequestParts<S> for May<P> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let nobody_asked = || ApiError::internal("nobody asked who the caller is".to_owned());
        let Identified(caller) = parts.extensions.get::<Identified>().cloned().ok_or_else(nobody_asked)?;
        let caller = caller.map_err(|UnknownKey| ApiError::unknown_key())?;
        if P::ANY_OF.iter().any(|scope| caller.may(*scope)) {
            Ok(Self { caller, permission: PhantomData })
        } else if caller.key.is_some() {
            Err(ApiError::missing_scope(P::ANY_OF))
        } else {
            Err(ApiError::missing_key(P::ANY_OF))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bearer_token_is_a_key() {
        assert_eq!(bearer("Bearer spk_a_b"), Some("spk_a_b"));
        assert_eq!(bearer("bearer  spk_a_b "), Some("spk_a_b"));
        for other in ["", "Bearer", "spk_a_b", "Basic spk_a_b", "Bearer:spk_a_b"] {
            assert_eq!(bearer(other), None, "{other}");
        }
    }
}
