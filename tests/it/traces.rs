//! Traces: off unless a collector is named, a part of the caller's trace, and without a secret.

use std::net::TcpListener;

use serde_json::json;

use crate::startup::refused;
use crate::support::account::live_through;
use crate::support::at_rest::Secrets;
use crate::support::collector::{Collector, Span, text};
use crate::support::{Answer, Client, RedisServer, STATE_KEYS, TestApp, eventually};

/// W3C's example.
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";
/// So that no test waits five seconds for a batch.
const SOON: (&str, &str) = ("OTEL_BSP_SCHEDULE_DELAY", "20");

fn traced(collector: &Collector, variables: &[(&str, &str)]) -> TestApp {
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.url());
    TestApp::with(&[&[endpoint, SOON], variables].concat())
}

fn ask_with(app: &TestApp, headers: &[(&str, &str)], path: &str) -> Answer {
    let mut request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    app.raw(format!("{request}\r\n").as_bytes())
}

fn parent(flags: &str) -> String {
    format!("00-{TRACE}-{PARENT}-{flags}")
}

fn attribute(span: &Span, name: &str) -> Option<String> {
    text(&span.attributes, name)
}

#[test]
fn without_a_collector_nothing_is_traced() {
    let app = TestApp::with(&[("RUST_LOG", "debug")]);
    let answer = ask_with(&app, &[("traceparent", &parent("01"))], "/health").ok();
    assert_eq!(answer.header("traceresponse"), None);
    assert!(!app.log().contains("trace_id"), "{}", app.log());
}

#[test]
fn a_request_is_a_part_of_its_callers_trace_and_what_it_asks_of_others_a_part_of_it() {
    let collector = Collector::start();
    let redis = RedisServer::start();
    let app = traced(&collector, &[("REDIS_URL", &redis.url()), ("SPAKE_STATE_KEYS", STATE_KEYS)]);
    let headers = [("traceparent", &*parent("01")), ("tracestate", "vendor=value")];
    let answer = ask_with(&app, &headers, "/spake/status/none").refused(404, "session_not_found");
    let span = collector.span("GET /spake/status/{id}");
    assert_eq!(
        (hex::encode(&span.trace_id), hex::encode(&span.parent_span_id)),
        (TRACE.into(), PARENT.into())
    );
    assert_eq!(span.trace_state, "vendor=value");
    assert_eq!(span.kind, 2, "a server's");
    for (name, value) in [
        ("http.request.method", "GET"),
        ("http.route", "/spake/status/{id}"),
        ("http.response.status_code", "404"),
        ("error.type", "session_not_found"),
    ] {
        assert_eq!(attribute(&span, name).as_deref(), Some(value), "{name}");
    }
    let response = format!("00-{TRACE}-{}-01", hex::encode(&span.span_id));
    assert_eq!(answer.header("traceresponse"), Some(&*response));
    let read = collector.span("read_session");
    assert_eq!((&read.trace_id, &read.parent_span_id), (&span.trace_id, &span.span_id));
    assert_eq!((read.kind, attribute(&read, "outcome").as_deref()), (3, Some("ok")), "a client's");
    let line = app.log().lines().find(|line| line.contains("session_not_found")).unwrap().to_owned();
    assert!(line.contains(TRACE), "the log leads to the trace: {line}");
}

#[test]
fn what_operators_ask_is_not_traced() {
    let collector = Collector::start();
    let redis = RedisServer::start();
    let mut app = traced(
        &collector,
        &[("SPAKE_ADMIN_ADDR", "127.0.0.1:0"), ("REDIS_URL", &redis.url()), ("SPAKE_STATE_KEYS", STATE_KEYS)],
    );
    for path in ["/health/live", "/health/ready", "/metrics", "/nowhere"] {
        assert_eq!(app.get_as_operator(path).header("traceresponse"), None);
    }
    app.get("/health").ok();
    app.terminate();
    assert_eq!(app.wait().code(), Some(0));
    let names: Vec<_> = collector.spans().into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["GET /health"]);
}

