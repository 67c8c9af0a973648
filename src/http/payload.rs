//! Request bodies: JSON objects of at most 16 KiB.
//!
//! Read through [`serde_json::Value`], so that duplicate keys (the last wins), unknown fields and values of the wrong
//! type meet our own rules and sentences instead of a deserializer's.

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use serde_json::{Map, Value};
use tokio::time::timeout;

use super::App;
use super::audit::Trail;
use super::error::ApiError;

/// The longest body, in bytes.
const MAX_LEN: usize = 16 * 1024;

/// The fields of a request.
pub(super) struct Payload {
    fields: Map<String, Value>,
    trail: Trail,
}

impl FromRequest<App> for Payload {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let trail = Trail::of(request.extensions())?.clone();
        check_headers(request.headers())?;
        let body = timeout(app.request_timeout, read(request)).await;
        let body = body.map_err(|_| ApiError::request_timeout())??;
        match serde_json::from_slice(&body) {
            Ok(value) if is_falsy(&value) => {
                Err(ApiError::bad_request("no_payload", "No JSON payload provided"))
            }
            Ok(Value::Object(fields)) => Ok(Self { fields, trail }),
            Ok(_) => Err(ApiError::bad_request("not_an_object", "The JSON payload must be an object")),
            // The parser's own message quotes the body, which may hold a password.
            Err(error) => Err(ApiError::bad_request(
                "malformed_json",
                format!("The request body is not JSON: see line {}, column {}", error.line(), error.column()),
            )),
        }
    }
}

impl Payload {
    /// Takes the field `name`; `None` if it is absent.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.fields.remove(name)
    }

    /// Where what a request is about is noted.
    pub(super) const fn trail(&self) -> &Trail {
        &self.trail
    }

    /// Takes the fields `names`, all of which must be there and hold something.
    pub(super) fn required<const N: usize>(
        &mut self,
        names: [&str; N],
        sentence: &'static str,
    ) -> Result<[Value; N], ApiError> {
        let values = names.map(|name| self.take(name).unwrap_or_default());
        if values.iter().any(is_falsy) {
            return Err(ApiError::bad_request("missing_field", sentence));
        }
        Ok(values)
    }
}

/// What Python calls false; the service's predecessor took all of these for "not there", and its callers know.
pub(super) fn is_falsy(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(truth) => !truth,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
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
    Ok(())
}

async fn read(request: Request) -> Result<Bytes, ApiError> {
    // Judged by its announcement where there is one, so that nobody sends a long body in vain.
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced =
        announced.and_then(|length| length.to_str().ok()).and_then(|length| length.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MAX_LEN as u64) {
        return Err(ApiError::payload_too_large());
    }
    to_bytes(request.into_body(), MAX_LEN).await.map_err(|error| {
        let too_long = std::error::Error::source(&error)
            .is_some_and(|source| source.is::<http_body_util::LengthLimitError>());
        if too_long {
            ApiError::payload_too_large()
        } else {
            ApiError::bad_request("incomplete_body", "The request body ended before it was complete")
        }
    })
}
