//! HTTP: routes, wire types, and what is true of every request.
//!
//! | module | job |
//! |---|---|
//! | `error` | the one shape of every error |
//! | `context` | the outermost middleware: request id, rendered errors, one log line a failure |
//! | `guard` | without API keys: only callers on this machine |
//! | `access` | API keys: who makes a request, and what a handler asks of that caller |
//! | `audit` | one event for every request to a route under `/spake` |
//! | `client_address` | whose request this is, behind trusted proxies too |
//! | `rate_limit`, `in_flight` | how often one caller may ask, and how many requests are in work at once |
//! | `arrival` | bodies, read before a request counts as work |
//! | `payload`, `fields`, `path`, `paging`, `conditions` | parsing at the edge: bodies, their fields, ids in paths, headers |
//! | `kdf` | stretching parameters as JSON |
//! | `admin` | the operators' endpoints, on a listener of their own |
//! | `routes` | one file for each group of endpoints |

mod access;
mod admin;
mod arrival;
mod audit;
mod client_address;
mod conditions;
mod context;
mod error;
mod fields;
mod guard;
mod in_flight;
mod kdf;
mod paging;
mod path;
mod payload;
mod rate_limit;
mod routes;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use axum::routing::{delete, get, post, put};
use ipnet::IpNet;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;

pub use self::admin::{Admin, admin_router};
use self::error::ApiError;
pub use self::rate_limit::RateLimits;
use self::routes::{credentials, health, login, pairing, sessions};
use crate::domain::access::Access;
use crate::domain::accounts::Accounts;
use crate::domain::audit::AuditLog;
use crate::domain::pairing::Pairing;
use crate::domain::sessions::Sessions;

/// What the handlers share.
#[derive(Clone)]
pub struct App {
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
    pub max_in_flight: usize,
    /// Where audit events go.
    pub audit: Arc<dyn AuditLog>,
}

/// The service as a router: every route, every fallback, and the layers around them.
pub fn router(app: App) -> Router {
    routes()
        .fallback(async || ApiError::endpoint_not_found())
        .method_not_allowed_fallback(async || ApiError::method_not_allowed())
        // From the inside out: how many at once, how bodies come, how often one caller may ask, and who that is. Health
        // is added after these, so that it answers when they refuse.
        .layer(from_fn_with_state(Arc::new(Semaphore::new(app.max_in_flight)), in_flight::in_flight))
        .layer(from_fn_with_state(app.request_timeout, arrival::arrival))
        .layer(from_fn_with_state(app.rate_limits.clone(), rate_limit::rate_limit))
        .layer(from_fn_with_state(Arc::clone(&app.access), access::identify))
        .route("/health", get(health::health).fallback(async || ApiError::method_not_allowed()))
        // Who may call at all, what a bug may cost, what is kept of it, from where it comes, and the shape of every
        // answer.
        .layer(from_fn_with_state(app.access.reach(), guard::guard))
        .layer(CatchPanicLayer::custom(|_| {
            ApiError::internal("a handler panicked".to_owned()).into_response()
        }))
        .layer(from_fn_with_state((Arc::clone(&app.sessions), app.audit.clone()), audit::audit))
        .layer(from_fn_with_state(Arc::clone(&app.trusted_proxies), client_address::client_address))
        .layer(from_fn(context::context))
        .with_state(app)
}

fn routes() -> Router<App> {
    Router::new()
        .route("/spake/initiate", post(pairing::initiate))
        .route("/spake/exchange", post(pairing::exchange))
        .route("/spake/confirm", post(pairing::confirm))
        .route("/spake/status/{id}", get(sessions::status))
        .route("/spake/secret/{id}", get(sessions::secret))
        .route("/spake/cleanup/{id}", delete(sessions::cleanup))
        .route("/spake/sessions", get(sessions::list))
        .route("/spake/login", post(login::login))
        .route("/spake/credentials", get(credentials::list))
        .route(
            "/spake/credentials/{id}",
            put(credentials::put).patch(credentials::patch).get(credentials::get).delete(credentials::delete),
        )
        .route("/spake/credentials/{id}/kdf", get(credentials::kdf))
        .route(
            "/spake/credentials/{id}/guesses",
            get(credentials::guesses).delete(credentials::clear_guesses),
        )
}
