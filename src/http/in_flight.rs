//! Load shedding: more requests at once than the service takes on get an answer that costs nothing.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use super::error::ApiError;

/// A request holds its place until its answer is made, or its caller has gone.
pub(super) async fn in_flight(
    State(places): State<Arc<Semaphore>>,
    request: Request,
    next: Next,
) -> Response {
    let Ok(_place) = places.try_acquire() else {
        return ApiError::too_many_in_flight().into_response();
    };
    next.run(request).await
}
