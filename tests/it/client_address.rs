//! Whose request it is: the peer's, or whom a trusted proxy names, and never whom the client names.

use crate::support::account::Account;
use crate::support::{Answer, TestApp};

/// One request, then one in a long while: what is refused has an address that was seen before.
fn one_each(trusted: &[(&str, &str)]) -> TestApp {
    let variables = [
        ("SPAKE_INSECURE_NO_AUTH", "true"),
        ("SPAKE_RATE_LIMIT_PER_SECOND", "1"),
        ("SPAKE_RATE_LIMIT_BURST", "1"),
    ];
    TestApp::with(&[&variables, trusted].concat())
}

fn get(app: &TestApp, forwarded: &[&str]) -> Answer {
    let headers: String = forwarded.iter().map(|list| format!("X-Forwarded-For: {list}\r\n")).collect();
    let request =
        format!("GET /spake/status/none HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
    app.raw(request.as_bytes())
}

#[test]
fn what_a_trusted_proxy_appended_is_the_client_and_what_stands_before_is_not() {
    let app = one_each(&[("SPAKE_TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1")]);
    let client = |app: &TestApp, forwarded: &[&str]| get(app, forwarded).refused(404, "session_not_found");
    client(&app, &["198.51.100.7"]);
    client(&app, &["198.51.100.8"]);
    client(&app, &["198.51.100.7, 198.51.100.9"]);
    for again in [
        &["198.51.100.7"][..],
        &["203.0.113.1, 198.51.100.7"],
        &["203.0.113.2", "198.51.100.7:4711, 10.0.0.1"],
        &["203.0.113.3, ::ffff:198.51.100.7", "10.0.0.1,10.0.0.2"],
    ] {
        get(&app, again).refused(429, "rate_limited");
    }
    // An IPv6 caller has a /64.
    client(&app, &["2001:db8::1"]);
    get(&app, &["[2001:db8::2]:80"]).refused(429, "rate_limited");
    client(&app, &["2001:db8:0:1::1"]);
}

#[test]
fn who_is_no_trusted_proxy_is_the_client_whatever_it_forwards() {
    for trusted in [&[][..], &[("SPAKE_TRUSTED_PROXIES", "192.0.2.0/24")]] {
        let app = one_each(trusted);
        get(&app, &["198.51.100.7"]).refused(404, "session_not_found");
        get(&app, &["198.51.100.8"]).refused(429, "rate_limited");
        get(&app, &[]).refused(429, "rate_limited");
    }
}

#[test]
fn a_share_of_the_budget_of_guesses_belongs_to_the_client_and_not_to_its_proxy() {
    let app = TestApp::with(&[
        ("SPAKE_INSECURE_NO_AUTH", "true"),
        ("SPAKE_TRUSTED_PROXIES", "127.0.0.1"),
        ("SPAKE_GUESS_LIMIT_PER_ADDRESS", "1"),
    ]);
    let guess = |client: &str| {
        let request = Account::guesser("alice", 7).begin().request();
        let headers = [("Content-Type", "application/json"), ("X-Forwarded-For", client)];
        app.raw_post("/spake/login", &headers, request.to_string().as_bytes())
    };
    guess("198.51.100.7").ok();
    guess("198.51.100.7").refused(429, "too_many_guesses");
    guess("198.51.100.8, 198.51.100.7").refused(429, "too_many_guesses");
    guess("198.51.100.8").ok();
}

#[test]
fn a_trusted_proxy_does_not_open_a_service_without_keys() {
    let app = TestApp::with(&[("SPAKE_TRUSTED_PROXIES", "127.0.0.1")]);
    get(&app, &["198.51.100.7"]).refused(403, "foreign_request");
}
