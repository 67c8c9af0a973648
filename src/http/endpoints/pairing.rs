use serde_json::json;

use super::PAIRING;
use crate::http::openapi::{Endpoint, failures as on, post, schemas};
use crate::http::routes::pairing;

pub(super) fn all() -> [Endpoint; 3] {
    [
        post("/spake/initiate", pairing::initiate)
            .does(PAIRING, "initiate", "Open a session for a password")
            .says(
                "For the backend that hands out the code. A client compares `server_id`, `client_id`, `context` and \
                 `kdf` with its own settings and adopts none of them. Not repeatable: the second is `session_exists`, and \
                 after `outcome_unknown` another session is initiated.",
            )
            .takes::<schemas::Initiate>(json!({ "session_id": "demo", "password": "mypassword" }))
            .answers("The session is open", json!({
                "session_id": "demo",
                "public_key": "047b50487dfd8e5023f7cd0f20d42a708ee67709d221db663e0be8495221845237392814c4531043ab1335d3eb29c4b306256a965f504413b75e89630f387cb407",
                "status": "initiated",
                "protocol": "spake2",
                "server_id": "spake-service",
                "client_id": "",
                "context": "spake-service/1",
                "kdf": {
                    "algorithm": "pbkdf2-hmac-sha256",
                    "salt": "fdbc8f08ba7bd9f933eef6c6df28a424ec98b3c5cd0ffc0de96257f89b78e6b1",
                    "iterations": 600_000,
                },
                "expires_at": "2026-11-24T09:05:00.000Z",
                "expires_in": 300,
            }))
            .refuses(&[
                on::INVALID_SESSION_ID,
                on::INVALID_PASSWORD,
                on::INVALID_CLIENT_ID,
                on::SESSION_EXISTS,
                on::OVERLOADED,
            ]),
        post("/spake/exchange", pairing::exchange)
            .does(PAIRING, "exchange", "Send the client's share, and its confirmation if it has one")
            .says(
                "The identical request gets the identical answer. With a confirmation it is `confirm` as well. A share \
                 that is refused changes nothing. Checks come in this order: body, fields, session exists, session's \
                 status, hex, point.",
            )
            .takes::<schemas::Exchange>(json!({
                "session_id": "demo",
                "client_public_key": "044f5926468ea0074b50b1add005022640ed883525d05790d0cfff746a278db9f0824277f4c2c9288252d9917a8c4213cbe4cf7dbaec2f38ba17c00bfea4fb53d9",
            }))
            .answers(
                "The share is taken. `server_confirmation` comes only with a right confirmation of the client's, and \
                 `shared_secret` only to a caller with `secret:read`, of a session that shows to it, confirmed or with \
                 `secret:unconfirmed`",
                json!({
                    "session_id": "demo",
                    "status": "completed",
                    "confirmed": false,
                    "shared_secret": "4e5fb261a200155bda61c19c79f0430a9ba3e60db54aa78255f7be2598f3a823",
                }),
            )
            .refuses(&[
                on::INVALID_SESSION_ID,
                on::SESSION_NOT_FOUND,
                on::INVALID_SESSION_STATUS,
                on::INVALID_HEX,
                on::INVALID_PUBLIC_KEY,
                on::INVALID_CONFIRMATION,
                on::CONFIRMATION_FAILED,
            ]),
        post("/spake/confirm", pairing::confirm)
            .does(PAIRING, "confirm", "Prove that the client knows the password")
            .says(
                "Of a pairing and of a login. A wrong confirmation is the session's one guess: the session is `failed`, \
                 and its secrets are erased. One of another form counts as nothing.",
            )
            .takes::<schemas::Confirm>(json!({
                "session_id": "demo",
                "client_confirmation": "0ac678dd515eed7dcba467fee8d0952a1b560786e71e63e662b572ae055f8403",
            }))
            .answers("Both sides know the same password", json!({
                "session_id": "demo",
                "status": "completed",
                "confirmed": true,
                "server_confirmation": "a5fcceb44cce0267ac0b9aa90babf0cb8358eca6df3a26303cad8f7a5a570ec9",
                "shared_secret": "4e5fb261a200155bda61c19c79f0430a9ba3e60db54aa78255f7be2598f3a823",
            }))
            .refuses(&[
                on::INVALID_SESSION_ID,
                on::SESSION_NOT_FOUND,
                on::INVALID_SESSION_STATUS,
                on::INVALID_CONFIRMATION,
                on::CONFIRMATION_FAILED,
            ]),
    ]
}
