//! The way of a request to its handler and back: what stands around every handler, and what around most.
//!
//! Two middlewares, each of which calls its parts in a row: with axum every further one would cost each request copies of
//! all that stand inside of it.

use std::panic::AssertUnwindSafe;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use super::error::ApiError;
use super::{App, access, arrival, audit, client_address, context, guard, rate_limit};

/// For every request, from the outside in: the shape of the answer, from where it comes, what is kept of it, what a bug
/// may cost, and whether it may come in at all.
pub(super) async fn everyone(State(app): State<App>, request: Request, next: Next) -> Response {
    context::in_context(Some(&app.requests), request, async |mut request| {
        if let Err(error) = client_address::find(&app.trusted_proxies, &mut request) {
            return error.into_response();
        }
        audit::audited(&app.audit, &app.sessions, request, |request| {
            surviving(async {
                match guard::check(&app.access, &request) {
                    Ok(()) => next.run(request).await,
                    Err(error) => error.into_response(),
                }
            })
        })
        .await
    })
    .await
}

/// For what has limits, likewise: who asks, whether that one may ask now, its body, and how many are in work at once.
pub(super) async fn limited(State(app): State<App>, mut request: Request, next: Next) -> Response {
    access::identify(&app.access, &mut request);
    rate_limit::limited(&app.rate_limits, request, async |request| {
        let request = arrival::arrived(app.request_timeout, request).await;
        match app.places.take() {
            Ok(_place) => next.run(request).await,
            Err(error) => error.into_response(),
        }
    })
    .await
}

/// The answer of `work`, which may panic: that costs one request, not its connection.
async fn surviving(work: impl Future<Output = Response>) -> Response {
    let caught = AssertUnwindSafe(work).catch_unwind().await;
    caught.unwrap_or_else(|_| ApiError::internal("a handler panicked".to_owned()).into_response())
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    #[tokio::test]
    async fn a_panic_costs_its_own_request_only() {
        let answer = surviving(async { panic!("as a bug would") }).await;
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(
            answer.extensions().get::<ApiError>().is_some(),
            "it is logged and has its body like any other"
        );
    }
}
