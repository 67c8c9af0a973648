//! Request bodies: JSON objects of at most 16 KiB.
//!
//! Read through [`serde_json::Value`], so that duplicate keys (the last wins), unknown fields and values of the wrong
//! type meet our own rules and sentences instead of a deserializer's.

use axum::extract::{FromRequest, Request};
use serde_json::{Map, Value};

use super::arrival::Arrived;
use super::audit::Trail;
use super::error::ApiError;

/// The fields of a request.
pub(super) struct Payload {
    fields: Map<String, Value>,
    trail: Trail,
}

impl<S: Sync> FromRequest<S> for Payload {
    type Rejection = ApiError;

    async fn from_request(mut request: Request, _: &S) -> Result<Self, ApiError> {
        let trail = Trail::of(request.extensions())?.clone();
        let arrived = request.extensions_mut().remove::<Arrived>();
        let Arrived(body) = arrived.ok_or_else(|| ApiError::internal("no body was read".to_owned()))?;
        let body = body?;
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
