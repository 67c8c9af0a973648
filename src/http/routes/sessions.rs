//! `GET /spake/status/{id}`, `GET /spake/secret/{id}`, `DELETE /spake/cleanup/{id}`, `GET /spake/sessions`.

use std::collections::HashMap;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::Serialize;

use super::status_name;
use crate::domain::ports::{Cursor, Listed};
use crate::domain::session::Status;
use crate::http::App;
use crate::http::error::ApiError;
use crate::http::path::PathId;

const PROTOCOL: &str = "spake2";
const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1000;

#[derive(Serialize)]
pub(in crate::http) struct StatusResponse {
    session_id: String,
    status: &'static str,
    confirmed: bool,
    protocol: &'static str,
    created_at: String,
    expires_at: String,
}

#[derive(Serialize)]
pub(in crate::http) struct SecretResponse {
    session_id: String,
    shared_secret: String,
    protocol: &'static str,
    client_id: String,
}

#[derive(Serialize)]
pub(in crate::http) struct CleanupResponse {
    session_id: String,
    message: &'static str,
}

#[derive(Serialize)]
pub(in crate::http) struct SessionsResponse {
    active_sessions: u64,
    sessions: Vec<StatusResponse>,
    next_cursor: Option<String>,
}

pub(in crate::http) async fn status(
    State(app): State<App>,
    PathId(id): PathId,
) -> Result<Json<StatusResponse>, ApiError> {
    let state = app.pairing.status(&id).await?;
    Ok(Json(Listed { id, summary: state.summary, lifetime: state.lifetime }.into()))
}

pub(in crate::http) async fn secret(
    State(app): State<App>,
    PathId(id): PathId,
) -> Result<Json<SecretResponse>, ApiError> {
    let secret = app.pairing.secret(&id).await?;
    Ok(Json(SecretResponse {
        session_id: id.to_string(),
        shared_secret: hex::encode(secret.shared_secret().expose()),
        protocol: PROTOCOL,
        client_id: secret.client_id().as_str().to_owned(),
    }))
}

pub(in crate::http) async fn cleanup(
    State(app): State<App>,
    PathId(id): PathId,
) -> Result<Json<CleanupResponse>, ApiError> {
    app.pairing.cleanup(&id).await?;
    Ok(Json(CleanupResponse { session_id: id.to_string(), message: "Session cleaned up successfully" }))
}

pub(in crate::http) async fn list(
    State(app): State<App>,
    query: Result<Query<HashMap<String, String>>, QueryRejection>,
) -> Result<Json<SessionsResponse>, ApiError> {
    let Query(query) =
        query.map_err(|_| ApiError::bad_request("invalid_query", "The query string is not readable"))?;
    let limit = query.get("limit").map_or(Ok(DEFAULT_LIMIT), |text| limit(text))?;
    let status = query.get("status").map(|text| status_filter(text)).transpose()?;
    let cursor = query.get("cursor").cloned().map(Cursor);
    let listing = app.pairing.sessions(cursor.as_ref(), limit, status).await?;
    Ok(Json(SessionsResponse {
        active_sessions: listing.active,
        sessions: listing.page.sessions.into_iter().map(StatusResponse::from).collect(),
        next_cursor: listing.page.next.map(|Cursor(text)| text),
    }))
}

impl From<Listed> for StatusResponse {
    fn from(listed: Listed) -> Self {
        Self {
            session_id: listed.id.to_string(),
            status: status_name(listed.summary.status),
            confirmed: listed.summary.confirmed,
            protocol: PROTOCOL,
            created_at: listed.lifetime.created.to_string(),
            expires_at: listed.lifetime.expires.to_string(),
        }
    }
}

fn limit(text: &str) -> Result<usize, ApiError> {
    text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit)).ok_or_else(|| {
        ApiError::bad_request("invalid_limit", format!("limit must be a number from 1 to {MAX_LIMIT}"))
    })
}

fn status_filter(text: &str) -> Result<Status, ApiError> {
    [Status::Initiated, Status::Completed, Status::Failed]
        .into_iter()
        .find(|status| status_name(*status) == text)
        .ok_or_else(|| {
            ApiError::bad_request("invalid_status", "status must be initiated, completed or failed")
        })
}
