//! Single fields of a payload, parsed into types that cannot be wrong.

use serde_json::Value;
use spake_protocol::Password;
use spake_protocol::spake2::ShareA;
use spake_protocol::spake2plus::{ShareP, VerifierRecord};
use zeroize::Zeroizing;

use super::audit::Trail;
use super::error::ApiError;
use crate::domain::ids::{ClientId, CredentialId, SessionId};
use crate::domain::refusal::Malformed;
use crate::domain::session::Confirmation;

pub(super) fn session_id(value: &Value, trail: &Trail) -> Result<SessionId, ApiError> {
    let refuse = |why: &str| ApiError::bad_request("invalid_session_id", format!("session_id {why}"));
    let text = value.as_str().ok_or_else(|| refuse("must be a string"))?;
    let id = SessionId::parse(text).map_err(|invalid| refuse(&invalid.to_string()))?;
    trail.note_session(&id);
    Ok(id)
}

/// A session id that a caller chooses for a new session: not one of those that the service makes for logins.
pub(super) fn new_session_id(value: &Value, trail: &Trail) -> Result<SessionId, ApiError> {
    let id = session_id(value, trail)?;
    if id.is_login() {
        let sentence = "session_id must not begin with `login-`: such ids are made by the service";
        return Err(ApiError::bad_request("invalid_session_id", sentence));
    }
    Ok(id)
}

pub(super) fn credential_id(value: &Value, trail: &Trail) -> Result<CredentialId, ApiError> {
    let refuse = |why: &str| ApiError::bad_request("invalid_credential_id", format!("credential_id {why}"));
    let text = value.as_str().ok_or_else(|| refuse("must be a string"))?;
    let id = CredentialId::parse(text).map_err(|invalid| refuse(&invalid.to_string()))?;
    trail.note_credential(&id);
    Ok(id)
}

/// `{"w0": 64 hex digits, "L": 130 hex digits}`.
pub(super) fn verifier(value: &Value) -> Result<VerifierRecord, ApiError> {
    let refuse = |why: String| ApiError::bad_request("invalid_verifier", why);
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let (Some(w0), Some(l)) = (text("w0"), text("L")) else {
        return Err(refuse("verifier must be an object with w0 and L in hex".to_owned()));
    };
    let mut scalar = Zeroizing::new([0; 32]);
    hex::decode_to_slice(w0, &mut *scalar)
        .map_err(|_| refuse("verifier.w0 must be 64 hex digits".to_owned()))?;
    let point = hex::decode(l).map(Zeroizing::new);
    let point = point.map_err(|_| refuse("verifier.L must be 130 hex digits".to_owned()))?;
    VerifierRecord::new(&scalar, &point).map_err(|invalid| refuse(format!("verifier is refused: {invalid}")))
}

pub(super) fn password(value: Value) -> Result<Password, ApiError> {
    let refuse = |why: &str| ApiError::bad_request("invalid_password", why.to_owned());
    let Value::String(text) = value else { return Err(refuse("password must be a string")) };
    Password::prepare(&Zeroizing::new(text)).map_err(|invalid| refuse(&invalid.to_string()))
}

/// Absent and `null` are party A without a name.
pub(super) fn client_id(value: Option<Value>) -> Result<ClientId, ApiError> {
    let refuse = |why: &str| ApiError::bad_request("invalid_client_id", format!("client_id {why}"));
    match value {
        None | Some(Value::Null) => Ok(ClientId::default()),
        Some(Value::String(text)) => ClientId::parse(&text).map_err(|invalid| refuse(&invalid.to_string())),
        Some(_) => Err(refuse("must be a string")),
    }
}

pub(super) fn client_public_key(value: &Value) -> Result<ShareA, Malformed> {
    ShareA::try_from(&*share(value)?).map_err(Malformed::PublicKey)
}

pub(super) fn prover_share(value: &Value) -> Result<ShareP, Malformed> {
    ShareP::try_from(&*share(value)?).map_err(Malformed::PublicKey)
}

fn share(value: &Value) -> Result<Vec<u8>, Malformed> {
    hex::decode(value.as_str().ok_or(Malformed::PublicKeyType)?).map_err(|_| Malformed::PublicKeyHex)
}

pub(super) fn client_confirmation(value: &Value) -> Result<Confirmation, Malformed> {
    let text = value.as_str().ok_or(Malformed::Confirmation)?;
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| Malformed::Confirmation)?;
    Ok(Confirmation(bytes))
}
