//! `/spake/credentials`: registration, metadata, removal, and the budget of guesses.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::domain::accounts::{Material, Metadata, Registration, SaltedKdf};
use crate::domain::ids::CredentialId;
use crate::domain::ports::{Condition, Cursor, Generation, ListedCredential};
use crate::http::App;
use crate::http::access::{May, ReadCredentials, ReadKdf, WriteCredentials};
use crate::http::conditions::Conditional;
use crate::http::error::ApiError;
use crate::http::fields;
use crate::http::kdf::{KdfDescriptor, parse_kdf};
use crate::http::openapi::schemas;
use crate::http::paging::Paging;
use crate::http::path::PathId;
use crate::http::payload::Payload;

#[derive(Serialize, ToSchema)]
pub(in crate::http) struct KdfResponse {
    kdf: KdfDescriptor,
    server_id: String,
    context: String,
}

#[derive(Serialize, ToSchema)]
pub(in crate::http) struct CredentialResponse {
    #[schema(value_type = schemas::CredentialId)]
    credential_id: String,
    kdf: KdfDescriptor,
    kdf_is_current: bool,
    disabled: bool,
    #[schema(value_type = schemas::Time)]
    created_at: String,
    #[schema(value_type = schemas::Time)]
    updated_at: String,
}

#[derive(Serialize, ToSchema)]
pub(in crate::http) struct RemovedResponse {
    #[schema(value_type = schemas::CredentialId)]
    credential_id: String,
    message: &'static str,
}

#[derive(Serialize, ToSchema)]
pub(in crate::http) struct CredentialsResponse {
    credentials: Vec<CredentialLine>,
    #[schema(required)]
    next_cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct CredentialLine {
    #[schema(value_type = schemas::CredentialId)]
    credential_id: String,
    disabled: bool,
    #[schema(value_type = schemas::Time)]
    created_at: String,
    #[schema(value_type = schemas::Time)]
    updated_at: String,
}

#[derive(Serialize, ToSchema)]
pub(in crate::http) struct GuessesResponse {
    #[schema(value_type = schemas::CredentialId)]
    credential_id: String,
    used: u32,
    limit: u32,
    window_seconds: u64,
    #[schema(required)]
    frees_in: Option<u64>,
}

pub(in crate::http) async fn kdf(
    State(app): State<App>,
    _: May<ReadKdf>,
    PathId(id): PathId<CredentialId>,
) -> Result<Json<KdfResponse>, ApiError> {
    let SaltedKdf { kdf, salt } = app.accounts.kdf(&id).await?;
    let setting = app.accounts.setting(&id)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Json(KdfResponse {
        kdf: KdfDescriptor::new(&kdf, &salt),
        server_id: text(setting.id_verifier()),
        context: text(setting.context()),
    }))
}

pub(in crate::http) async fn put(
    State(app): State<App>,
    _: May<WriteCredentials>,
    PathId(id): PathId<CredentialId>,
    Conditional(condition): Conditional,
    mut payload: Payload,
) -> Result<Response, ApiError> {
    let material = match (payload.take("verifier"), payload.take("password")) {
        (Some(verifier), None) => Material::Verifier(Box::new(fields::verifier(&verifier)?)),
        (None, Some(password)) => Material::Password(fields::password(password)?),
        _ => {
            let sentence = "exactly one of verifier and password is required";
            return Err(ApiError::bad_request("missing_field", sentence));
        }
    };
    let kdf = payload.take("kdf").map(|value| parse_kdf(&value)).transpose()?;
    let disabled = payload.take("disabled").map(|value| disabled(&value)).transpose()?;
    let registration = Registration { material, kdf, disabled, condition };
    let (metadata, is_new) = app.accounts.register(&id, registration).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, described(&id, &metadata)).into_response())
}

