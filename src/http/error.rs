//! The one shape of every error: `{"error": sentence, "code": slug, "request_id": …}`.
//!
//! A sentence says what was wrong and what to do; it is fixed text or names a field. Causes go to the log, once, and
//! never to the caller.

use std::borrow::Cow;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::domain::pairing::{Malformed, PairingError, Refusal};
use crate::domain::ports::{ListError, StoreError};

/// Seconds after which a caller that met an overload or an absent store may try again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// An error on its way out; [`super::context`] gives it its body.
#[derive(Debug, Clone)]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) sentence: Cow<'static, str>,
    /// For the log.
    pub(super) cause: Option<String>,
}

/// The body of an error.
#[derive(Serialize)]
pub(super) struct ErrorBody<'a> {
    error: &'a str,
    code: &'a str,
    request_id: &'a str,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, sentence: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, sentence: sentence.into(), cause: None }
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

    pub(super) fn payload_too_large() -> Self {
        let sentence = "The request body is longer than 16 KiB; no request of this API needs that much";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", sentence)
    }

    pub(super) fn unsupported_encoding() -> Self {
        let sentence = "The request body must not be compressed: send it without Content-Encoding";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_encoding", sentence)
    }

    pub(super) fn foreign_request() -> Self {
        let sentence = "This service has no API keys and answers only requests made on this machine: a Host of \
                        localhost, 127.0.0.1 or [::1], no page of another site, and no Forwarded, X-Forwarded-*, Via \
                        or X-Real-IP header. To open it to \
                        everyone, start it with --insecure-no-auth";
        Self::new(StatusCode::FORBIDDEN, "foreign_request", sentence)
    }

    pub(super) fn internal(cause: String) -> Self {
        let sentence = "Internal server error; the service's log has the cause under this request_id";
        Self { cause: Some(cause), ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", sentence) }
    }

    /// A session that may or may not have been opened; `initiate` is not repeatable, so another is opened instead.
    pub(super) fn initiation_unknown() -> Self {
        let sentence = "It is not known whether the session was opened, and its public key is lost: initiate another, \
                        with another session_id";
        Self::unavailable("outcome_unknown", sentence, None)
    }

    fn unavailable(code: &'static str, sentence: &'static str, cause: Option<String>) -> Self {
        Self { cause, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, code, sentence) }
    }

    pub(super) fn body<'a>(&'a self, request_id: &'a str) -> ErrorBody<'a> {
        ErrorBody { error: &self.sentence, code: self.code, request_id }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        response.extensions_mut().insert(self);
        response
    }
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
                "The confirmation is wrong: the passwords differ. The session has ended; initiate a new one",
            ),
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

impl From<PairingError> for ApiError {
    fn from(error: PairingError) -> Self {
        match error {
            PairingError::Refused(refusal) => refusal.into(),
            PairingError::Overloaded => Self::unavailable(
                "overloaded",
                "Too many passwords are waiting to be stretched; try again after the time in Retry-After",
                None,
            ),
            PairingError::Store(error) => error.into(),
            PairingError::Internal(cause) => Self::internal(cause),
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
