//! `If-Match` and `If-None-Match`.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};

use super::error::ApiError;
use crate::domain::ports::{Condition, Generation};

/// What must be so for a write to happen.
pub(super) struct Conditional(pub(super) Condition);

impl<S: Send + Sync> FromRequestParts<S> for Conditional {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let of = |name| single(&parts.headers, &name);
        match (of(header::IF_MATCH)?, of(header::IF_NONE_MATCH)?) {
            (None, None) => Ok(Self(Condition::Always)),
            (None, Some("*")) => Ok(Self(Condition::Absent)),
            (Some(etag), None) => generation(etag).map(|generation| Self(Condition::Is(generation))),
            _ => Err(ApiError::invalid_condition()),
        }
    }
}

fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, ApiError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| ApiError::invalid_condition()),
        (Some(_), Some(_)) => Err(ApiError::invalid_condition()),
    }
}

/// The `ETag` of an answer of ours.
fn generation(etag: &str) -> Result<Generation, ApiError> {
    let quoted = etag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    // As we print it: `from_str_radix` would take a sign.
    let is_ours = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let digits = quoted.filter(|digits| digits.len() == 16 && digits.chars().all(is_ours));
    let digits = digits.ok_or_else(ApiError::invalid_condition)?;
    u64::from_str_radix(digits, 16).map(Generation).map_err(|_| ApiError::invalid_condition())
}
