//! `POST /spake/login`.

use axum::extract::State;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::accounts::LoggedIn;
use crate::domain::session::{Protocol, Status};
use crate::http::App;
use crate::http::access::{LogIn, May};
use crate::http::client_address::ClientAddress;
use crate::http::error::ApiError;
use crate::http::fields;
use crate::http::openapi::schemas;
use crate::http::payload::Payload;

#[derive(Serialize, ToSchema)]
pub(in crate::http) struct LoginResponse {
    #[schema(value_type = schemas::SessionId)]
    session_id: String,
    /// shareV.
    #[schema(value_type = schemas::Point)]
    public_key: String,
    /// confirmV.
    #[schema(value_type = schemas::Confirmation)]
    server_confirmation: String,
    #[schema(value_type = schemas::Protocol)]
    protocol: &'static str,
    #[schema(value_type = schemas::Status)]
    status: &'static str,
    confirmed: bool,
    #[schema(value_type = schemas::Time)]
    expires_at: String,
    /// Seconds.
    expires_in: u64,
}

pub(in crate::http) async fn login(
    State(app): State<App>,
    caller: May<LogIn>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    mut payload: Payload,
) -> Result<Json<LoginResponse>, ApiError> {
    let [id, share] = payload.required(
        ["credential_id", "client_public_key"],
        "credential_id and client_public_key are required",
    )?;
    let id = fields::credential_id(&id, payload.trail())?;
    // Whoever has a key logs in others, from one address.
    let address = caller.key.is_none().then_some(address);
    let logged_in = app.accounts.login(&id, fields::prover_share(&share), address).await?;
    payload.trail().note_session(&logged_in.session_id);
    Ok(Json(logged_in.into()))
}

impl From<LoggedIn> for LoginResponse {
    fn from(LoggedIn { session_id, answered, lifetime }: LoggedIn) -> Self {
        Self {
            session_id: session_id.to_string(),
            public_key: hex::encode(answered.share_v),
            server_confirmation: hex::encode(answered.confirm_v),
            protocol: Protocol::Spake2Plus.name(),
            status: Status::Completed.name(),
            confirmed: false,
            expires_at: lifetime.expires.to_string(),
            expires_in: lifetime.expires.since(lifetime.created).as_secs(),
        }
    }
}
