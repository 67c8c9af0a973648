//! The one shape of every error: `{"error": sentence, "code": slug, "request_id": …}`.
//!
//! A sentence says what was wrong and what to do; it is fixed text or names a field. Causes go to the log, once, and
//! never to the caller.

use std::borrow::Cow;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::openapi;
use crate::domain::access::Scope;
use crate::domain::ports::{ListError, StoreError};
use crate::domain::refusal::{Malformed, Refusal, ServiceError};

/// Seconds after which a caller that met an overload or an absent store may try again.
const RETRY_AFTER: u64 = 1;

/// An error on its way out; [`super::context`] gives it its body.
#[derive(Debug, Clone)]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) sentence: Cow<'static, str>,
    /// For the log.
    pub(super) cause: Option<String>,
    /// Seconds after which the same request may succeed.
    pub(super) retry_after: Option<u64>,
}

/// The body of an error.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(super) struct ErrorBody<'a> {
    /// What was wrong, and what to do; sentences may be improved.
    error: &'a str,
    /// Stable.
    #[schema(schema_with = openapi::failures::any_code)]
    code: &'a str,
    /// Also in the header `X-Request-Id`, and in the log.
    request_id: &'a str,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, sentence: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, sentence: sentence.into(), cause: None, retry_after: None }
    }

    pub(super) fn bad_request(code: &'static str, sentence: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, sentence)
    }

    pub(super) fn endpoint_not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "endpoint_not_found", "Endpoint not found")
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed")
    }

    pub(super) fn session_not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "session_not_found", "Session not found")
    }

    pub(super) fn credential_not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "credential_not_found", "Credential not found")
    }

    pub(super) fn invalid_condition() -> Self {
        let sentence = "If-None-Match may be *, or If-Match the ETag of an earlier answer; one of them, once";
        Self::bad_request("invalid_condition", sentence)
    }

    fn too_many_guesses(frees_in: Duration) -> Self {
        let sentence =
            "Too many passwords were tried for this credential; try again after the time in Retry-After";
        // Rounded up: when it is over, one is free.
        let seconds = frees_in.as_millis().div_ceil(1000).max(1) as u64;
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_guesses", sentence);
        Self { retry_after: Some(seconds), ..error }
    }

    pub(super) fn rate_limited(seconds: u64) -> Self {
        let sentence = "This caller asks too often; try again after the time in Retry-After, and then no faster \
                        than the RateLimit headers say";
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", sentence);
        Self { retry_after: Some(seconds), ..error }
    }

    pub(super) fn too_many_in_flight() -> Self {
        let sentence = "The service has as many requests in work as it takes on; try again after the time in Retry-After";
        Self::unavailable("overloaded", sentence, None)
    }

    pub(super) fn request_timeout() -> Self {
        let sentence = "The request body did not arrive in time; nothing was changed";
        Self::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", sentence)
    }

    pub(super) fn payload_too_large() -> Self {
        let sentence = "The request body is longer than 16 KiB; no request of this API needs that much";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", sentence)
    }

    pub(super) fn unsupported_encoding() -> Self {
        let sentence = "The request body must not be compressed: send it without Content-Encoding";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_encoding", sentence)
    }

    pub(super) fn ambiguous_host() -> Self {
        Self::bad_request("ambiguous_host", "The request must have one Host header, and has several")
    }

    pub(super) fn foreign_request() -> Self {
        let sentence = "This service has no API keys and answers only requests made on this machine: a Host of \
                        localhost, 127.0.0.1 or [::1], no page of another site, and no Forwarded, X-Forwarded-*, Via \
                        or X-Real-IP header. To open it to \
                        others, give it API keys (SPAKE_API_KEYS_FILE), or start it with --insecure-no-auth";
        Self::new(StatusCode::FORBIDDEN, "foreign_request", sentence)
    }

    pub(super) fn unknown_key() -> Self {
        let sentence =
            "The API key is unknown or has expired; send one key, as `Authorization: Bearer spk_…`";
        Self::new(StatusCode::UNAUTHORIZED, "unknown_api_key", sentence)
    }

    pub(super) fn missing_key(any_of: &[Scope]) -> Self {
        let sentence = format!(
            "This needs an API key with the scope {}; send it as `Authorization: Bearer spk_…`",
            names_of(any_of)
        );
        Self::new(StatusCode::UNAUTHORIZED, "missing_api_key", sentence)
    }

    pub(super) fn missing_scope(any_of: &[Scope]) -> Self {
        let sentence = format!(
            "The API key does not have the scope {}, which this needs; an operator can give it one in the keys file",
            names_of(any_of)
        );
        Self::new(StatusCode::FORBIDDEN, "missing_scope", sentence)
    }

    pub(super) fn internal(cause: String) -> Self {
        let sentence = "Internal server error; the service's log has the cause under this request_id";
        Self { cause: Some(cause), ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", sentence) }
    }

    /// A session that may or may not have been opened; `initiate` is not repeatable, so another is opened instead.
    pub(super) fn initiation_unknown(cause: String) -> Self {
        let sentence = "It is not known whether the session was opened, and its public key is lost: initiate another, \
                        with another session_id";
        Self::unavailable("outcome_unknown", sentence, Some(cause))
    }

    fn unavailable(code: &'static str, sentence: &'static str, cause: Option<String>) -> Self {
        Self {
            cause,
            retry_after: Some(RETRY_AFTER),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, code, sentence)
        }
    }

    pub(super) fn body<'a>(&'a self, request_id: &'a str) -> ErrorBody<'a> {
        ErrorBody { error: &self.sentence, code: self.code, request_id }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

fn names_of(scopes: &[Scope]) -> String {
    scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(" or ")
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Malformed(malformed) => malformed.into(),
            Refusal::NotFound => Self::session_not_found(),
            Refusal::AlreadyExists => {
                Self::new(StatusCode::CONFLICT, "session_exists", "Session already exists")
            }
            Refusal::InvalidStatus => Self::bad_request("invalid_session_status", "Invalid session status"),
            Refusal::NotConfirmed => Self::new(
                StatusCode::CONFLICT,
                "not_confirmed",
                "The session is not confirmed: the client must first send its client_confirmation",
            ),
            Refusal::ConfirmationFailed => Self::new(
                StatusCode::FORBIDDEN,
                "confirmation_failed",
                "The confirmation is wrong: the passwords differ. The session has ended; begin a new one",
            ),
            Refusal::NoCredential => Self::credential_not_found(),
            Refusal::Precondition => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "precondition_failed",
                "The credential is not in the state that If-Match or If-None-Match names; read it again",
            ),
            Refusal::OtherKdf => Self::bad_request(
                "other_kdf",
                "This service takes one kdf only: that of GET /spake/credentials/{id}/kdf (or set SPAKE_KDF_MIXED)",
            ),
            Refusal::TooManyGuesses(frees_in) => Self::too_many_guesses(frees_in),
        }
    }
}

