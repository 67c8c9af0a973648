//! The API's document is true, whole, and in the repository. (That every answer of every test is in it is checked where
//! the answers come in: `support::contract`.)

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::api_keys;
use crate::support::contract::{self, conforms, document, operations};
use crate::support::http::{Answer, request, request_with};
use crate::support::{KeysFile, TestApp, run};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_document_in_the_repository_is_what_the_service_says() {
    let (code, printed, err) = run(&[], &["openapi"]);
    assert_eq!((code, &*err), (0, ""));
    let file = root().join("docs/openapi.json");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&file, &printed).unwrap();
    }
    assert!(
        printed == fs::read_to_string(&file).unwrap(),
        "docs/openapi.json is old: `make openapi` writes it anew; look at the difference"
    );
    let app = TestApp::start();
    let answer = app.get("/openapi.json").ok();
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.text, printed);
}

#[test]
fn every_operation_is_a_route_and_every_other_method_is_refused() {
    let app = TestApp::start();
    let mut seen = 0;
    for (method, path, operation) in operations() {
        let path = path.replace("{id}", "x");
        let body = operation.get("requestBody").map(|_| serde_json::json!({ "nothing": "of use" }));
        let answer = request(&method, &app.url, &path, body.as_ref());
        assert!(answer.status == 200 || answer.status == 400 || answer.status == 404, "{answer:?}");
        assert!(answer.status != 404 || answer.string("code") != "endpoint_not_found", "{method} {path}");
        seen += 1;
    }
    assert!(seen > 15);
    for (path, methods) in document()["paths"].as_object().unwrap() {
        let path = path.replace("{id}", "x");
        let documented: BTreeSet<_> =
            methods.as_object().unwrap().keys().map(|name| name.to_uppercase()).collect();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
            if documented.contains(method) {
                continue;
            }
            let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            let answer = app.raw(head.as_bytes()).refused(405, "method_not_allowed");
            let allow = answer.header("allow").unwrap();
            let allowed = allow.split(',').map(|method| method.trim().to_owned());
            // A GET comes with a HEAD.
            let allowed: BTreeSet<_> = allowed.filter(|method| method != "HEAD").collect();
            assert_eq!(allowed, documented, "{path}");
        }
    }
}

/// The Rust files under `directory`, with their text.
fn sources(directory: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            found.push((name, fs::read_to_string(path).unwrap()));
        }
    }
    found
}

#[test]
fn no_route_is_made_but_with_its_description() {
    for (name, text) in sources(&root().join("src")) {
        let makes_one =
            [".route(", ".nest(", ".merge(", "route_service("].iter().any(|call| text.contains(call));
        let may = ["src/http/openapi/endpoint.rs", "src/http/admin.rs"].contains(&&*name);
        assert!(!makes_one || may, "{name} makes a route; src/http/endpoints is the place");
    }
}

#[test]
fn the_document_has_every_code_that_the_sources_have_and_no_other() {
    let documented: BTreeSet<&str> =
        document()["components"]["schemas"]["Error"]["properties"]["code"]["enum"]
            .as_array()
            .unwrap()
            .iter()
            .map(|code| code.as_str().unwrap())
            .collect();
    let sources: String = sources(&root().join("src/http"))
        .into_iter()
        // The operators' endpoints are no part of it.
        .filter(|(name, _)| !["/openapi/", "/endpoints/", "/admin"].iter().any(|part| name.contains(part)))
        .map(|(_, text)| text)
        .collect();
    for code in &documented {
        assert!(sources.contains(&format!("\"{code}\"")), "{code} is documented and nowhere made");
    }
    // A code follows the status or the constructor that takes it.
    let made = ["bad_request(", "StatusCode::", "unavailable("].into_iter().flat_map(|before| {
        sources.split(before).skip(1).filter_map(|after| {
            let (between, rest) = after.split_once('"')?;
            let is_near = between.chars().all(|c| c.is_ascii_uppercase() || " _,\n".contains(c));
            is_near.then(|| rest.split('"').next().unwrap())
        })
    });
    let mut seen = 0;
    for code in made {
        assert!(documented.contains(code), "{code} is made and not documented");
        seen += 1;
    }
    assert!(seen > 30, "{seen}");
    let of_operations = document().to_string();
    for code in documented.iter().filter(|code| !["endpoint_not_found", "method_not_allowed"].contains(code))
    {
        assert!(of_operations.matches(&format!("\"{code}\"")).count() > 1, "{code} is of no operation");
    }
}

#[test]
fn the_document_says_the_scopes_that_the_endpoints_take() {
    let mut with_scopes = 0;
    for (method, path, _, scopes) in api_keys::endpoints() {
        let security = contract::operation(method, path).unwrap()["security"].as_array().unwrap();
        let said: Vec<_> = security.iter().map(|one| one["apiKey"][0].as_str().unwrap()).collect();
        assert_eq!(said, scopes, "{method} {path}");
        with_scopes += 1;
    }
    let all = operations().filter(|(_, _, operation)| operation.get("security").is_some());
    assert_eq!(all.count(), with_scopes);
}

/// The answer that the document has for an example, and what it says that comes.
struct Told<'a> {
    request: Option<&'a Value>,
    answer: &'a Value,
    schema: &'a Value,
}

