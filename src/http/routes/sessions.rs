//! `GET /spake/status/{id}`, `GET /spake/secret/{id}`, `DELETE /spake/cleanup/{id}`, `GET /spake/sessions`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::ids::SessionId;
use crate::domain::ports::{Cursor, Listed};
use crate::domain::session::{Protocol, Status};
use crate::domain::sessions::{Client, ConfirmedSecret};
use crate::http::App;
use crate::http::access::{ListSessions, May, ReadSecret, ReadSession, RemoveSession};
use crate::http::error::ApiError;
use crate::http::openapi::schemas;
use crate::http::paging::Paging;
use crate::http::path::PathId;

#[derive(Serialize, ToSchema)]
pub(in crate::http) struct StatusResponse {
    #[schema(value_type = schemas::SessionId)]
    session_id: String,
    #[schema(value_type = schemas::Status)]
    status: &'static str,
    confirmed: bool,
    #[schema(value_type = schemas::Protocol)]
    protocol: &'static str,
    #[schema(value_type = schemas::Time)]
    created_at: String,
    #[schema(value_type = schemas::Time)]
    expires_at: String,
}

#[derive(Serialize, ToSchema)]
pub(in crate::http) struct SecretResponse {
    #[schema(value_type = schemas::SessionId)]
    session_id: String,
    #[schema(value_type = schemas::SharedSecret)]
    shared_secret: String,
    #[schema(value_type = schemas::Protocol)]
    protocol: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// Whose login it is.
    #[schema(value_type = schemas::CredentialId, required = false)]
    credential_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// Whom the pairing was opened for.
    #[schema(value_type = schemas::ClientId, required = false)]
    client_id: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(in crate::http) struct CleanupResponse {
    #[schema(value_type = schemas::SessionId)]
    session_id: String,
    message: &'static str,
}

#[derive(Serialize, ToSchema)]
pub(in crate::http) struct SessionsResponse {
    active_sessions: u64,
    sessions: Vec<StatusResponse>,
    #[schema(required)]
    next_cursor: Option<String>,
}

pub(in crate::http) async fn status(
    State(app): State<App>,
    caller: May<ReadSession>,
    PathId(id): PathId<SessionId>,
) -> Result<Json<StatusResponse>, ApiError> {
    let state = app.sessions.status(&id, &caller).await?;
    Ok(Json(Listed { id, summary: state.summary, lifetime: state.lifetime }.into()))
}

pub(in crate::http) async fn secret(
    State(app): State<App>,
    caller: May<ReadSecret>,
    PathId(id): PathId<SessionId>,
) -> Result<Json<SecretResponse>, ApiError> {
    let ConfirmedSecret { secret, client } = app.sessions.secret(&id, &caller).await?;
    let (protocol, credential_id, client_id) = match client {
        Client::Pairing(client) => (Protocol::Spake2, None, Some(client.as_str().to_owned())),
        // Always: a backend compares it with who it thinks logs in.
        Client::Login(credential) => (Protocol::Spake2Plus, Some(credential.to_string()), None),
    };
    Ok(Json(SecretResponse {
        session_id: id.to_string(),
        shared_secret: hex::encode(secret.expose()),
        protocol: protocol.name(),
        credential_id,
        client_id,
    }))
}

pub(in crate::http) async fn cleanup(
    State(app): State<App>,
    caller: May<RemoveSession>,
    PathId(id): PathId<SessionId>,
) -> Result<Json<CleanupResponse>, ApiError> {
    app.sessions.cleanup(&id, &caller).await?;
    Ok(Json(CleanupResponse { session_id: id.to_string(), message: "Session cleaned up successfully" }))
}

pub(in crate::http) async fn list(
    State(app): State<App>,
    _: May<ListSessions>,
    paging: Paging,
) -> Result<Json<SessionsResponse>, ApiError> {
    let status = paging.others.get("status").map(|text| status_filter(text)).transpose()?;
    let listing = app.sessions.list(paging.cursor.as_ref(), paging.limit, status).await?;
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
            status: listed.summary.status.name(),
            confirmed: listed.summary.confirmed,
            protocol: listed.summary.protocol.name(),
            created_at: listed.lifetime.created.to_string(),
            expires_at: listed.lifetime.expires.to_string(),
        }
    }
}

fn status_filter(text: &str) -> Result<Status, ApiError> {
    Status::named(text).ok_or_else(|| {
        ApiError::bad_request("invalid_status", "status must be initiated, completed or failed")
    })
}
