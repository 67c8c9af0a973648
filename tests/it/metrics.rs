//! What operators can read under `/metrics`: each figure told by what it is said to count, and by nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::support::account::{Account, confirm};
use crate::support::audit::AuditFile;
use crate::support::certificates::Certificates;
use crate::support::metrics::Series;
use crate::support::proxy::Cut;
use crate::support::{Client, Proxy, RedisServer, STATE_KEYS, TestApp, at_once, eventually};

const OPERATORS: (&str, &str) = ("SPAKE_ADMIN_ADDR", "127.0.0.1:0");
const DURATIONS: &str = "spake_http_request_duration_seconds_count";

fn watched(variables: &[(&str, &str)]) -> TestApp {
    TestApp::with(&[&[OPERATORS], variables].concat())
}

fn events(series: &Series, protocol: &str) -> [u64; 4] {
    ["opened", "answered", "confirmed", "wrong_confirmation"].map(|event| {
        series.value(&format!(r#"spake_session_events_total{{event="{event}",protocol="{protocol}"}}"#))
            as u64
    })
}

#[test]
fn requests_are_counted_by_route_and_outcome_and_errors_by_their_code() {
    let app = watched(&[]);
    app.post("/spake/initiate", &json!({ "session_id": "s", "password": "password" })).ok();
    app.get("/spake/status/s").ok();
    app.get("/spake/status/s").ok();
    app.get("/spake/status/none").refused(404, "session_not_found");
    app.get("/nowhere").refused(404, "endpoint_not_found");
    app.raw(b"BREW /spake/status/s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .refused(405, "method_not_allowed");
    let series = Series::of(&app);
    let requests = |method: &str, route: &str, status: &str| {
        series.count(&format!(r#"{DURATIONS}{{method="{method}",route="{route}",status="{status}"}}"#))
    };
    assert_eq!(requests("POST", "/spake/initiate", "2xx"), 1);
    assert_eq!(requests("GET", "/spake/status/{id}", "2xx"), 2);
    assert_eq!(requests("GET", "/spake/status/{id}", "4xx"), 1);
    assert_eq!(requests("GET", "unknown", "4xx"), 1);
    assert_eq!(requests("another", "/spake/status/{id}", "4xx"), 1);
    assert_eq!(series.sum(DURATIONS, &[]), 6, "each once, and none of the operators' own");
    for code in ["session_not_found", "endpoint_not_found", "method_not_allowed"] {
        assert_eq!(series.count(&format!(r#"spake_http_errors_total{{code="{code}"}}"#)), 1, "{code}");
    }
}

#[test]
fn a_request_whose_caller_went_away_is_counted_as_abandoned() {
    let app = watched(&[("SPAKE_PBKDF2_ITERATIONS", "10000000")]);
    let mut stream = TcpStream::connect(&app.address).unwrap();
    let body = r#"{"session_id":"s","password":"password"}"#;
    let request = format!(
        "POST /spake/initiate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    eventually("it is stretched", || (Series::of(&app).value("spake_stretch_running") == 1.0).then_some(()));
    drop(stream);
    let abandoned = format!(r#"{DURATIONS}{{method="POST",route="/spake/initiate",status="abandoned"}}"#);
    eventually("it is counted", || (Series::of(&app).count(&abandoned) == 1).then_some(()));
}

#[test]
fn no_label_has_a_value_that_a_caller_chose() {
    let app = watched(&[]);
    let before: BTreeSet<String> = {
        app.get("/spake/status/x").refused(404, "session_not_found");
        app.get("/x").refused(404, "endpoint_not_found");
        app.raw(b"X /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .refused(405, "method_not_allowed");
        Series::of(&app).names().map(str::to_owned).collect()
    };
    for index in 0..50 {
        app.get(&format!("/spake/status/chosen-{index}")).refused(404, "session_not_found");
        app.get(&format!("/chosen-{index}/x")).refused(404, "endpoint_not_found");
        let request =
            format!("CHOSEN{index} /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        app.raw(request.as_bytes()).refused(405, "method_not_allowed");
    }
    let after: BTreeSet<String> = Series::of(&app).names().map(str::to_owned).collect();
    assert_eq!(after.difference(&before).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn a_pairing_is_counted_as_what_became_of_it() {
    let app = watched(&[]);
    assert_eq!(events(&Series::of(&app), "spake2"), [0; 4], "there from the start");
    let right = Client::initiate(&app, "right", "password", "password");
    assert_eq!(events(&Series::of(&app), "spake2"), [1, 0, 0, 0]);
    right.exchange(&app).ok();
    right.exchange(&app).ok();
    assert_eq!(events(&Series::of(&app), "spake2"), [1, 1, 0, 0], "a repetition is no second answer");
    right.confirm(&app).ok();
    right.confirm(&app).ok();
    assert_eq!(events(&Series::of(&app), "spake2"), [1, 1, 1, 0]);
    let wrong = Client::initiate(&app, "wrong", "password", "guess");
    wrong.exchange_and_confirm(&app).refused(403, "confirmation_failed");
    wrong.exchange_and_confirm(&app).refused(403, "confirmation_failed");
    assert_eq!(events(&Series::of(&app), "spake2"), [2, 2, 1, 1]);
    app.post("/spake/initiate", &json!({ "session_id": "right", "password": "x" }))
        .refused(409, "session_exists");
    assert_eq!(events(&Series::of(&app), "spake2"), [2, 2, 1, 1], "what was refused opened nothing");
    assert_eq!(events(&Series::of(&app), "spake2plus"), [0; 4]);
}

#[test]
fn guessing_a_login_shows_in_wrong_confirmations_in_abandoned_logins_and_in_lockouts() {
    let app = watched(&[("SPAKE_GUESS_LIMIT", "3")]);
    let alice = Account::at(&app, "alice", "password");
    alice.register(&app);
    alice.log_in(&app);
    assert_eq!(events(&Series::of(&app), "spake2plus"), [1, 1, 1, 0]);
    let guess = |guess: u8| Account::guesser("alice", guess).begin();
    let wrong = guess(1).post(&app).ok().string("session_id");
    confirm(&app, &wrong, &"00".repeat(32)).refused(403, "confirmation_failed");
    // Two more that are never confirmed: each was a guess.
    guess(2).post(&app).ok();
    guess(3).post(&app).ok();
    guess(4).post(&app).refused(429, "too_many_guesses");
    let series = Series::of(&app);
    assert_eq!(events(&series, "spake2plus"), [4, 4, 1, 1]);
    assert_eq!(series.value("spake_guess_budget_refusals_total"), 1.0);
}

#[test]
fn a_guess_counts_whose_caller_hangs_up_and_asks_again() {
    let redis = RedisServer::start();
    let proxy = Proxy::to(&redis.addr());
    let app = TestApp::on_redis(&proxy.url(), &[OPERATORS]);
    let abandoned = |path: &str, body: &serde_json::Value, before: usize| {
        let name = format!(r#"{DURATIONS}{{method="POST",route="{path}",status="abandoned"}}"#);
        proxy.hold_reply(before);
        let mut stream = TcpStream::connect(&app.address).unwrap();
        let body = body.to_string();
        let head = "Host: localhost\r\nContent-Type: application/json";
        let length = body.len();
        let request = format!("POST {path} HTTP/1.1\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).unwrap();
        eventually("Redis has done it", || (!proxy.still_has_to_hold()).then_some(()));
        drop(stream);
        eventually("it is abandoned", || (Series::of(&app).count(&name) == 1).then_some(()));
    };
    let login = Account::guesser("alice", 1).begin();
    // The first script reads.
    abandoned("/spake/login", &login.request(), 1);
    login.post(&app).ok();
    assert_eq!(events(&Series::of(&app), "spake2plus"), [1, 1, 0, 0]);
    let wrong = Client::initiate(&app, "wrong", "password", "guess");
    abandoned("/spake/exchange", &wrong.exchange_and_confirm_request(), 0);
    wrong.exchange_and_confirm(&app).refused(403, "confirmation_failed");
    assert_eq!(events(&Series::of(&app), "spake2"), [1, 1, 0, 1]);
}

#[test]
fn a_guess_counts_whose_outcome_was_lost() {
    let redis = RedisServer::start();
    let proxy = Proxy::to(&redis.addr());
    let app = TestApp::on_redis(&proxy.url(), &[OPERATORS]);
    let wrong = Client::initiate(&app, "wrong", "password", "guess");
    proxy.cut_next_script(Cut::Reply);
    wrong.exchange_and_confirm(&app).refused(503, "outcome_unknown");
    wrong.exchange_and_confirm(&app).refused(403, "confirmation_failed");
    assert_eq!(events(&Series::of(&app), "spake2"), [1, 1, 0, 1]);
}

#[test]
fn of_confirmations_at_once_on_three_services_one_is_counted() {
    let redis = RedisServer::start();
    let apps = [(); 3].map(|()| TestApp::on_redis(&redis.url(), &[OPERATORS]));
    let client = Client::initiate(&apps[0], "s", "password", "guess");
    client.exchange(&apps[0]).ok();
    let request = client.confirm_request();
    at_once(&[0, 1, 2, 0, 1, 2], |_, app: &usize| {
        apps[*app].post("/spake/confirm", &request).refused(403, "confirmation_failed")
    });
    let all = apps.iter().map(|app| events(&Series::of(app), "spake2"));
    let all = all.reduce(|sum, one| std::array::from_fn(|index| sum[index] + one[index]));
    assert_eq!(all, Some([1, 1, 0, 1]));
}

#[test]
fn stretching_shows_who_works_who_waits_and_who_was_sent_away() {
    let app = watched(&[
        ("SPAKE_PBKDF2_ITERATIONS", "10000000"),
        ("SPAKE_STRETCH_THREADS", "1"),
        ("SPAKE_STRETCH_QUEUE", "1"),
    ]);
    let initiate = |id: &str| app.post("/spake/initiate", &json!({ "session_id": id, "password": "x" }));
    let shows = |name: &str| {
        eventually(name, || (Series::of(&app).value(name) == 1.0).then_some(()));
    };
    thread::scope(|scope| {
        let works = scope.spawn(|| initiate("works"));
        shows("spake_stretch_running");
        let waits = scope.spawn(|| initiate("waits"));
        shows("spake_stretch_queue_length");
        initiate("sent-away").refused(503, "overloaded");
        works.join().unwrap().ok();
        waits.join().unwrap().ok();
    });
    let series = Series::of(&app);
    assert_eq!(series.count("spake_stretch_refused_total"), 1);
    assert_eq!(series.count(r#"spake_http_errors_total{code="overloaded"}"#), 1);
    assert_eq!(series.count("spake_stretch_wait_seconds_count"), 2);
    assert_eq!(series.count("spake_stretch_duration_seconds_count"), 2);
    assert!(series.value("spake_stretch_wait_seconds_sum") > 0.1, "one waited for the other");
    for (name, value) in [
        ("spake_stretch_running", 0.0),
        ("spake_stretch_queue_length", 0.0),
        ("spake_stretch_threads", 1.0),
        ("spake_stretch_queue_limit", 1.0),
        ("spake_http_requests_in_flight", 0.0),
        ("spake_http_requests_in_flight_limit", 1024.0),
    ] {
        assert_eq!(series.value(name), value, "{name}");
    }
}

#[test]
fn a_redis_that_stops_and_comes_back_shows() {
    let redis = RedisServer::start();
    let app = TestApp::on_redis(&redis.url(), &[OPERATORS, ("SPAKE_REDIS_TIMEOUT", "200ms")]);
    app.get_as_operator("/health/ready").ok();
    let series = Series::of(&app);
    assert_eq!(series.value("spake_store_up"), 1.0);
    assert_eq!(series.value(r#"spake_store_info{store="redis"}"#), 1.0);
    assert!(series.value("spake_store_clock_skew_seconds").abs() < 1.0, "one machine, one clock");
    assert!(series.value(r#"spake_redis_connections{pool="shared",state="open"}"#) >= 1.0);
    assert!(series.value(r#"spake_redis_connects_total{outcome="ok"}"#) >= 1.0);
    redis.kill();
    app.get("/spake/status/s").refused(503, "store_unavailable");
    let series = Series::of(&app);
    assert_eq!(series.value("spake_store_up"), 0.0);
    let failed =
        r#"spake_store_request_duration_seconds_count{operation="read_session",outcome="unavailable"}"#;
    assert_eq!(series.value(failed), 1.0);
    assert!(series.value(r#"spake_redis_connects_total{outcome="failed"}"#) >= 1.0);
    redis.restart();
    eventually("it is up again", || {
        app.get_as_operator("/health/ready");
        (Series::of(&app).value("spake_store_up") == 1.0).then_some(())
    });
}

#[test]
fn a_redis_that_hangs_shows_though_nobody_waits_for_it() {
    let redis = RedisServer::start();
    let app = TestApp::on_redis(&redis.url(), &[OPERATORS, ("SPAKE_REDIS_TIMEOUT", "1s")]);
    Series::of(&app);
    redis.pause();
    let hang_up = |address: &str, path: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).unwrap();
        // Until the service has read it, which is when it sends nothing back.
        stream.set_read_timeout(Some(std::time::Duration::from_millis(100))).unwrap();
        stream.read(&mut [0]).unwrap_err();
    };
    hang_up(&app.address, "/spake/status/none");
    let abandoned =
        r#"spake_store_request_duration_seconds_count{operation="read_session",outcome="abandoned"}"#;
    eventually("it is counted", || (Series::of(&app).count(abandoned) == 1).then_some(()));
    assert_eq!(Series::of(&app).value("spake_store_up"), 1.0, "nobody knows yet");
    hang_up(app.operators().trim_start_matches("http://"), "/health/ready");
    eventually("it shows", || (Series::of(&app).value("spake_store_up") == 0.0).then_some(()));
    redis.resume();
}

#[test]
fn the_state_keys_show_by_name_and_which_of_them_seals() {
    let keys = format!("{STATE_KEYS},older:{}", &STATE_KEYS[2..]);
    let redis = RedisServer::start();
    let app = TestApp::on_redis(&redis.url(), &[OPERATORS, ("SPAKE_STATE_KEYS", &keys)]);
    let series = Series::of(&app);
    assert_eq!(series.value(r#"spake_state_key_info{key="a",use="seals"}"#), 1.0);
    assert_eq!(series.value(r#"spake_state_key_info{key="older",use="opens"}"#), 1.0);
}

#[test]
fn a_certificates_end_shows_and_changes_when_the_files_do() {
    const ENDED: u64 = 1_580_515_200; // 2020-02-01
    const NAME: &str = "spake_tls_certificate_expiry_timestamp_seconds";
    let certificates = Certificates::make();
    certificates.issue_expired("expired");
    let [cert, key] = ["expired.crt", "expired.key"].map(|file| certificates.path(file));
    let app =
        watched(&[("SPAKE_TLS_CERT", cert.to_str().unwrap()), ("SPAKE_TLS_KEY", key.to_str().unwrap())]);
    assert_eq!(Series::of(&app).count(NAME), ENDED);
    fs::rename(certificates.path("server.crt"), cert).unwrap();
    fs::rename(certificates.path("server.key"), key).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let in_two_days = now + 47 * 3600..now + 49 * 3600;
    eventually("the new one shows", || in_two_days.contains(&Series::of(&app).count(NAME)).then_some(()));
    assert!(Series::of(&watched(&[])).names().all(|name| !name.contains("certificate")));
}

#[test]
fn a_service_that_is_stopping_says_so_and_a_gap_in_the_audit_file_shows() {
    let audit = AuditFile::new();
    let app = watched(&[("SPAKE_DRAIN_DELAY", "60s"), audit.variable()]);
    let series = Series::of(&app);
    assert_eq!((series.value("spake_stopping"), series.value("spake_audit_events_lost_total")), (0.0, 0.0));
    app.terminate();
    eventually("it says so", || (Series::of(&app).value("spake_stopping") == 1.0).then_some(()));
}

#[test]
fn an_audit_file_that_cannot_be_written_shows_before_anything_is_lost() {
    let full = watched(&[("SPAKE_AUDIT_FILE", "/dev/full")]);
    assert_eq!(Series::of(&full).value("spake_audit_failing"), 0.0);
    full.get("/spake/status/none").refused(404, "session_not_found");
    eventually("it shows", || (Series::of(&full).value("spake_audit_failing") == 1.0).then_some(()));
    assert_eq!(Series::of(&full).value("spake_audit_events_lost_total"), 0.0);
}

#[test]
fn what_is_read_is_prometheus_text_with_a_help_and_a_type_for_each_family() {
    let app = watched(&[]);
    app.get("/health").ok();
    let answer = app.get_as_operator("/metrics");
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4"));
    for family in ["spake_build_info", "spake_http_request_duration_seconds", "process_open_fds"] {
        for kind in ["HELP", "TYPE"] {
            let line = format!("# {kind} {family} ");
            assert_eq!(answer.text.lines().filter(|text| text.starts_with(&line)).count(), 1, "{line}");
        }
    }
    let version = format!(r#"spake_build_info{{version="{}"}}"#, env!("CARGO_PKG_VERSION"));
    assert_eq!(Series::of(&app).value(&version), 1.0);
    // Not for the public.
    app.get("/metrics").refused(404, "endpoint_not_found");
}
