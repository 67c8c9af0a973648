use serde_json::{Value, json};

use super::ACCOUNTS;
use crate::http::openapi::{Endpoint, delete, failures as on, get, patch, post, put, schemas};
use crate::http::routes::credentials::{self, CredentialResponse};
use crate::http::routes::login;

pub(super) fn all() -> [Endpoint; 9] {
    [
        get("/spake/credentials/{id}/kdf", credentials::kdf)
            .does(ACCOUNTS, "kdf", "Ask how a client stretches its password")
            .says("The same for ids that exist and ids that do not. A client compares all but the salt with its own settings.")
            .answers("How to stretch", json!({
                "kdf": kdf(),
                "server_id": "spake-service",
                "context": "spake-service/1",
            })),
        put("/spake/credentials/{id}", credentials::put)
            .does(ACCOUNTS, "register", "Register or replace a credential")
            .says("Open logins of an earlier one fail.")
            .takes_header::<schemas::NoneYet>("If-None-Match", "`*`: create only; not together with If-Match")
            .takes::<schemas::Register>(json!({
                "verifier": {
                    "w0": "4504c2c9409d9b0dfaa01df5e81c1934758f98c717dd04aca9136f065c468114",
                    "L": "041f67012503dcd210bf9379a2d71c1eaf9a3e0465165b27b37eaa5d16cd671892ec22fe623e760814f25f5ef365678a3a61d4c3e2500881c54d58371d46d018a5",
                },
            }))
            .answers_as::<CredentialResponse>(201, "It is new", credential())
            .answers_as::<CredentialResponse>(200, "It replaces an earlier one", credential())
            .refuses(&[
                on::INVALID_VERIFIER,
                on::INVALID_PASSWORD,
                on::INVALID_KDF,
                on::INVALID_DISABLED,
                on::OTHER_KDF,
                on::OVERLOADED,
            ]),
        patch("/spake/credentials/{id}", credentials::patch)
            .does(ACCOUNTS, "change", "Disable a credential, or enable it again")
            .says("A disabled one answers like one that does not exist. To change a password, register anew.")
            .takes::<schemas::Change>(json!({ "disabled": false }))
            .answers_as::<CredentialResponse>(200, "The credential as it is now", credential())
            .refuses(&[on::INVALID_DISABLED, on::CREDENTIAL_NOT_FOUND]),
        get("/spake/credentials/{id}", credentials::get)
            .does(ACCOUNTS, "credential", "See a credential's metadata")
            .answers_as::<CredentialResponse>(200, "The credential, without its verifier", credential())
            .refuses(&[on::CREDENTIAL_NOT_FOUND]),
        delete("/spake/credentials/{id}", credentials::delete)
            .does(ACCOUNTS, "removeCredential", "Remove a credential")
            .says("Its guesses stay counted.")
            .answers("It is gone", json!({
                "credential_id": "alice",
                "message": "Credential deleted successfully",
            }))
            .refuses(&[on::CREDENTIAL_NOT_FOUND]),
        get("/spake/credentials", credentials::list)
            .does(ACCOUNTS, "listCredentials", "List the credentials")
            .answers("A page; `next_cursor` is null at the end", json!({
                "credentials": [{
                    "credential_id": "alice",
                    "disabled": false,
                    "created_at": "2026-11-24T09:00:00.000Z",
                    "updated_at": "2026-11-24T09:00:00.000Z",
                }],
                "next_cursor": null,
            })),
        get("/spake/credentials/{id}/guesses", credentials::guesses)
            .does(ACCOUNTS, "guesses", "See the budget of guesses")
            .says("Of any id, registered or not.")
            .answers("The budget; `frees_in` is in seconds, null when none is used", json!({
                "credential_id": "alice",
                "used": 1,
                "limit": 10,
                "window_seconds": 900,
                "frees_in": 900,
            })),
        delete("/spake/credentials/{id}/guesses", credentials::clear_guesses)
            .does(ACCOUNTS, "clearGuesses", "Forget the guesses")
            .answers("The whole budget is there again", json!({
                "credential_id": "alice",
                "message": "Guesses cleared successfully",
            })),
        post("/spake/login", login::login)
            .does(ACCOUNTS, "login", "Begin a login with the client's share")
            .says(
                "The answer lets the client test one password, so it is a guess, and counted before it leaves; a right \
                 confirmation takes it back. The identical request gets the identical answer and costs nothing. Ids that do \
                 not exist are answered like those that do. `POST /spake/confirm` completes it.",
            )
            .takes::<schemas::Login>(json!({
                "credential_id": "alice",
                "client_public_key": "048f4e40d7fd2fc4399fa4441ea478b18df75bbd8c4b854e6f00f151466ca59e001258fd8e67376d4dc450319a8e0208fa0c5fd809ffe4b9351139b0ba7512a475",
            }))
            .answers("The service's share and proof (confirmV)", json!({
                "session_id": "login-2b-2ea86e6b8e7b3af32565f7868ae94b3b",
                "public_key": "04316d5ff434ccf18e3b8a1d7c4c1720c455e1c787ba8e6a5aeaa71024a2d9f2fbeb7a8bf6905a5277c93e0e6ad1dd3040e315a641666d5bac1be3cb5e18d1481f",
                "server_confirmation": "f3cc9659d0212e3304cbbca8a36f07826574cc034324ed1ca7b6f598b2384906",
                "protocol": "spake2plus",
                "status": "completed",
                "confirmed": false,
                "expires_at": "2026-11-24T09:02:00.000Z",
                "expires_in": 120,
            }))
            .refuses(&[
                on::INVALID_CREDENTIAL_ID,
                on::INVALID_HEX,
                on::INVALID_PUBLIC_KEY,
                on::TOO_MANY_GUESSES,
            ]),
    ]
}

fn kdf() -> Value {
    json!({
        "algorithm": "pbkdf2-hmac-sha256",
        "salt": "e045bca5b253af9e198d8b2ce8597586",
        "iterations": 600_000,
    })
}

fn credential() -> Value {
    json!({
        "credential_id": "alice",
        "kdf": kdf(),
        "kdf_is_current": true,
        "disabled": false,
        "created_at": "2026-11-24T09:00:00.000Z",
        "updated_at": "2026-11-24T09:00:00.000Z",
    })
}
