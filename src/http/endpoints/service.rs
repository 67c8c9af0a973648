use serde_json::json;
use utoipa::openapi::schema::Type;

use super::SERVICE;
use crate::http::openapi::{self, Endpoint, get};
use crate::http::routes::health;

pub(super) fn all() -> [Endpoint; 3] {
    [
        get("/health", health::health)
            .without_limits()
            .does(SERVICE, "health", "See what answers here")
            .answers(
                "It answers",
                json!({
                    "status": "healthy",
                    "service": "spake",
                    "version": env!("CARGO_PKG_VERSION"),
                    "store": "embedded",
                }),
            ),
        get("/openapi.json", openapi::json).does(SERVICE, "document", "Get this document").answers_with(
            "application/json",
            Type::Object,
            "OpenAPI 3.1",
        ),
        get("/docs", openapi::html).does(SERVICE, "page", "Read this document").answers_with(
            "text/html",
            Type::String,
            "A page that loads nothing else",
        ),
    ]
}
