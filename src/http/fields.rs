//! Single fields of a payload, parsed into types that cannot be wrong.

use serde_json::Value;
use spake_protocol::Password;
use spake_protocol::spake2::{ConfirmationA, ShareA};
use zeroize::Zeroizing;

use super::error::ApiError;
use crate::domain::ids::{ClientId, SessionId};
use crate::domain::pairing::Malformed;

pub(super) fn session_id(value: &Value) -> Result<SessionId, ApiError> {
    let refuse = |why: &str| ApiError::bad_request("invalid_session_id", format!("session_id {why}"));
    let text = value.as_str().ok_or_else(|| refuse("must be a string"))?;
    SessionId::parse(text).map_err(|invalid| refuse(&invalid.to_string()))
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
    let text = value.as_str().ok_or(Malformed::PublicKeyType)?;
    let bytes = hex::decode(text).map_err(|_| Malformed::PublicKeyHex)?;
    ShareA::try_from(&*bytes).map_err(Malformed::PublicKey)
}

pub(super) fn client_confirmation(value: &Value) -> Result<ConfirmationA, Malformed> {
    let text = value.as_str().ok_or(Malformed::Confirmation)?;
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| Malformed::Confirmation)?;
    Ok(ConfirmationA::from(bytes))
}
