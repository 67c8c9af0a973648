//! A request's body arrives before the request counts as work, so that slow senders take up no place of others.
//!
//! What is wrong with a body is told by [`super::payload`], when a handler asks for it: what is wrong with the path or
//! with other headers comes first.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, Method, header};
use tokio::task::unconstrained;
use tokio::time::timeout;

use super::error::ApiError;

/// The longest body, in bytes.
const MAX_LEN: usize = 16 * 1024;

/// A request's body, or what was wrong with it, in its extensions.
#[derive(Clone)]
pub(super) struct Arrived(pub(super) Result<Bytes, ApiError>);

/// The request with its body read, if it takes one.
pub(super) async fn arrived(patience: Duration, request: Request) -> Request {
    if !takes_a_body(&request) {
        return request;
    }
    let (mut parts, body) = request.into_parts();
    let arrived = match check_headers(&parts.headers) {
        // Unconstrained, or a sender that is never slow would use up what the connection's task may do at a time
        // before the clock is asked.
        Ok(()) => unconstrained(timeout(patience, read(body)))
            .await
            .unwrap_or_else(|_| Err(ApiError::request_timeout())),
        Err(error) => Err(error),
    };
    parts.extensions.insert(Arrived(arrived));
    Request::from_parts(parts, Body::empty())
}

fn takes_a_body(request: &Request) -> bool {
    matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH)
        && request.extensions().get::<MatchedPath>().is_some()
}

fn check_headers(headers: &HeaderMap) -> Result<(), ApiError> {
    if let Some(encoding) = headers.get(header::CONTENT_ENCODING)
        && !encoding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        return Err(ApiError::unsupported_encoding());
    }
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let (media_type, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    let media_type = media_type.trim().to_ascii_lowercase();
    let is_json = media_type == "application/json"
        || (media_type.starts_with("application/") && media_type.ends_with("+json"));
    if !is_json {
        let sentence = "The Content-Type must be application/json";
        return Err(ApiError::bad_request("wrong_content_type", sentence));
    }
    for (name, value) in parameters.split(';').filter_map(|parameter| parameter.split_once('=')) {
        let charset = value.trim().trim_matches('"');
        if name.trim().eq_ignore_ascii_case("charset")
            && !charset.eq_ignore_ascii_case("utf-8")
            && !charset.eq_ignore_ascii_case("utf8")
        {
            return Err(ApiError::bad_request("unsupported_charset", "The charset of JSON must be utf-8"));
        }
    }
    // Judged by its announcement where there is one, so that nobody sends a long body in vain.
    let announced = headers.get(header::CONTENT_LENGTH);
    let announced =
        announced.and_then(|length| length.to_str().ok()).and_then(|length| length.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MAX_LEN as u64) {
        return Err(ApiError::payload_too_large());
    }
    Ok(())
}

async fn read(body: Body) -> Result<Bytes, ApiError> {
    to_bytes(body, MAX_LEN).await.map_err(|error| {
        let too_long = std::error::Error::source(&error)
            .is_some_and(|source| source.is::<http_body_util::LengthLimitError>());
        if too_long {
            ApiError::payload_too_large()
        } else {
            ApiError::bad_request("incomplete_body", "The request body ended before it was complete")
        }
    })
}