pub(in crate::http) async fn patch(
    State(app): State<App>,
    _: May<WriteCredentials>,
    PathId(id): PathId<CredentialId>,
    Conditional(condition): Conditional,
    mut payload: Payload,
) -> Result<Response, ApiError> {
    if condition == Condition::Absent {
        return Err(ApiError::invalid_condition());
    }
    let sentence = "disabled is required; to change the password, put the credential anew";
    let value = payload.take("disabled").ok_or_else(|| ApiError::bad_request("missing_field", sentence))?;
    let metadata = app.accounts.set_disabled(&id, disabled(&value)?, condition).await?;
    Ok(described(&id, &metadata).into_response())
}

pub(in crate::http) async fn get(
    State(app): State<App>,
    _: May<ReadCredentials>,
    PathId(id): PathId<CredentialId>,
) -> Result<Response, ApiError> {
    let metadata = app.accounts.metadata(&id).await?;
    Ok(described(&id, &metadata).into_response())
}

pub(in crate::http) async fn delete(
    State(app): State<App>,
    _: May<WriteCredentials>,
    PathId(id): PathId<CredentialId>,
    Conditional(condition): Conditional,
) -> Result<Json<RemovedResponse>, ApiError> {
    if condition == Condition::Absent {
        return Err(ApiError::invalid_condition());
    }
    app.accounts.remove(&id, condition).await?;
    Ok(Json(RemovedResponse { credential_id: id.to_string(), message: "Credential deleted successfully" }))
}

pub(in crate::http) async fn list(
    State(app): State<App>,
    _: May<ReadCredentials>,
    paging: Paging,
) -> Result<Json<CredentialsResponse>, ApiError> {
    let page = app.accounts.list(paging.cursor.as_ref(), paging.limit).await?;
    Ok(Json(CredentialsResponse {
        credentials: page.credentials.into_iter().map(CredentialLine::from).collect(),
        next_cursor: page.next.map(|Cursor(text)| text),
    }))
}

pub(in crate::http) async fn guesses(
    State(app): State<App>,
    _: May<ReadCredentials>,
    PathId(id): PathId<CredentialId>,
) -> Result<Json<GuessesResponse>, ApiError> {
    let (guesses, budget) = app.accounts.guesses(&id).await?;
    Ok(Json(GuessesResponse {
        credential_id: id.to_string(),
        used: guesses.used,
        limit: budget.limit,
        window_seconds: budget.window.as_secs(),
        // Rounded up, as in Retry-After: when it is over, one is free.
        frees_in: guesses.frees_in.map(|time| time.as_millis().div_ceil(1000) as u64),
    }))
}

pub(in crate::http) async fn clear_guesses(
    State(app): State<App>,
    _: May<WriteCredentials>,
    PathId(id): PathId<CredentialId>,
) -> Result<Json<RemovedResponse>, ApiError> {
    app.accounts.clear_guesses(&id).await?;
    Ok(Json(RemovedResponse { credential_id: id.to_string(), message: "Guesses cleared successfully" }))
}

fn disabled(value: &Value) -> Result<bool, ApiError> {
    value.as_bool().ok_or_else(|| ApiError::bad_request("invalid_disabled", "disabled must be true or false"))
}

/// The credential's state is in the `ETag`, for `If-Match`.
fn described(id: &CredentialId, metadata: &Metadata) -> impl IntoResponse + use<> {
    let Generation(generation) = metadata.generation;
    let etag = HeaderValue::from_str(&format!("\"{generation:016x}\"")).ok();
    let body = CredentialResponse {
        credential_id: id.to_string(),
        kdf: KdfDescriptor::new(&metadata.kdf.kdf, &metadata.kdf.salt),
        kdf_is_current: metadata.is_current_policy,
        disabled: metadata.disabled,
        created_at: metadata.times.created.to_string(),
        updated_at: metadata.times.updated.to_string(),
    };
    let mut response = Json(body).into_response();
    if let Some(etag) = etag {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

impl From<ListedCredential> for CredentialLine {
    fn from(listed: ListedCredential) -> Self {
        Self {
            credential_id: listed.id.to_string(),
            disabled: listed.disabled,
            created_at: listed.times.created.to_string(),
            updated_at: listed.times.updated.to_string(),
        }
    }
}