impl From<Malformed> for ApiError {
    fn from(malformed: Malformed) -> Self {
        match malformed {
            Malformed::PublicKeyType => Self::bad_request(
                "invalid_public_key",
                "client_public_key must be a string of 130 hex digits",
            ),
            Malformed::PublicKeyHex => {
                Self::bad_request("invalid_hex", "Invalid hex format for client_public_key")
            }
            Malformed::PublicKey(invalid) => {
                Self::bad_request("invalid_public_key", format!("client_public_key is refused: {invalid}"))
            }
            Malformed::Confirmation => Self::bad_request(
                "invalid_confirmation",
                "client_confirmation must be a string of 64 hex digits; nothing was counted",
            ),
        }
    }
}

impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Refused(refusal) => refusal.into(),
            ServiceError::Overloaded => Self::unavailable(
                "overloaded",
                "Too many passwords are waiting to be stretched; try again after the time in Retry-After",
                None,
            ),
            ServiceError::Store(error) => error.into(),
            ServiceError::Internal(cause) => Self::internal(cause),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let cause = error.to_string();
        match error {
            StoreError::Unavailable(_) => Self::unavailable(
                "store_unavailable",
                "The session store does not answer and nothing was changed; try again after the time in Retry-After",
                Some(cause),
            ),
            StoreError::OutcomeUnknown(_) => Self::unavailable(
                "outcome_unknown",
                "It is not known whether this took effect; repeat the identical request to find out",
                Some(cause),
            ),
            StoreError::Corrupt(_) => Self::internal(cause),
        }
    }
}

impl From<ListError> for ApiError {
    fn from(error: ListError) -> Self {
        match error {
            ListError::BadCursor => Self::bad_request(
                "invalid_cursor",
                "cursor must be the next_cursor of an earlier answer; leave it out to begin at the start",
            ),
            ListError::Store(error) => error.into(),
        }
    }
}
