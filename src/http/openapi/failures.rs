//! Every error that the API answers with: its status, its code, and when it comes.

use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};

/// One of them.
pub(in crate::http) struct Failure {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) when: &'static str,
}

macro_rules! failures {
    ($($status:literal $name:ident $code:literal $when:literal;)+) => {
        $(
            pub(in crate::http) const $name: &Failure =
                &Failure { status: $status, code: $code, when: $when };
        )+

        /// All of them, by status.
        pub(super) const ALL: &[&Failure] = &[$($name),+];
    };
}

failures! {
    400 NO_PAYLOAD "no_payload" "the body is `{}`, `[]`, `null`, `0`, `false` or `\"\"`";
    400 MALFORMED_JSON "malformed_json" "the body is not JSON";
    400 NOT_AN_OBJECT "not_an_object" "the body is JSON and no object";
    400 INCOMPLETE_BODY "incomplete_body" "the body was cut";
    400 WRONG_CONTENT_TYPE "wrong_content_type" "the Content-Type is not JSON's";
    400 UNSUPPORTED_CHARSET "unsupported_charset" "the charset is not utf-8";
    400 MISSING_FIELD "missing_field" "a required field is absent, or empty (`\"\"`, `null`, `0`, `false`)";
    400 INVALID_SESSION_ID "invalid_session_id" "session_id has another type or form";
    400 INVALID_CLIENT_ID "invalid_client_id" "client_id has another type or form";
    400 INVALID_PASSWORD "invalid_password" "password has another type or form";
    400 INVALID_HEX "invalid_hex" "client_public_key is not hex";
    400 INVALID_PUBLIC_KEY "invalid_public_key" "client_public_key is no point of the curve; nothing was changed";
    400 INVALID_CONFIRMATION "invalid_confirmation" "client_confirmation is not 64 hex digits; nothing was counted";
    400 INVALID_SESSION_STATUS "invalid_session_status" "the session is past this step, failed, or not there yet";
    400 INVALID_CREDENTIAL_ID "invalid_credential_id" "the credential id has another form";
    400 INVALID_VERIFIER "invalid_verifier" "verifier has another form, or holds no scalar and point";
    400 INVALID_KDF "invalid_kdf" "kdf has another form, or is outside the accepted ranges";
    400 INVALID_DISABLED "invalid_disabled" "disabled is neither true nor false";
    400 INVALID_CONDITION "invalid_condition" "If-Match or If-None-Match has another form, or both are there";
    400 OTHER_KDF "other_kdf" "the deployment has one kdf, and this is another";
    400 INVALID_LIMIT "invalid_limit" "limit is no number from 1 to 1000";
    400 INVALID_CURSOR "invalid_cursor" "cursor is not the next_cursor of an earlier answer";
    400 INVALID_STATUS "invalid_status" "status is not one of a session's";
    400 INVALID_QUERY "invalid_query" "the query string is not readable";
    400 INVALID_PATH "invalid_path" "the id in the path is not percent-encoded UTF-8";
    400 AMBIGUOUS_HOST "ambiguous_host" "there are several Host headers";
    401 MISSING_API_KEY "missing_api_key" "this takes a key with one of its scopes, and there is none";
    401 UNKNOWN_API_KEY "unknown_api_key" "the key is unknown or has expired; a wrong key is never taken for none";
    403 MISSING_SCOPE "missing_scope" "the key has none of the scopes";
    403 FOREIGN_REQUEST "foreign_request" "the service has no API keys and the request is not from its machine";
    403 CONFIRMATION_FAILED "confirmation_failed" "the confirmation is wrong; the session is burned";
    404 SESSION_NOT_FOUND "session_not_found" "no such session, or one of another key's";
    404 CREDENTIAL_NOT_FOUND "credential_not_found" "no such credential";
    404 ENDPOINT_NOT_FOUND "endpoint_not_found" "no such path";
    405 METHOD_NOT_ALLOWED "method_not_allowed" "the header Allow says which are";
    408 REQUEST_TIMEOUT "request_timeout" "the body did not arrive in time; nothing was changed";
    409 SESSION_EXISTS "session_exists" "the session_id is taken";
    409 NOT_CONFIRMED "not_confirmed" "the client has not confirmed yet";
    412 PRECONDITION_FAILED "precondition_failed" "the credential is not in the state that If-Match or If-None-Match names";
    413 PAYLOAD_TOO_LARGE "payload_too_large" "the body is longer than 16 KiB";
    415 UNSUPPORTED_ENCODING "unsupported_encoding" "the body is compressed";
    429 TOO_MANY_GUESSES "too_many_guesses" "as many unconfirmed logins as allowed; one is free after Retry-After";
    429 RATE_LIMITED "rate_limited" "this caller has asked too often; it may again after Retry-After";
    500 INTERNAL "internal" "a fault of the service; its log has the cause under the request_id";
    503 OVERLOADED "overloaded" "too much is in work; nothing was changed, try again after Retry-After";
    503 STORE_UNAVAILABLE "store_unavailable" "the store does not answer; nothing was changed, try again after Retry-After";
    503 OUTCOME_UNKNOWN "outcome_unknown" "the store's answer was lost: repeat the identical request to find out";
}

/// What any request may meet, whatever it asks for.
pub(super) const EVERYWHERE: &[&Failure] = &[AMBIGUOUS_HOST, FOREIGN_REQUEST, INTERNAL];
/// What any request may meet that is counted.
pub(super) const OF_LIMITS: &[&Failure] = &[RATE_LIMITED, OVERLOADED];

/// The schema of `code`.
pub(in crate::http) fn any_code() -> RefOr<Schema> {
    one_of(ALL)
}

pub(super) fn one_of(failures: &[&Failure]) -> RefOr<Schema> {
    let codes = failures.iter().map(|failure| failure.code);
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).enum_values(Some(codes)).into()
}
