//! One file for each group of endpoints; a handler parses, calls its use case, and renders.

pub(super) mod health;
pub(super) mod pairing;
pub(super) mod sessions;

use crate::domain::session::Status;

/// A status as the API spells it.
const fn status_name(status: Status) -> &'static str {
    match status {
        Status::Initiated => "initiated",
        Status::Completed => "completed",
        Status::Failed => "failed",
    }
}
