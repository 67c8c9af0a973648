//! Nobody learns which credentials exist: known and unknown ids answer alike.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::account::{Account, confirm};
use crate::support::{Answer, RedisServer, TestApp};

/// An answer with what is random in every answer taken out.
fn shape(answer: &Answer) -> (u16, Vec<String>, Value) {
    let mut headers: Vec<_> = answer.headers.iter().map(|(name, _)| name.clone()).collect();
    headers.sort();
    let mut body = answer.json();
    for (name, value) in body.as_object_mut().unwrap() {
        if ["session_id", "public_key", "server_confirmation", "expires_at", "request_id"].contains(&&**name)
        {
            *value = json!(value.as_str().unwrap().len());
        }
    }
    (answer.status, headers, body)
}

fn services() -> (RedisServer, Vec<TestApp>) {
    let redis = RedisServer::start();
    let apps = vec![TestApp::start(), TestApp::on_redis(&redis.url(), &[])];
    (redis, apps)
}

#[test]
fn a_login_of_an_unknown_id_is_shaped_like_one_of_a_known_id_in_every_step() {
    let (_redis, apps) = services();
    for app in &apps {
        Account::at(app, "alice", "password").register(app);
        app.put("/spake/credentials/gone", &json!({ "password": "p" }));
        app.patch("/spake/credentials/gone", &json!({ "disabled": true })).ok();
        let run = |id: &str| {
            let mut shapes = Vec::new();
            let kdf = app.get(&format!("/spake/credentials/{id}/kdf"));
            let mut body = kdf.json();
            body["kdf"]["salt"] = json!(body["kdf"]["salt"].as_str().unwrap().len());
            shapes.push((kdf.status, Vec::new(), body));
            let login = Account::guesser(id, 1).begin();
            let answer = login.post(app);
            shapes.push(shape(&answer));
            assert_eq!(shape(&login.post(app)), shapes[1]);
            let session = answer.string("session_id");
            shapes.push(shape(&app.get(&format!("/spake/secret/{session}"))));
            shapes.push(shape(&confirm(app, &session, "x")));
            shapes.push(shape(&confirm(app, &session, &"00".repeat(32))));
            shapes.push(shape(&confirm(app, &session, &"11".repeat(32))));
            for guess in 2..=11 {
                shapes.push(shape(&Account::guesser(id, guess).begin().post(app)));
            }
            assert_eq!(shapes.last().unwrap().0, 429);
            shapes
        };
        let known = run("alice");
        for id in ["nobody", "gone"] {
            assert_eq!(run(id), known, "{id}");
        }
    }
}

#[test]
fn what_an_outsider_sees_of_an_id_stays_when_it_is_registered_removed_or_served_by_another() {
    let redis = RedisServer::start();
    let one = TestApp::on_redis(&redis.url(), &[]);
    let kdf = |app: &TestApp| app.get("/spake/credentials/alice/kdf").ok().json();
    let before = kdf(&one);
    assert_ne!(before, one.get("/spake/credentials/bob/kdf").ok().json(), "each has its own salt");
    let login = Account::guesser("alice", 1).begin();
    let first = login.post(&one).ok();
    Account::at(&one, "alice", "password").register(&one);
    assert_eq!(kdf(&one), before);
    let other = TestApp::on_redis(&redis.url(), &[]);
    assert_eq!(kdf(&other), before);
    // A login that is open when its id comes into being is repeated and ends as it would have.
    assert_eq!(login.post(&other).ok().json(), first.json());
    confirm(&other, &first.string("session_id"), &"00".repeat(32)).refused(403, "confirmation_failed");
    let used = |app: &TestApp| app.get("/spake/credentials/alice/guesses").ok().field("used");
    assert_eq!(used(&other), 1, "registering clears no budget");
    other.delete("/spake/credentials/alice").ok();
    assert_eq!((kdf(&other), used(&other)), (before, json!(1)));
}

/// Not a limit but a guard against a forgotten step: the benchmark has the ratio.
#[test]
fn a_login_takes_as_long_for_an_unknown_id() {
    let app = TestApp::with(&[("SPAKE_GUESS_LIMIT", "1000")]);
    Account::at(&app, "alice", "password").register(&app);
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for _ in 0..100 {
        for (id, times) in [("alice", &mut known), ("nobody", &mut unknown)] {
            let login = Account::guesser(id, 1).begin();
            let start = Instant::now();
            login.post(&app).ok();
            times.push(start.elapsed());
        }
    }
    let ratio = median(&mut known).as_secs_f64() / median(&mut unknown).as_secs_f64();
    assert!((0.5..2.0).contains(&ratio), "{ratio}");
}
