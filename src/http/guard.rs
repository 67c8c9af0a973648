//! Without API keys everything is open, so only callers on this machine may call.
//!
//! The listener is on loopback then; what still comes from elsewhere comes through something on this machine: a reverse
//! proxy (most add `X-Forwarded-*`, `Via` or `X-Real-IP`), or a web page in a browser here (its `Origin` is another
//! site's and none of `SPAKE_CORS_ORIGINS`, or its name was rebound to 127.0.0.1 and `Host` is that name). A proxy that rewrites `Host` and adds nothing
//! looks like a program on this machine; docs/SECURITY.md says so.

use std::net::{Ipv4Addr, Ipv6Addr};

use axum::extract::Request;
use axum::http::uri::{Authority, Uri};
use axum::http::{HeaderMap, HeaderValue, header};

use super::error::ApiError;
use crate::domain::access::{Access, Origins, Reach};

/// Whether a request may come in at all.
pub(super) fn check(access: &Access, request: &Request) -> Result<(), ApiError> {
    // A proxy in front may have read another of them.
    if request.headers().get_all(header::HOST).iter().nth(1).is_some() {
        return Err(ApiError::ambiguous_host());
    }
    if access.reach() == Reach::Loopback && !is_local(request, access.origins()) {
        return Err(ApiError::foreign_request());
    }
    Ok(())
}

fn is_local(request: &Request, origins: &Origins) -> bool {
    let hosts = request.headers().get_all(header::HOST).iter();
    // HTTP/2 has the name in the URI, HTTP/1 in `Host`; a proxy-style request has both, and both count.
    let mut names = hosts
        .map(|host| host.to_str().ok().and_then(|host| host.parse::<Authority>().ok()))
        .chain(request.uri().authority().map(|authority| Some(authority.clone())))
        .peekable();
    names.peek().is_some()
        && names.all(|name| name.is_some_and(|name| is_loopback(name.host())))
        && !is_forwarded(request.headers())
        && request.headers().get_all(header::ORIGIN).iter().all(|origin| is_welcome(origin, origins))
}

fn is_forwarded(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| {
        let name = name.as_str();
        matches!(name, "forwarded" | "via" | "x-real-ip") || name.starts_with("x-forwarded")
    })
}

fn is_welcome(origin: &HeaderValue, origins: &Origins) -> bool {
    let Ok(origin) = origin.to_str() else { return false };
    let is_local = |origin: Uri| origin.host().is_some_and(is_loopback);
    origins.contain(origin) || origin.parse().is_ok_and(is_local)
}

fn is_loopback(host: &str) -> bool {
    let unbracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || unbracketed.is_some_and(|host| host.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback()))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn request(uri: &str, headers: &[(&str, &str)]) -> Request {
        let mut builder = Request::builder().uri(uri);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(Body::empty()).unwrap()
    }

    fn local(request: &Request) -> bool {
        is_local(request, &Origins::Nobodys)
    }

    #[test]
    fn loopback_names_are_local() {
        for host in ["localhost", "LOCALHOST:5000", "127.0.0.1", "127.8.9.10:1", "[::1]", "[::1]:5000"] {
            assert!(local(&request("/", &[("host", host)])), "{host}");
        }
        assert!(local(&request("http://localhost:5000/", &[])));
    }

    #[test]
    fn other_names_and_tricks_are_not() {
        for host in [
            "",
            "example.org",
            "localhost.example.org",
            "127.0.0.1.example.org",
            "10.0.0.1",
            "0.0.0.0",
            "[::]",
            "[::ffff:10.0.0.1]",
            "::1",
            "localhost@example.org",
            "localhost/",
            "2130706433",
        ] {
            assert!(!local(&request("/", &[("host", host)])), "{host}");
        }
        assert!(!local(&request("/", &[])), "no name at all");
        assert!(!local(&request("/", &[("host", "localhost"), ("host", "example.org")])));
        assert!(!local(&request("http://example.org/", &[("host", "localhost")])));
    }

    #[test]
    fn what_a_proxy_forwards_is_not() {
        for name in [
            "Forwarded",
            "Via",
            "X-Real-IP",
            "X-Forwarded",
            "X-Forwarded-For",
            "X-Forwarded-Host",
            "x-forwarded-proto",
        ] {
            assert!(!local(&request("/", &[("host", "localhost"), (name, "x")])), "{name}");
        }
    }

    #[test]
    fn a_page_of_another_site_is_not() {
        let with = |origin| local(&request("/", &[("host", "localhost"), ("origin", origin)]));
        for origin in
            ["http://example.org", "https://localhost.example.org", "null", "", "http://192.168.0.1"]
        {
            assert!(!with(origin), "{origin}");
        }
        for origin in ["http://localhost:3000", "http://127.0.0.1", "http://[::1]:5000"] {
            assert!(with(origin), "{origin}");
        }
    }
}
