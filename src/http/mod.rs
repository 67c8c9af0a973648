//! HTTP: routes, wire types, and what is true of every request.
//!
//! | module | job |
//! |---|---|
//! | `error` | the one shape of every error |
//! | `way_in` | the middleware: which of the following stands around which |
//! | `context` | the outermost: request id, rendered errors, one log line a failure |
//! | `guard` | without API keys: only callers on this machine |
//! | `cors` | which sites' pages may call |
//! | `access` | API keys: who makes a request, and what a handler asks of that caller |
//! | `audit` | one event for every request to a route under `/spake` |
//! | `client_address` | whose request this is, behind trusted proxies too |
//! | `rate_limit`, `in_flight` | how often one caller may ask, and how many requests are in work at once |
//! | `arrival` | bodies, read before a request counts as work |
//! | `payload`, `fields`, `path`, `paging`, `conditions` | parsing at the edge: bodies, their fields, ids in paths, headers |
//! | `kdf` | stretching parameters as JSON |
//! | `admin` | the operators' endpoints, on a listener of their own |
//! | `routes` | the handlers, one file for each group of endpoints |
//! | `endpoints` | which handler is where, and what the API's document says of it |
//! | `openapi` | that document, and a page to read it |

mod access;
mod admin;
mod arrival;
mod audit;
mod client_address;
mod conditions;
mod context;
mod cors;
mod endpoints;
mod error;
mod fields;
mod guard;
mod in_flight;
mod kdf;
mod openapi;
mod paging;
mod path;
mod payload;
mod rate_limit;
mod routes;
mod way_in;

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use ipnet::IpNet;

pub use self::admin::{Admin, admin_router};
use self::error::ApiError;
pub use self::in_flight::Places;
use self::openapi::Endpoint;
pub use self::openapi::document as api_document;
pub use self::rate_limit::RateLimits;
use crate::domain::access::Access;
use crate::domain::accounts::Accounts;
use crate::domain::audit::AuditLog;
use crate::domain::pairing::Pairing;
use crate::domain::sessions::Sessions;
use crate::metrics::Requests;

/// What the handlers share. A clone is another handle to it.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What an [`App`] is made of.
pub struct Parts {
    /// The use cases of pairing.
    pub pairing: Arc<Pairing>,
    /// Those of accounts.
    pub accounts: Arc<Accounts>,
    /// Those of both.
    pub sessions: Arc<Sessions>,
    /// Which store this is, for `/health`.
    pub store: &'static str,
    /// How long a request's body may take to arrive.
    pub request_timeout: Duration,
    /// Who may call.
    pub access: Arc<Access>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Arc<[IpNet]>,
    /// How often one caller may ask.
    pub rate_limits: RateLimits,
    /// How many requests may be in work at once.
    pub places: Places,
    /// Where audit events go.
    pub audit: Arc<dyn AuditLog>,
    /// What is counted and measured of requests.
    pub requests: Arc<Requests>,
}

impl App {
    /// The parts, to be shared.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// All routes, as method and template.
pub fn routes() -> impl Iterator<Item = (&'static str, &'static str)> {
    endpoints::all().map(|endpoint| endpoint.name())
}

/// The service as a router: every route, every fallback, and the layers around them.
pub fn router(app: App) -> Router {
    let (unlimited, limited): (Vec<_>, Vec<_>) = endpoints::all().partition(Endpoint::is_unlimited);
    let serve = |router, endpoints: Vec<Endpoint>| {
        let serve = |router, endpoint: Endpoint| endpoint.serve(router);
        let router = endpoints.into_iter().fold(router, serve);
        Router::method_not_allowed_fallback(router, async || ApiError::method_not_allowed())
    };
    let router = serve(Router::new(), limited)
        .fallback(async || ApiError::endpoint_not_found())
        // What has no limits is added after these, so that it answers when they refuse.
        .layer(from_fn_with_state(app.clone(), way_in::limited));
    cors::answering(serve(router, unlimited), app.access.origins())
        .layer(from_fn_with_state(app.clone(), way_in::everyone))
        .with_state(app)
}
