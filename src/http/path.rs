//! Ids in paths.

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use super::error::ApiError;
use crate::domain::ids::{CredentialId, SessionId};

/// The `{id}` of a route, percent-decoded.
pub(super) struct PathId<T>(pub(super) T);

/// What an id in a path may name.
pub(super) trait Named: Sized {
    /// The id, or what to answer when it is none.
    fn named(text: &str) -> Result<Self, ApiError>;
}

/// An id that no session can have is simply one that is not there.
impl Named for SessionId {
    fn named(text: &str) -> Result<Self, ApiError> {
        Self::parse(text).map_err(|_| ApiError::session_not_found())
    }
}

/// Credentials are made by their path, so what is wrong with an id is said.
impl Named for CredentialId {
    fn named(text: &str) -> Result<Self, ApiError> {
        Self::parse(text).map_err(|invalid| {
            ApiError::bad_request("invalid_credential_id", format!("The credential id in the path {invalid}"))
        })
    }
}

impl<T: Named, S: Send + Sync> FromRequestParts<S> for PathId<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(text)) => T::named(&text).map(Self),
            Err(PathRejection::FailedToDeserializePathParams(_)) => {
                Err(ApiError::bad_request("invalid_path", "The id in the path is not percent-encoded UTF-8"))
            }
            Err(error) => Err(ApiError::internal(error.to_string())),
        }
    }
}
