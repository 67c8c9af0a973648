//! What browsers ask before a page of another site may call (CORS). No cookies: a page that calls has a key, or calls
//! as anyone may.

use std::time::Duration;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::context::{REQUEST_ID, TRACE_RESPONSE};
use crate::domain::access::Origins;

/// For how long a browser need not ask again.
const MAX_AGE: Duration = Duration::from_secs(600);

/// Lets pages of `origins` call `router`.
pub(super) fn answering<S: Clone + Send + Sync + 'static>(router: Router<S>, origins: &Origins) -> Router<S> {
    let allowed = match origins {
        Origins::Nobodys => return router,
        Origins::Everybodys => AllowOrigin::any(),
        Origins::Of(origins) => {
            AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()))
        }
    };
    router.layer(
        CorsLayer::new()
            .allow_origin(allowed)
            .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
            .allow_headers([
                header::AUTHORIZATION,
                header::CONTENT_TYPE,
                header::IF_MATCH,
                header::IF_NONE_MATCH,
                REQUEST_ID,
                HeaderName::from_static("traceparent"),
                HeaderName::from_static("tracestate"),
            ])
            .expose_headers([
                header::ETAG,
                header::RETRY_AFTER,
                header::WWW_AUTHENTICATE,
                REQUEST_ID,
                HeaderName::from_static("ratelimit-limit"),
                HeaderName::from_static("ratelimit-remaining"),
                HeaderName::from_static("ratelimit-reset"),
                TRACE_RESPONSE,
            ])
            .max_age(MAX_AGE),
    )
}
