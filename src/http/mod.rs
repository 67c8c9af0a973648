//! HTTP: routes, wire types, and what is true of every request.
//!
//! | module | job |
//! |---|---|
//! | `error` | the one shape of every error |
//! | `context` | the outermost middleware: request id, rendered errors, one log line a failure |
//! | `guard` | without API keys: only callers on this machine |
//! | `cors` | which sites' pages may call |
//! | `access` | API keys: who makes a request, and what a handler asks of that caller |
//! | `payload`, `fields`, `path`, `paging`, `conditions` | parsing at the edge: bodies, their fields, ids in paths, headers |
//! | `kdf` | stretching parameters as JSON |
//! | `admin` | the operators' endpoints, on a listener of their own |
//! | `routes` | the handlers, one file for each group of endpoints |
//! | `endpoints` | which handler is where, and what the API's document says of it |
//! | `openapi` | that document, and a page to read it |

mod access;
mod admin;
mod conditions;
mod context;
mod cors;
mod endpoints;
mod error;
mod fields;
mod guard;
mod kdf;
mod openapi;
mod paging;
mod path;
mod payload;
mod routes;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use tower_http::catch_panic::CatchPanicLayer;

pub use self::admin::{Admin, admin_router};
use self::error::ApiError;
pub use self::openapi::document as api_document;
use crate::domain::access::Access;
use crate::domain::accounts::Accounts;
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
}

/// The service as a router: every route, every fallback, and the layers around them.
pub fn router(app: App) -> Router {
    let router = endpoints::all()
        .fold(Router::new(), |router, endpoint| endpoint.serve(router))
        .fallback(async || ApiError::endpoint_not_found())
        .method_not_allowed_fallback(async || ApiError::method_not_allowed())
        // From the inside out: who calls, what browsers ask, who may at all, what a bug may cost, and the shape of every
        // answer. A browser asks without its key, and shows an answer to its page only if it is told to.
        .layer(from_fn_with_state(Arc::clone(&app.access), access::identify));
    cors::answering(router, app.access.origins())
        .layer(from_fn_with_state(Arc::clone(&app.access), guard::guard))
        .layer(CatchPanicLayer::custom(|_| {
            ApiError::internal("a handler panicked".to_owned()).into_response()
        }))
        .layer(from_fn(context::context))
        .with_state(app)
}
