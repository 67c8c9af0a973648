//! `POST /spake/initiate`, `/spake/exchange`, `/spake/confirm`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::access::Caller;
use crate::domain::pairing::Initiated;
use crate::domain::ports::StoreError;
use crate::domain::refusal::ServiceError;
use crate::domain::session::{Confirmation, Parties};
use crate::domain::sessions::Stepped;
use crate::http::App;
use crate::http::access::{Confirm, Exchange, Initiate, May};
use crate::http::error::ApiError;
use crate::http::fields;
use crate::http::kdf::KdfDescriptor;
use crate::http::openapi::schemas;
use crate::http::payload::{Payload, is_falsy};

#[derive(Serialize, ToSchema)]
pub(in crate::http) struct InitiateResponse {
    #[schema(value_type = schemas::SessionId)]
    session_id: String,
    /// pB.
    #[schema(value_type = schemas::Point)]
    public_key: String,
    #[schema(value_type = schemas::Status)]
    status: &'static str,
    #[schema(value_type = schemas::Protocol)]
    protocol: &'static str,
    server_id: String,
    client_id: String,
    context: String,
    kdf: KdfDescriptor,
    #[schema(value_type = schemas::Time)]
    expires_at: String,
    /// Seconds.
    expires_in: u64,
}

#[derive(Serialize, ToSchema)]
pub(in crate::http) struct OutcomeResponse {
    #[schema(value_type = schemas::SessionId)]
    session_id: String,
    #[schema(value_type = schemas::Status)]
    status: &'static str,
    confirmed: bool,
    /// cB of a pairing, once the client is confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = schemas::Confirmation, required = false)]
    server_confirmation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = schemas::SharedSecret, required = false)]
    shared_secret: Option<String>,
}

pub(in crate::http) async fn initiate(
    State(app): State<App>,
    caller: May<Initiate>,
    mut payload: Payload,
) -> Result<Json<InitiateResponse>, ApiError> {
    const REQUIRED: &str = "session_id and password are required";
    let given_id = payload.take("session_id");
    let [password] = payload.required(["password"], REQUIRED)?;
    let session_id = match given_id {
        Some(value) if is_falsy(&value) => {
            return Err(ApiError::bad_request("missing_field", REQUIRED));
        }
        Some(value) => Some(fields::new_session_id(&value, payload.trail())?),
        None => None,
    };
    let client_id = fields::client_id(payload.take("client_id"))?;
    let parties = Parties { owner: caller.as_owner(), client_id };
    let initiated = app.pairing.initiate(session_id, fields::password(password)?, parties).await;
    match initiated {
        Ok(initiated) => {
            payload.trail().note_session(&initiated.session_id);
            Ok(Json(initiated.into()))
        }
        Err(ServiceError::Store(StoreError::OutcomeUnknown(cause))) => {
            Err(ApiError::initiation_unknown(cause))
        }
        Err(error) => Err(error.into()),
    }
}

pub(in crate::http) async fn exchange(
    State(app): State<App>,
    caller: May<Exchange>,
    mut payload: Payload,
) -> Result<Json<OutcomeResponse>, ApiError> {
    let [session_id, share] = payload
        .required(["session_id", "client_public_key"], "session_id and client_public_key are required")?;
    let session_id = fields::session_id(&session_id, payload.trail())?;
    let share = fields::client_public_key(&share);
    let confirmation = payload
        .take("client_confirmation")
        .filter(|value| !value.is_null())
        .map(|value| fields::client_confirmation(&value).map(|Confirmation(bytes)| bytes.into()))
        .transpose();
    let stepped = app.pairing.exchange(&session_id, share, confirmation).await?;
    Ok(Json(OutcomeResponse::new(session_id.to_string(), &stepped, &caller)))
}

pub(in crate::http) async fn confirm(
    State(app): State<App>,
    caller: May<Confirm>,
    mut payload: Payload,
) -> Result<Json<OutcomeResponse>, ApiError> {
    let [session_id, confirmation] = payload
        .required(["session_id", "client_confirmation"], "session_id and client_confirmation are required")?;
    let session_id = fields::session_id(&session_id, payload.trail())?;
    let confirmation = fields::client_confirmation(&confirmation);
    let stepped = app.sessions.confirm(&session_id, &caller, confirmation).await?;
    Ok(Json(OutcomeResponse::new(session_id.to_string(), &stepped, &caller)))
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
    fn new(session_id: String, stepped: &Stepped, caller: &Caller) -> Self {
        let server_confirmation = stepped.outcome.server_confirmation();
        Self {
            session_id,
            status: "completed",
            confirmed: stepped.outcome.is_confirmed(),
            server_confirmation: server_confirmation.map(|confirmation| hex::encode(confirmation.as_bytes())),
            shared_secret: stepped.secret_for(caller).map(|secret| hex::encode(secret.expose())),
        }
    }
}
