//! `spake-service openapi`.

use super::say;
use crate::server::api_document;

pub(super) fn openapi() {
    say(format_args!("{}", api_document()));
}
