//! Session ids in paths.

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use super::error::ApiError;
use crate::domain::ids::SessionId;

/// The `{id}` of a route, percent-decoded. An id that no session can have is simply one that is not there.
pub(super) struct PathId(pub(super) SessionId);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(text)) => SessionId::parse(&text).map(Self).map_err(|_| ApiError::session_not_found()),
            Err(PathRejection::FailedToDeserializePathParams(_)) => {
                Err(ApiError::bad_request("invalid_path", "The id in the path is not percent-encoded UTF-8"))
            }
            Err(error) => Err(ApiError::internal(error.to_string())),
        }
    }
}
