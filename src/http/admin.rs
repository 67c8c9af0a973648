//! The operators' endpoints: `GET /health/live`, `GET /health/ready`, `GET /metrics`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use super::context;
use super::error::ApiError;
use crate::domain::ports::Readiness;
use crate::metrics::{CONTENT_TYPE, Metrics};

/// What the operators' handlers share.
#[derive(Clone)]
pub struct Admin {
    /// Whether the store works.
    pub store: Arc<dyn Readiness>,
    /// Set when the service has been told to stop.
    pub stopping: Arc<AtomicBool>,
    /// Whether everyone who reaches the public listener may use it.
    pub is_open: bool,
    /// What is counted and measured.
    pub metrics: Arc<Metrics>,
}

const OPEN: &str =
    "--insecure-no-auth: everyone who reaches the public address may use the service and read secrets";

#[derive(Serialize)]
struct Health {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<&'static str>,
}

/// The operators' router. It asks nobody who they are: its listener is for the inside only.
pub fn admin_router(admin: Admin) -> Router {
    Router::new()
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics))
        .fallback(async || ApiError::endpoint_not_found())
        .method_not_allowed_fallback(async || ApiError::method_not_allowed())
        .layer(from_fn(async |request: Request, next: Next| {
            context::in_context(None, request, |request| next.run(request)).await
        }))
        .with_state(admin)
}

/// The process answers. A store that is down is no reason to restart it.
async fn live() -> Json<Health> {
    Json(Health { status: "live", reason: None, warning: None })
}

/// Requests can be served now.
async fn ready(State(admin): State<Admin>) -> (StatusCode, Json<Health>) {
    let checked = if admin.stopping.load(Ordering::Relaxed) {
        Err("the service is stopping".to_owned())
    } else {
        admin.store.check().await
    };
    let warning = admin.is_open.then_some(OPEN);
    let (code, status, reason) = match checked {
        Ok(()) => (StatusCode::OK, "ready", None),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, "not ready", Some(reason)),
    };
    (code, Json(Health { status, reason, warning }))
}

/// Everything that is counted and measured.
async fn metrics(State(admin): State<Admin>) -> Result<impl IntoResponse, ApiError> {
    let text = admin.metrics.text().map_err(|error| ApiError::internal(error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], text))
}
