//! `POST /spake/initiate`, `/spake/exchange`, `/spake/confirm`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::domain::pairing::{Initiated, PairingError};
use crate::domain::ports::StoreError;
use crate::domain::session::Outcome;
use crate::http::App;
use crate::http::error::ApiError;
use crate::http::fields;
use crate::http::kdf::KdfDescriptor;
use crate::http::payload::{Payload, is_falsy};

#[derive(Serialize)]
pub(in crate::http) struct InitiateResponse {
    session_id: String,
    public_key: String,
    status: &'static str,
    protocol: &'static str,
    server_id: String,
    client_id: String,
    context: String,
    kdf: KdfDescriptor,
    expires_at: String,
    expires_in: u64,
}

#[derive(Serialize)]
pub(in crate::http) struct OutcomeResponse {
    session_id: String,
    status: &'static str,
    confirmed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_confirmation: Option<String>,
    shared_secret: String,
}

pub(in crate::http) async fn initiate(
    State(app): State<App>,
    mut payload: Payload,
) -> Result<Json<InitiateResponse>, ApiError> {
    const REQUIRED: &str = "session_id and password are required";
    let given_id = payload.take("session_id");
    let [password] = payload.required(["password"], REQUIRED)?;
    let session_id = match given_id {
        Some(value) if is_falsy(&value) => {
            return Err(ApiError::bad_request("missing_field", REQUIRED));
        }
        Some(value) => Some(fields::session_id(&value)?),
        None => None,
    };
    let client_id = fields::client_id(payload.take("client_id"))?;
    let initiated = app.pairing.initiate(session_id, fields::password(password)?, client_id).await;
    match initiated {
        Ok(initiated) => Ok(Json(initiated.into())),
        Err(PairingError::Store(StoreError::OutcomeUnknown(_))) => Err(ApiError::initiation_unknown()),
        Err(error) => Err(error.into()),
    }
}

pub(in crate::http) async fn exchange(
    State(app): State<App>,
    mut payload: Payload,
) -> Result<Json<OutcomeResponse>, ApiError> {
    let [session_id, share] = payload
        .required(["session_id", "client_public_key"], "session_id and client_public_key are required")?;
    let session_id = fields::session_id(&session_id)?;
    let share = fields::client_public_key(&share);
    let confirmation = payload
        .take("client_confirmation")
        .filter(|value| !value.is_null())
        .map(|value| fields::client_confirmation(&value))
        .transpose();
    let outcome = app.pairing.exchange(&session_id, share, confirmation).await?;
    Ok(Json(OutcomeResponse::new(session_id.to_string(), &outcome)))
}

pub(in crate::http) async fn confirm(
    State(app): State<App>,
    mut payload: Payload,
) -> Result<Json<OutcomeResponse>, ApiError> {
    let [session_id, confirmation] = payload
        .required(["session_id", "client_confirmation"], "session_id and client_confirmation are required")?;
    let session_id = fields::session_id(&session_id)?;
    let confirmation = fields::client_confirmation(&confirmation);
    let outcome = app.pairing.confirm(&session_id, confirmation).await?;
    Ok(Json(OutcomeResponse::new(session_id.to_string(), &outcome)))
}

impl From<Initiated> for InitiateResponse {
    fn from(initiated: Initiated) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            session_id: initiated.session_id.to_string(),
            public_key: hex::encode(initiated.share.as_bytes()),
            status: "initiated",
            protocol: "spake2",
            server_id: text(initiated.setting.identity_b()),
            client_id: text(initiated.setting.identity_a()),
            context: text(initiated.setting.context()),
            kdf: KdfDescriptor::new(&initiated.kdf, &initiated.setting.salt()),
            expires_at: initiated.lifetime.expires.to_string(),
            expires_in: initiated.lifetime.expires.since(initiated.lifetime.created).as_secs(),
        }
    }
}

impl OutcomeResponse {
    fn new(session_id: String, outcome: &Outcome) -> Self {
        let server_confirmation = outcome.server_confirmation().map(|cb| hex::encode(cb.as_bytes()));
        Self {
            session_id,
            status: "completed",
            confirmed: server_confirmation.is_some(),
            server_confirmation,
            // Without API keys every caller may see it, confirmed or not: the guard lets in this machine only.
            shared_secret: hex::encode(outcome.shared_secret().expose()),
        }
    }
}
