//! How often one caller may ask.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use crate::support::account::Account;
use crate::support::{Answer, KeysFile, TestApp, eventually};

fn limited(per_second: &str, burst: &str) -> TestApp {
    TestApp::with(&[("SPAKE_RATE_LIMIT_PER_SECOND", per_second), ("SPAKE_RATE_LIMIT_BURST", burst)])
}

fn number(answer: &Answer, header: &str) -> u64 {
    let value = answer.header(header).unwrap_or_else(|| panic!("no {header}: {answer:?}"));
    value.parse().unwrap_or_else(|_| panic!("{header}: {value}"))
}

#[test]
fn after_the_burst_it_is_a_429_that_says_when_to_come_back() {
    let app = limited("1", "3");
    for remaining in [2, 1, 0] {
        let answer = app.get("/spake/status/none").refused(404, "session_not_found");
        assert_eq!(answer.header("retry-after"), None);
        assert_eq!(
            ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"].map(|name| number(&answer, name)),
            [3, remaining, 3 - remaining]
        );
    }
    // Whatever is asked, the limit is the caller's.
    let refused = app.delete("/spake/credentials/alice").refused(429, "rate_limited");
    assert_eq!(
        ["retry-after", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"]
            .map(|name| number(&refused, name)),
        [1, 3, 0, 3]
    );
    app.get("/none").refused(429, "rate_limited");
    // This is the promise: who waits as long as it was told gets through.
    thread::sleep(Duration::from_secs(number(&refused, "retry-after")));
    app.get("/spake/status/none").refused(404, "session_not_found");
}

#[test]
fn by_default_a_caller_has_a_burst_of_a_hundred_without_keys_too() {
    let app = TestApp::with(&[("SPAKE_RATE_LIMIT_PER_SECOND", "20")]);
    let answer = app.get("/spake/status/none").refused(404, "session_not_found");
    assert_eq!((number(&answer, "ratelimit-limit"), number(&answer, "ratelimit-remaining")), (100, 99));
    let (_, help, _) = crate::support::run(&[], &["--help"]);
    let help: Vec<_> = help.split_whitespace().collect();
    assert!(help.join(" ").contains("[env: SPAKE_RATE_LIMIT_PER_SECOND=] [default: 20]"), "{help:?}");
}

#[test]
fn a_limit_of_nothing_a_second_is_none() {
    let app = limited("0", "1");
    for _ in 0..5 {
        let answer = app.get("/spake/status/none").refused(404, "session_not_found");
        assert!(answer.headers.iter().all(|(name, _)| !name.starts_with("ratelimit")), "{answer:?}");
    }
}

#[test]
fn health_has_no_limit() {
    let app = limited("1", "1");
    app.get("/spake/status/none").refused(404, "session_not_found");
    app.get("/spake/status/none").refused(429, "rate_limited");
    for _ in 0..5 {
        assert_eq!(app.get("/health").ok().header("ratelimit-limit"), None);
    }
}

#[test]
fn a_limited_login_is_the_same_for_known_and_unknown_ids() {
    let app = limited("1", "3");
    let alice = Account::at(&app, "alice", "password");
    alice.register(&app);
    alice.begin().post(&app).ok();
    let of = |id| {
        let answer = Account::guesser(id, 7).begin().post(&app).refused(429, "rate_limited");
        let headers: Vec<_> = answer
            .headers
            .iter()
            .filter(|(name, _)| !["date", "x-request-id"].contains(&&**name))
            .cloned()
            .collect();
        (headers, answer.string("error"))
    };
    assert_eq!(of("alice"), of("nobody"));
    // Such a login was no guess.
    thread::sleep(Duration::from_secs(1));
    assert_eq!(app.get("/spake/credentials/nobody/guesses").ok().field("used"), 0);
}

#[test]
fn a_flood_of_addresses_is_forgotten() {
    const ADDRESSES: u16 = 5000;
    let app = TestApp::with(&[
        ("SPAKE_RATE_LIMIT_PER_SECOND", "20"),
        ("SPAKE_INSECURE_NO_AUTH", "true"),
        ("SPAKE_TRUSTED_PROXIES", "127.0.0.1"),
        ("SPAKE_LOG_FORMAT", "text"),
        ("RUST_LOG", "warn,spake_service::http::rate_limit=debug"),
    ]);
    let request = |number: u16| {
        let [high, low] = number.to_be_bytes();
        let connection = if number + 1 == ADDRESSES { "close" } else { "keep-alive" };
        format!(
            "GET /spake/none HTTP/1.1\r\nHost: localhost\r\nConnection: {connection}\r\n\
             X-Forwarded-For: 198.51.{high}.{low}\r\n\r\n"
        )
    };
    let requests: String = (0..ADDRESSES).map(request).collect();
    let mut stream = TcpStream::connect(&app.address).unwrap();
    let mut reading = stream.try_clone().unwrap();
    let mut answers = String::new();
    thread::scope(|scope| {
        scope.spawn(|| stream.write_all(requests.as_bytes()).unwrap());
        reading.read_to_string(&mut answers).unwrap();
    });
    assert_eq!(
        answers.matches("ratelimit-remaining: 99").count(),
        usize::from(ADDRESSES),
        "each has its own"
    );
    // One more, so that there is something to forget after this moment. (How many were forgotten cannot be added up: new
    // ones come while the old are counted.)
    let so_far = app.log().len();
    let late = "GET /spake/none HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n";
    app.raw(late.as_bytes()).refused(404, "endpoint_not_found");
    eventually("none is left", || app.log()[so_far..].contains("left=0").then_some(()));
}

#[test]
fn a_key_has_its_own_limit_and_a_wrong_one_counts_for_the_address() {
    let file = KeysFile::new();
    let (backend, other) = (file.add("backend", "session:read"), file.add("other", "session:read"));
    let app = file.serve(&[
        ("SPAKE_RATE_LIMIT_PER_SECOND", "1"),
        ("SPAKE_RATE_LIMIT_BURST", "2"),
        ("SPAKE_KEY_RATE_LIMIT_PER_SECOND", "1"),
        ("SPAKE_KEY_RATE_LIMIT_BURST", "3"),
    ]);
    let ask = |key: &str| app.called_with(key).get("/spake/status/none");
    for _ in 0..2 {
        ask("spk_backend_guessed").refused(401, "unknown_api_key");
    }
    // Keys are not tried faster than anything else, and who has one is not kept from using it.
    ask("spk_backend_guessed").refused(429, "rate_limited");
    app.get("/spake/status/none").refused(429, "rate_limited");
    for remaining in [2, 1, 0] {
        let answer = ask(&backend).refused(404, "session_not_found");
        assert_eq!(
            (number(&answer, "ratelimit-limit"), number(&answer, "ratelimit-remaining")),
            (3, remaining)
        );
    }
    ask(&backend).refused(429, "rate_limited");
    ask(&other).refused(404, "session_not_found");
}