#[test]
fn stretching_shows_how_long_it_waited_and_how_long_it_took() {
    let collector = Collector::start();
    let app = traced(&collector, &[]);
    app.post("/spake/initiate", &json!({ "session_id": "s", "password": "password" })).ok();
    let request = collector.span("POST /spake/initiate");
    for name in ["wait for a stretching thread", "stretch", "create_session"] {
        let span = collector.span(name);
        assert_eq!((&span.trace_id, &span.parent_span_id), (&request.trace_id, &request.span_id), "{name}");
        assert!(span.end_time_unix_nano <= request.end_time_unix_nano, "{name}");
    }
    assert!(request.parent_span_id.is_empty(), "without a caller's trace it begins one");
    assert_eq!(collector.resource("service.name").as_deref(), Some("spake-service"));
    assert_eq!(collector.resource("service.version").as_deref(), Some(env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_service_can_be_given_another_name() {
    let collector = Collector::start();
    let app = traced(
        &collector,
        &[("OTEL_SERVICE_NAME", "pairing-eu"), ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test")],
    );
    app.get("/health").ok();
    collector.span("GET /health");
    assert_eq!(collector.resource("service.name").as_deref(), Some("pairing-eu"));
    assert_eq!(collector.resource("deployment.environment").as_deref(), Some("test"));
}

#[test]
fn what_the_caller_does_not_sample_is_not_sent_and_a_share_of_none_is_none() {
    let collector = Collector::start();
    let app = traced(&collector, &[]);
    ask_with(&app, &[("traceparent", &parent("00"))], "/spake/sessions").ok();
    app.get("/health").ok();
    collector.span("GET /health");
    assert!(collector.spans().iter().all(|span| span.name == "GET /health"));
    let none = Collector::start();
    let sampler = [("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "0")];
    let mut app = traced(&none, &sampler);
    ask_with(&app, &[("traceparent", &parent("01"))], "/health").ok();
    app.terminate();
    assert_eq!(app.wait().code(), Some(0));
    assert!(none.spans().is_empty());
}

#[test]
fn a_trace_parent_that_is_none_begins_a_trace_of_its_own() {
    let collector = Collector::start();
    let app = traced(&collector, &[]);
    let long = format!("00-{TRACE}-{PARENT}-01-{}", "x".repeat(4000));
    for bad in ["", "x", "00-0-0-00", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", &long] {
        let answer = ask_with(&app, &[("traceparent", bad)], "/health").ok();
        let response = answer.header("traceresponse").unwrap_or_default();
        assert!(response.starts_with("00-") && !response.contains(TRACE), "{bad:.20}: {response}");
    }
}

#[test]
fn no_span_has_a_password_a_share_a_secret_or_an_id() {
    const PASSWORD: &str = "correct horse battery staple";
    let collector = Collector::start();
    let app = traced(&collector, &[("RUST_LOG", "trace")]);
    let mut secrets = Secrets::default();
    secrets.add("password", PASSWORD);
    for id in ["zebra-crossing-17", "quiet-yellow-moon"] {
        secrets.add("id", id);
    }
    let client = Client::initiate(&app, "zebra-crossing-17", PASSWORD, PASSWORD);
    secrets.add_hex("pA", &client.public_key());
    secrets.add_hex("cA", &client.confirmation());
    let exchanged = client.exchange(&app).ok();
    secrets.add_hex("shared secret", &exchanged.string("shared_secret"));
    client.confirm(&app).ok();
    app.get("/spake/secret/zebra-crossing-17").ok();
    live_through(&app, "quiet-yellow-moon", PASSWORD, &mut secrets);
    app.get(&format!("/{}", PASSWORD.replace(' ', "-"))).refused(404, "endpoint_not_found");
    app.get("/health").ok();
    collector.span("GET /health");
    for name in ["POST /spake/exchange", "POST /spake/login", "commit_login", "PUT /spake/credentials/{id}"] {
        collector.span(name);
    }
    secrets.assert_absent("spans", &collector.bytes());
}

#[test]
fn a_collector_that_is_away_costs_nobody_an_answer_and_is_found_when_it_comes() {
    // A port that is free, for a while.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let mut away = TestApp::with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{address}")), SOON]);
    for _ in 0..20 {
        away.get("/health").ok();
    }
    eventually("it is said", || away.log().contains("traces cannot be sent").then_some(()));
    let collector = Collector::at(&address);
    eventually("spans arrive", || {
        away.get("/spake/sessions").ok();
        collector.spans().into_iter().find(|span| span.name == "GET /spake/sessions")
    });
    eventually("it is said", || away.log().contains("traces are sent again").then_some(()));
    away.terminate();
    assert_eq!(away.wait().code(), Some(0));
    assert_eq!(away.log().matches("traces cannot be sent").count(), 1, "{}", away.log());
}

#[test]
fn the_last_spans_are_sent_before_the_service_ends() {
    let collector = Collector::start();
    let mut app = traced(&collector, &[("OTEL_BSP_SCHEDULE_DELAY", "3600000")]);
    app.get("/health").ok();
    assert!(collector.spans().is_empty(), "a batch is sent once an hour");
    app.terminate();
    assert_eq!(app.wait().code(), Some(0));
    collector.span("GET /health");
}

#[test]
fn settings_that_mean_nothing_are_refused() {
    for (name, value, why) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "URL of a collector"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://collector", "URL of a collector"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/v1/traces", "without /v1/traces"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318?x=1", "URL of a collector"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:99999", "URL of a collector"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "99999999999", "from 1 to"),
        ("OTEL_BSP_SCHEDULE_DELAY", "0", "from 1 to"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "http/protobuf"),
        ("OTEL_TRACES_SAMPLER", "sometimes", "parentbased_always_on"),
        ("OTEL_TRACES_SAMPLER_ARG", "2", "from 0 to 1"),
        ("OTEL_TRACES_SAMPLER_ARG", "NaN", "from 0 to 1"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "0", "milliseconds"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "milliseconds"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere.pem", "/nowhere.pem"),
    ] {
        let url = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9");
        let sampler = ("OTEL_TRACES_SAMPLER", "traceidratio");
        refused(&[url, sampler, (name, value)], &[], &[name, why]);
    }
}

#[test]
fn what_a_platform_sets_for_all_it_runs_stops_nobody() {
    let collector = Collector::start();
    let of_others = [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
        ("OTEL_TRACES_SAMPLER_ARG", "endpoint=http://agent:5778"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere.pem"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
    ];
    TestApp::with(&of_others).get("/health").ok();
    let disabled = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.url()), ("OTEL_SDK_DISABLED", "true")];
    let untraced = TestApp::with(&[&disabled[..], &of_others].concat());
    assert_eq!(untraced.get("/health").ok().header("traceresponse"), None);
    let empty = of_others.map(|(name, _)| (name, ""));
    let app = traced(&collector, &empty);
    app.get("/health").ok();
    collector.span("GET /health");
    let mut keygen = std::process::Command::new(env!("CARGO_BIN_EXE_spake-service"));
    assert!(keygen.arg("keygen").envs(of_others).output().unwrap().status.success());
}

#[test]
fn a_collectors_password_is_not_told_by_help() {
    let mut help = std::process::Command::new(env!("CARGO_BIN_EXE_spake-service"));
    help.arg("--help").env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:open-sesame@collector");
    let output = String::from_utf8(help.output().unwrap().stdout).unwrap();
    assert!(output.contains("OTEL_EXPORTER_OTLP_ENDPOINT") && !output.contains("open-sesame"), "{output}");
}

#[test]
fn a_collector_that_never_answers_has_as_long_as_it_is_given() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let app =
        TestApp::with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &url), SOON, ("OTEL_EXPORTER_OTLP_TIMEOUT", "300")]);
    let begun = std::time::Instant::now();
    app.get("/health").ok();
    eventually("it is said", || app.log().contains("traces cannot be sent").then_some(()));
    assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{:?}", begun.elapsed());
}