fn told(method: &str, path: &str, status: u16) -> Told<'static> {
    let operation = contract::operation(method, path).unwrap();
    let content = &operation["responses"][status.to_string()]["content"]["application/json"];
    Told {
        request: operation.pointer("/requestBody/content/application~1json/example"),
        answer: &content["example"],
        schema: &content["schema"],
    }
}

/// Equal, but for what is another every time: hex of the same length, times, ids that the service makes.
fn is_like(value: &Value, example: &Value) -> bool {
    let is_hex = |text: &str| text.len() >= 32 && text.chars().all(|c| c.is_ascii_hexdigit());
    match (value, example) {
        (Value::Object(a), Value::Object(b)) => {
            a.keys().eq(b.keys()) && a.iter().all(|(name, value)| is_like(value, &b[name]))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(value, example)| is_like(value, example))
        }
        (Value::String(a), Value::String(b)) => {
            a == b
                || (a.len() == b.len() && is_hex(a) && is_hex(b))
                || (a.len() == b.len() && a.ends_with('Z') && b.ends_with('Z'))
                || (a.starts_with("login-") && b.starts_with("login-"))
        }
        _ => value == example,
    }
}

#[test]
fn the_examples_are_what_the_service_takes_and_answers() {
    // At the default cost, which the examples show.
    let app = TestApp::with(&[("SPAKE_PBKDF2_ITERATIONS", "600000")]);
    let mut shown = BTreeSet::new();
    let mut show = |method: &str, path: &str, status: u16| -> Answer {
        let told = told(method, path, status);
        let answer = request(method, &app.url, path, told.request);
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(is_like(&answer.json(), told.answer), "{method} {path}: {answer:?} and {}", told.answer);
        conforms(told.answer, told.schema).unwrap();
        shown.insert((method.to_owned(), contract::operation(method, path).unwrap().to_string()));
        answer
    };
    show("GET", "/health", 200);
    show("POST", "/spake/initiate", 200);
    show("POST", "/spake/exchange", 200);
    // A confirmation that was right once is wrong for another run; the form is right.
    let told_of_confirm = told("POST", "/spake/confirm", 200);
    conforms(told_of_confirm.answer, told_of_confirm.schema).unwrap();
    app.post("/spake/confirm", told_of_confirm.request.unwrap()).refused(403, "confirmation_failed");
    app.delete("/spake/cleanup/demo").ok();

    // Confirmed with a client that computes.
    let initiated = app.post("/spake/initiate", told("POST", "/spake/initiate", 200).request.unwrap()).ok();
    let client = crate::support::Client::with_iterations(&initiated, "mypassword", 600_000);
    assert!(is_like(&client.exchange_and_confirm(&app).ok().json(), told_of_confirm.answer));
    for (method, path) in [
        ("GET", "/spake/status/demo"),
        ("GET", "/spake/secret/demo"),
        ("GET", "/spake/sessions"),
        ("DELETE", "/spake/cleanup/demo"),
        ("GET", "/spake/credentials/alice/kdf"),
    ] {
        show(method, path, 200);
    }
    for (method, path, status) in [
        ("PUT", "/spake/credentials/alice", 201),
        ("PUT", "/spake/credentials/alice", 200),
        ("PATCH", "/spake/credentials/alice", 200),
        ("GET", "/spake/credentials/alice", 200),
        ("GET", "/spake/credentials", 200),
        ("POST", "/spake/login", 200),
        ("GET", "/spake/credentials/alice/guesses", 200),
        ("DELETE", "/spake/credentials/alice/guesses", 200),
        ("DELETE", "/spake/credentials/alice", 200),
    ] {
        show(method, path, status);
    }
    // All but confirm and the two documents.
    assert_eq!(shown.len(), operations().count() - 3);
}

#[test]
fn the_document_and_its_page_are_open_and_load_nothing() {
    let file = KeysFile::new();
    file.add("backend", "login");
    for app in [TestApp::start(), file.serve(&[])] {
        app.get("/openapi.json").ok();
        let page = app.get("/docs").ok();
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        let policy = page.header("content-security-policy").unwrap();
        let (_, style) = page.text.split_once("<style>").unwrap();
        let style = style.split("</style>").next().unwrap();
        let hash = BASE64_STANDARD.encode(Sha256::digest(style));
        assert_eq!(
            policy,
            format!(
                "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors \
                 'none'"
            )
        );
        assert_eq!(page.header("x-frame-options"), Some("DENY"));
        for loads in ["<script", "src=", "@import", "url(", "<link", "http://", "https://", "style=\""] {
            assert!(!page.text.contains(loads), "{loads}");
        }
        for (method, path, operation) in operations() {
            assert!(page.text.contains(&format!("<b>{method}</b> <code>{path}</code>")), "{method} {path}");
            for status in operation["responses"].as_object().unwrap().keys() {
                assert!(page.text.contains(&format!("<td>{status}</td>")));
            }
        }
    }
    // Nobody is asked for a key, so none is wrong.
    let app = file.serve(&[]);
    request_with(&[("authorization", "Bearer x")], "GET", &app.url, "/docs", None).unwrap().ok();
}
