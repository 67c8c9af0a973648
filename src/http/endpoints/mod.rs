//! Every endpoint: its method, its path, its handler, and what the API's document says of it. The router is made of this
//! list, and so is the document.

mod accounts;
mod pairing;
mod service;
mod sessions;

use super::openapi::Endpoint;

/// Groups of the document.
pub(super) const PAIRING: &str = "Pairing";
pub(super) const SESSIONS: &str = "Sessions";
pub(super) const ACCOUNTS: &str = "Accounts";
pub(super) const SERVICE: &str = "Service";

/// All of them, in the document's order.
pub(super) fn all() -> impl Iterator<Item = Endpoint> {
    pairing::all().into_iter().chain(sessions::all()).chain(accounts::all()).chain(service::all())
}
