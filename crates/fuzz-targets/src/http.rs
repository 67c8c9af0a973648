//! Requests, through the real router over a fresh store in memory.
//!
//! An input is text: request line, headers, an empty line, the body; up to [`AT_MOST`] of these with a line of `%%`
//! between them, so that one can go on with what another has made. What is no request at all is left out: hyper would not
//! let it through either.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::LazyLock;

use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use axum::response::Response;
use serde_json::{Map, Value};
use spake_service::http::router;
use tokio::runtime::{Builder, Runtime};
use tower::Service as _;

use crate::world::{world, world_with_keys};

/// The most requests of one input.
const AT_MOST: usize = 8;
/// A session that is open from the start: under the fuzzer nobody can initiate one.
const SESSION: &str = "open";
/// In the corpus' passwords: no refusal may repeat it.
const PASSWORD: &str = "correct horse";

pub(crate) static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_time().build().expect("a runtime"));

/// Every answer is one of ours: JSON, with the shape of an error if it is one, and never a fault of the service.
pub(crate) fn requests(bytes: &[u8]) -> bool {
    RUNTIME.block_on(async {
        // What is about keys is told to a service that has some; all else meets the guard of one without.
        let is_about_keys = split_once(bytes, b"Authorization: ").is_some();
        let world = if is_about_keys { world_with_keys() } else { world() };
        world.open_session(SESSION).await;
        let mut service = router(world.app);
        let mut is_accepted = false;
        for request in split(bytes, b"\n%%\n").into_iter().take(AT_MOST).filter_map(request) {
            let (method, uri) = (request.method().clone(), request.uri().clone());
            let Ok(answer) = service.call(request).await;
            is_accepted |= answer.status().is_success();
            judge(&method, &uri, answer).await;
        }
        is_accepted
    })
}

async fn judge(method: &Method, uri: &Uri, answer: Response) {
    let (parts, body) = answer.into_parts();
    let (status, headers) = (parts.status, parts.headers);
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().expect("ASCII"));
    let body = to_bytes(body, usize::MAX).await.expect("a body that is there");
    let told = String::from_utf8_lossy(&body);
    let seen = format!("{method} {uri}: {status} {headers:?} {told}");

    assert!(!status.is_server_error() || status == StatusCode::SERVICE_UNAVAILABLE, "{seen}");
    assert!(status.is_success() || status.is_client_error() || status.is_server_error(), "{seen}");
    let id = headers.get("x-request-id").and_then(|id| id.to_str().ok()).expect("each answer has an id");
    assert!(!uri.path().starts_with("/spake") || text(&header::CACHE_CONTROL) == Some("no-store"), "{seen}");
    let tells_when =
        text(&header::RETRY_AFTER).is_some_and(|seconds| seconds.parse::<u64>().is_ok_and(|n| n > 0));
    let must_tell = matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(tells_when, must_tell, "{seen}");
    assert!(status != StatusCode::METHOD_NOT_ALLOWED || headers.contains_key(header::ALLOW), "{seen}");
    if method == Method::HEAD && body.is_empty() {
        return;
    }
    assert_eq!(text(&header::CONTENT_TYPE), Some("application/json"), "{seen}");
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    assert!(body.is_object(), "{seen}");
    if !status.is_success() {
        let field = |name: &str| body.get(name).and_then(Value::as_str).expect("a field of text");
        let is_slug =
            |code: &str| !code.is_empty() && code.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        assert!(!field("error").is_empty() && is_slug(field("code")) && field("request_id") == id, "{seen}");
        assert_eq!(body.as_object().map(Map::len), Some(3), "{seen}");
        assert!(!told.contains(PASSWORD), "{seen}");
    }
}

fn request(text: &[u8]) -> Option<Request<Body>> {
    let (head, body) = split_once(text, b"\n\n").unwrap_or((text, b""));
    let mut lines = split(head, b"\n").into_iter();
    let (method, uri) = split_once(lines.next()?, b" ")?;
    let mut request = Request::new(Body::from(body.to_vec()));
    *request.method_mut() = Method::from_bytes(method).ok()?;
    *request.uri_mut() = Uri::try_from(uri).ok()?;
    for (name, value) in lines.filter_map(|line| split_once(line, b": ")) {
        let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) else {
            continue;
        };
        request.headers_mut().try_append(name, value).ok()?;
    }
    let presets = [(header::HOST, "localhost"), (header::CONTENT_TYPE, "application/json")];
    for (name, value) in presets {
        // What an input need not say, so that more of them come far.
        request.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    // As the listener does it.
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from((Ipv4Addr::LOCALHOST, 1))));
    Some(request)
}

fn split_once<'a>(text: &'a [u8], by: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = text.windows(by.len()).position(|window| window == by)?;
    let (before, rest) = text.split_at(at);
    Some((before, rest.strip_prefix(by)?))
}

fn split<'a>(mut text: &'a [u8], by: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    while let Some((part, rest)) = split_once(text, by) {
        parts.push(part);
        text = rest;
    }
    parts.push(text);
    parts
}
