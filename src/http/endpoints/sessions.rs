use serde_json::json;

use super::SESSIONS;
use crate::http::openapi::{Endpoint, delete, failures as on, get, schemas};
use crate::http::routes::sessions;

pub(super) fn all() -> [Endpoint; 4] {
    let session = json!({
        "session_id": "demo",
        "status": "completed",
        "confirmed": true,
        "protocol": "spake2",
        "created_at": "2026-11-24T09:00:00.000Z",
        "expires_at": "2026-11-24T09:05:00.000Z",
    });
    [
        get("/spake/status/{id}", sessions::status)
            .does(SESSIONS, "status", "See where a session is in its life")
            .says("A session of another key answers like one that is not there, unless the caller has `session:admin`.")
            .answers("The session", session.clone()),
        get("/spake/secret/{id}", sessions::secret)
            .does(SESSIONS, "secret", "Get the shared secret of a confirmed session")
            .says(
                "For the backend. Of a login, it compares `credential_id` with whom it thinks is there; of a pairing, \
                 `client_id`. A session of another key answers like one that is not there.",
            )
            .answers("The secret, and whose it is", json!({
                "session_id": "demo",
                "shared_secret": "4e5fb261a200155bda61c19c79f0430a9ba3e60db54aa78255f7be2598f3a823",
                "protocol": "spake2",
                "client_id": "",
            }))
            .refuses(&[on::NOT_CONFIRMED, on::INVALID_SESSION_STATUS]),
        delete("/spake/cleanup/{id}", sessions::cleanup)
            .does(SESSIONS, "cleanup", "Forget a session")
            .says("In any status; its id is free again. With `session:initiate` a key removes its own sessions only.")
            .answers("It is gone", json!({ "session_id": "demo", "message": "Session cleaned up successfully" })),
        get("/spake/sessions", sessions::list)
            .does(SESSIONS, "listSessions", "List the sessions that are alive")
            .says("`active_sessions` counts all that are alive; each is listed once, in an order of the store's own.")
            .takes_query::<schemas::Status>("status", "Only sessions of this status")
            .answers("A page; `next_cursor` is null at the end", json!({
                "active_sessions": 1,
                "sessions": [session],
                "next_cursor": null,
            }))
            .refuses(&[on::INVALID_STATUS]),
    ]
}
