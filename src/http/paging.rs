//! `limit`, `cursor`, and whatever else a listing is asked with.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;

use super::error::ApiError;
use crate::domain::ports::Cursor;

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1000;

/// Where a listing begins, how long a page is, and the other parameters.
pub(super) struct Paging {
    pub(super) limit: usize,
    pub(super) cursor: Option<Cursor>,
    pub(super) others: HashMap<String, String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Paging {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Query(mut query) = Query::<HashMap<String, String>>::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::bad_request("invalid_query", "The query string is not readable"))?;
        let limit = query.remove("limit").map_or(Ok(DEFAULT_LIMIT), |text| limit(&text))?;
        Ok(Self { limit, cursor: query.remove("cursor").map(Cursor), others: query })
    }
}

fn limit(text: &str) -> Result<usize, ApiError> {
    text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit)).ok_or_else(|| {
        ApiError::bad_request("invalid_limit", format!("limit must be a number from 1 to {MAX_LIMIT}"))
    })
}
