//! Pages of other sites: none, but those of `SPAKE_CORS_ORIGINS`.

use crate::support::contract::operations;
use crate::support::{Answer, KeysFile, TestApp, run};

const SHOP: &str = "https://shop.example";

fn ask(app: &TestApp, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    app.raw(format!("{head}\r\n").as_bytes())
}

fn preflight(app: &TestApp, origin: &str, method: &str, path: &str) -> Answer {
    let headers = [
        ("Origin", origin),
        ("Access-Control-Request-Method", method),
        ("Access-Control-Request-Headers", "authorization,content-type,if-match,if-none-match,x-request-id"),
    ];
    ask(app, "OPTIONS", path, &headers)
}

fn list<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    answer.header(name).unwrap_or_default().split(',').map(str::trim).collect()
}

#[test]
fn a_browser_may_ask_for_every_route_and_method_without_a_key() {
    let file = KeysFile::new();
    file.add("backend", "login");
    let app = file.serve(&[("SPAKE_CORS_ORIGINS", &format!("http://localhost:3000,{SHOP}"))]);
    for (method, path, _) in operations() {
        let answer = preflight(&app, SHOP, &method, &path.replace("{id}", "x")).ok();
        assert_eq!(answer.header("access-control-allow-origin"), Some(SHOP), "{method} {path}");
        assert!(list(&answer, "access-control-allow-methods").contains(&&*method), "{method}: {answer:?}");
        for header in
            ["authorization", "content-type", "if-match", "if-none-match", "x-request-id", "traceparent"]
        {
            assert!(list(&answer, "access-control-allow-headers").contains(&header), "{header}: {answer:?}");
        }
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
}

#[test]
fn a_page_reads_answers_and_errors_with_their_headers_and_another_sites_page_does_not() {
    let file = KeysFile::new();
    let key = format!("Bearer {}", file.add("page", "login"));
    let app = file.serve(&[("SPAKE_CORS_ORIGINS", SHOP)]);
    let path = "/spake/credentials/a/kdf";
    let with_key = [("Origin", SHOP), ("Authorization", &*key)];
    let answer = ask(&app, "GET", path, &with_key).ok();
    let refused = ask(&app, "GET", path, &with_key[..1]).refused(401, "missing_api_key");
    for answer in [answer, refused] {
        assert_eq!(answer.header("access-control-allow-origin"), Some(SHOP));
        let exposed = list(&answer, "access-control-expose-headers");
        for header in
            ["etag", "retry-after", "x-request-id", "ratelimit-limit", "ratelimit-remaining", "traceresponse"]
        {
            assert!(exposed.contains(&header), "{header}: {exposed:?}");
        }
        assert!(list(&answer, "vary").contains(&"origin"));
    }
    for other in ["https://evil.example", "https://shop.example.evil.example", "null", "http://shop.example"]
    {
        let answers = [
            ask(&app, "GET", path, &[("Origin", other), ("Authorization", &key)]),
            preflight(&app, other, "GET", path),
        ];
        for answer in answers {
            assert_eq!(answer.header("access-control-allow-origin"), None, "{other}");
        }
    }
}

#[test]
fn every_site_is_let_in_only_where_there_are_keys() {
    let file = KeysFile::new();
    file.add("page", "login");
    let app = file.serve(&[("SPAKE_CORS_ORIGINS", "*")]);
    let answer = preflight(&app, "https://any.example", "POST", "/spake/login").ok();
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    for more in [&[][..], &[("SPAKE_INSECURE_NO_AUTH", "true")]] {
        let (code, _, err) = run(&[&[("SPAKE_CORS_ORIGINS", "*")], more].concat(), &[]);
        assert!(
            code == 2 && err.contains("SPAKE_CORS_ORIGINS") && err.contains("SPAKE_API_KEYS_FILE"),
            "{err}"
        );
        assert_eq!(err.lines().count(), 1);
    }
}

#[test]
fn without_keys_only_the_sites_that_were_named_get_past_the_guard() {
    let app = TestApp::with(&[("SPAKE_CORS_ORIGINS", SHOP)]);
    let answer = ask(&app, "GET", "/spake/sessions", &[("Origin", SHOP)]).ok();
    assert_eq!(answer.header("access-control-allow-origin"), Some(SHOP));
    preflight(&app, SHOP, "POST", "/spake/initiate").ok();
    for other in ["https://evil.example", "null"] {
        ask(&app, "GET", "/spake/sessions", &[("Origin", other)]).refused(403, "foreign_request");
        preflight(&app, other, "POST", "/spake/initiate").refused(403, "foreign_request");
    }
    let forwarded = [("Origin", SHOP), ("X-Forwarded-For", "10.0.0.1")];
    ask(&app, "GET", "/spake/sessions", &forwarded).refused(403, "foreign_request");
}

#[test]
fn nothing_is_let_in_by_default_and_the_configuration_says_who_is() {
    let app = TestApp::start();
    preflight(&app, "http://localhost:3000", "POST", "/spake/initiate").refused(405, "method_not_allowed");
    let (_, out, _) = run(&[("SPAKE_CORS_ORIGINS", SHOP)], &["check-config"]);
    assert!(out.contains(SHOP), "{out}");
    let (_, out, _) = run(&[], &["check-config"]);
    assert!(!out.contains("pages of"), "{out}");
}
