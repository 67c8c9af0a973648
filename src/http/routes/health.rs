//! `GET /health`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::App;

#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Health {
    status: &'static str,
    service: &'static str,
    version: &'static str,
    store: &'static str,
}

pub(in crate::http) async fn health(State(app): State<App>) -> Json<Health> {
    Json(Health { status: "healthy", service: "spake", version: env!("CARGO_PKG_VERSION"), store: app.store })
}
