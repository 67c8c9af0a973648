//! The headers of requests and answers.

use utoipa::PartialSchema;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{Header, Ref, RefOr, Required, Schema};

use super::schemas::ETag;

pub(super) const ETAG: &str = "ETag";
/// What every answer has.
pub(super) const ALWAYS: [&str; 2] = ["X-Request-Id", "X-Content-Type-Options"];

/// What the answers to callers have whose requests are counted, unless the operator has turned that off.
pub(super) const OF_LIMITS: [&str; 3] = ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"];

/// Each header of an answer that the document knows, and what it says.
pub(super) fn all() -> Vec<(&'static str, Header)> {
    let text = || ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
    let only = |value: &str| text().enum_values(Some([value]));
    let count =
        |least: u32| ObjectBuilder::new().schema_type(SchemaType::Type(Type::Integer)).minimum(Some(least));
    let seconds = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Integer)).minimum(Some(1));
    vec![
        (
            "X-Request-Id",
            header(
                "The caller's own, or a new one; it is in the log",
                text().pattern(Some("^[0-9A-Za-z._-]{1,64}$")),
            ),
        ),
        ("X-Content-Type-Options", header("The Content-Type is what it is", only("nosniff"))),
        ("Cache-Control", header("Answers are secrets", only("no-store"))),
        ("WWW-Authenticate", header("How a key is sent", only("Bearer"))),
        ("Retry-After", header("Seconds after which the same request may succeed", seconds)),
        ("RateLimit-Limit", header("Requests that this caller may make at once", count(1))),
        ("RateLimit-Remaining", header("Those that are left of them", count(0))),
        ("RateLimit-Reset", header("Seconds after which all of them are there again", count(0))),
        (ETAG, header("The state of the credential, for If-Match", ETag::schema())),
    ]
}

/// The one that every request may have.
pub(super) fn request_id() -> Parameter {
    let schema: RefOr<Schema> = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).into();
    let words = "An id of the caller's own: up to 64 letters, digits, `-`, `_`, `.`. Another is not taken, and a new one made";
    ParameterBuilder::new()
        .name("X-Request-Id")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(words))
        .schema(Some(schema))
        .build()
}

/// Refers to the header `name`.
pub(super) fn refer_to(name: &str) -> Ref {
    Ref::new(format!("#/components/headers/{name}"))
}

fn header(words: &str, schema: impl Into<RefOr<Schema>>) -> Header {
    HeaderBuilder::new().description(Some(words)).schema(Some(schema)).build()
}
