//! The outermost middleware: every request has an id, every error its body, every failure one line in the log.

use std::sync::Arc;

use axum::Json;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tracing::Instrument;
use tracing::field::Empty;
use uuid::Uuid;

use super::error::ApiError;
use crate::domain::access::ApiKey;
use crate::domain::random::random_bytes;
use crate::domain::time::Timestamp;
use crate::metrics::Requests;
use crate::traces;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(super) const TRACE_RESPONSE: HeaderName = HeaderName::from_static("traceresponse");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// The id of a request, for who keeps it.
#[derive(Clone)]
pub(super) struct RequestId(pub(super) Arc<str>);

/// The answer of `work` in its final shape. What operators ask on their own listener is neither measured nor traced:
/// `requests` is `None` there.
pub(super) async fn in_context<F>(
    requests: Option<&Arc<Requests>>,
    mut request: Request,
    work: impl FnOnce(Request) -> F,
) -> Response
where
    F: Future<Output = Response>,
{
    let method = known(request.method());
    let route = request.extensions().get().cloned().map(Route);
    let request_id: Arc<str> = given_id(&request).unwrap_or_else(new_id);
    request.extensions_mut().insert(RequestId(Arc::clone(&request_id)));
    let secret_path = request.uri().path().starts_with("/spake");
    // The path may hold an id that callers chose: it is not logged, and neither is a method of their own invention.
    let span = match requests {
        None => tracing::info_span!(target: traces::NOT_TRACED, "request", id = %request_id, method),
        Some(_) => tracing::info_span!(
            "request",
            id = %request_id,
            method,
            otel.kind = Empty,
            otel.name = Empty,
            trace_id = Empty
        ),
    };
    let watched = requests.map(|requests| {
        let trace = traces::begin(&span, request.headers(), method, route.as_ref().map(AsRef::as_ref));
        (requests.asked(method, route), trace)
    });
    let response = work(request).instrument(span.clone()).await;
    let (status, code) =
        (response.status().as_u16(), response.extensions().get().map(|error: &ApiError| error.code));
    let mut response = span.in_scope(|| rendered(response, &request_id));
    if let Some((asked, trace)) = watched {
        asked.answered(status, code);
        if let Some(trace) = trace {
            trace.answered(status, code);
            response.headers_mut().extend(trace.response().try_into().map(|value| (TRACE_RESPONSE, value)));
        }
    }
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    if secret_path {
        response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    }
    response
}

/// The template that a request's path has matched.
struct Route(MatchedPath);

impl AsRef<str> for Route {
    fn as_ref(&self) -> &str {
        self.0.as_str()
    }
}

fn known(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("another")
}

/// A UUID of version 7: when, and which.
fn new_id() -> Arc<str> {
    let id = uuid::Builder::from_unix_timestamp_millis(Timestamp::wall().as_millis(), &random_bytes());
    (&*id.into_uuid().hyphenated().encode_lower(&mut Uuid::encode_buffer())).into()
}

/// The caller's own id, if it is one that cannot forge log lines, and no API key that went into the wrong header.
fn given_id(request: &Request) -> Option<Arc<str>> {
    let id = request.headers().get(REQUEST_ID)?.to_str().ok()?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_fit = !id.is_empty() && id.len() <= 64 && id.chars().all(allowed) && !ApiKey::resembles(id);
    is_fit.then(|| id.into())
}

fn rendered(mut response: Response, request_id: &str) -> Response {
    let Some(error) = response.extensions_mut().remove::<ApiError>() else {
        tracing::debug!(status = response.status().as_u16(), "answered");
        return response;
    };
    let (status, code) = (error.status.as_u16(), error.code);
    match &error.cause {
        // The store's own log line says when it began to fail and when it ended.
        Some(cause) if error.status == StatusCode::SERVICE_UNAVAILABLE => {
            tracing::debug!(status, code, cause, "failed");
        }
        Some(cause) if error.status.is_server_error() => tracing::error!(status, code, cause, "failed"),
        _ if error.status.is_server_error() => tracing::warn!(status, code, "shed"),
        _ => tracing::info!(status, code, "refused"),
    }
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    let body = Json(error.body(request_id)).into_response().into_body();
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Response::from_parts(parts, body)
}
