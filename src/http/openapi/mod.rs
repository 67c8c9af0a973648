//! The API's document (OpenAPI 3.1), made from the endpoints themselves, and a page to read it.
//!
//! | module | job |
//! |---|---|
//! | `endpoint` | a route and its description: one cannot be without the other |
//! | `signature` | what a handler's arguments and answer say of it |
//! | `description` | what is known of an endpoint, as OpenAPI has it |
//! | `schemas`, `headers`, `failures` | forms of fields, headers, errors |
//! | `page` | the document as HTML |

mod description;
mod endpoint;
pub(super) mod failures;
mod headers;
mod page;
pub(super) mod schemas;
mod signature;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::path::{PathItem, PathsBuilder};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, License, OpenApi, OpenApiBuilder, Server};

use self::description::Referred;
pub(super) use self::endpoint::{Endpoint, delete, get, patch, post, put};
use super::endpoints;

/// The name of the security scheme.
const API_KEY: &str = "apiKey";

const INTRODUCTION: &str = "\
Two parties who share only a password get a strong shared key: pairing (SPAKE2, RFC 9382) and accounts (SPAKE2+, RFC \
9383).\n\nJSON in, JSON out. Byte strings are lower-case hex (upper case is accepted), points are in SEC1's uncompressed \
form, times are RFC 3339 in UTC. Fields that a request has beyond those named here are ignored; of duplicate keys the \
last wins. Bodies are at most 16 KiB, with `Content-Type: application/json` (or `application/*+json`), UTF-8, not \
compressed.\n\nWhere a service has no API keys, all scopes are everyone's, and it answers requests from its own machine \
only. Operators may give some scopes to callers without a key. Several scopes at an endpoint: one of them will do.";

const TAGS: [(&str, &str); 4] = [
    (endpoints::PAIRING, "Two parties, one code, one session (SPAKE2)"),
    (endpoints::SESSIONS, "What became of sessions, for backends"),
    (endpoints::ACCOUNTS, "Passwords that the service never sees (SPAKE2+)"),
    (endpoints::SERVICE, "The service itself"),
];

/// The document, in JSON.
pub fn document() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let mut text = built().to_pretty_json().unwrap_or_default();
        text.push('\n');
        text
    });
    &TEXT
}

/// `GET /openapi.json`.
pub(super) async fn json() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document()).into_response()
}

/// `GET /docs`.
pub(super) async fn html() -> Response {
    static PAGE: LazyLock<page::Page> = LazyLock::new(|| page::Page::of(document()));
    let headers: [(_, &str); 4] = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, &PAGE.policy),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, &*PAGE.html).into_response()
}

fn built() -> OpenApi {
    let mut paths: BTreeMap<&str, PathItem> = BTreeMap::new();
    let mut all = Referred::default();
    for endpoint in endpoints::all() {
        let (path, method) = (endpoint.path, endpoint.method.clone());
        let (operation, referred) = endpoint.finish();
        all.schemas.extend(referred.schemas);
        all.responses.extend(referred.responses);
        paths.entry(path).or_default().merge_operations(PathItem::new(method, operation));
    }
    let paths = paths.into_iter().fold(PathsBuilder::new(), |paths, (path, item)| paths.path(path, item));
    let key = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("spk_<name>_<secret>")
        .description(Some("Made by `spake-service apikey new`; what it allows are its scopes"));
    let components = headers::all()
        .into_iter()
        .fold(ComponentsBuilder::new(), |components, (name, header)| components.header(name, header));
    let components = components
        .schemas_from_iter(all.schemas)
        .responses_from_iter(all.responses)
        .parameter("RequestId", headers::request_id())
        .security_scheme(API_KEY, SecurityScheme::Http(key.build()));
    let mut license = License::new("MIT OR Apache-2.0");
    license.identifier = Some("MIT OR Apache-2.0".to_owned());
    let info = InfoBuilder::new()
        .title("spake-service")
        .version(env!("CARGO_PKG_VERSION"))
        .license(Some(license))
        .description(Some(INTRODUCTION));
    let tags = TAGS.map(|(name, words)| TagBuilder::new().name(name).description(Some(words)).build());
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([Server::new("/")]))
        .tags(Some(tags))
        .paths(paths)
        .components(Some(components.build()))
        .build()
}
