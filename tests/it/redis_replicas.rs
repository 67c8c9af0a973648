//! Several services on one Redis: no step needs the service that did the one before, and no session is used twice.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::json;

use crate::support::account::live_through;
use crate::support::at_rest::Secrets;
use crate::support::{Answer, Client, RedisServer, STATE_KEYS, TestApp, at_once, eventually, run};

const PASSWORD: &str = "correct horse battery staple";

/// Three services, started at once: on an empty Redis they race for the keyspace's facts.
fn three(redis: &RedisServer) -> Vec<TestApp> {
    at_once(&[(); 3], |_, ()| TestApp::on_redis(&redis.url(), &[]))
}

fn initiate(app: &TestApp, session: &str) -> Answer {
    app.post("/spake/initiate", &json!({ "session_id": session, "password": PASSWORD })).ok()
}

#[test]
fn every_step_may_come_to_any_service() {
    let redis = RedisServer::start();
    let apps = three(&redis);
    for order in 0..27 {
        let [one, two, three] = [order / 9, order / 3 % 3, order % 3].map(|index| &apps[index]);
        let session = format!("s{order}");
        let client = Client::initiate(one, &session, PASSWORD, PASSWORD);
        let exchanged = client.exchange(two).ok();
        for app in &apps {
            app.get(&format!("/spake/secret/{session}")).refused(409, "not_confirmed");
        }
        let confirmed = client.confirm(three).ok();
        let secret = client.secret(&confirmed.string("server_confirmation"));
        assert_eq!(exchanged.string("shared_secret"), secret);
        for app in &apps {
            let status = app.get(&format!("/spake/status/{session}")).ok();
            assert_eq!(
                (status.string("status").as_str(), status.field("confirmed")),
                ("completed", true.into())
            );
            assert_eq!(app.get(&format!("/spake/secret/{session}")).ok().string("shared_secret"), secret);
        }
        two.delete(&format!("/spake/cleanup/{session}")).ok();
        for app in &apps {
            app.get(&format!("/spake/status/{session}")).refused(404, "session_not_found");
            app.delete(&format!("/spake/cleanup/{session}")).refused(404, "session_not_found");
        }
    }
}

#[test]
fn services_that_start_at_once_on_an_empty_redis_agree() {
    for _ in 0..3 {
        let redis = RedisServer::start();
        let apps = three(&redis);
        // Fingerprints of requests are made with the facts' seed: only with one seed is this one request.
        let client = Client::initiate(&apps[0], "s", PASSWORD, "guess");
        client.exchange_and_confirm(&apps[1]).refused(403, "confirmation_failed");
        for app in &apps {
            client.exchange_and_confirm(app).refused(403, "confirmation_failed");
        }
    }
}

#[test]
fn of_a_hundred_exchanges_on_three_services_exactly_one_wins() {
    let redis = RedisServer::start();
    let apps = three(&redis);
    let clients = Client::many_against(&initiate(&apps[0], "s"), PASSWORD, 100);
    let answers = at_once(&clients, |index, client| client.exchange(&apps[index % 3]));
    let winners: Vec<_> = (0..100).filter(|index| answers[*index].status == 200).collect();
    assert_eq!(winners.len(), 1, "{answers:?}");
    for (index, answer) in answers.into_iter().enumerate() {
        if index != winners[0] {
            let text = answer.refused(400, "invalid_session_status").text;
            assert!(!text.contains("secret") && !text.contains("confirmation"), "{text}");
        }
    }
    // And it is the winner whose run the session holds.
    clients[winners[0]].confirm(&apps[2]).ok();
}

#[test]
fn of_a_hundred_confirmations_on_three_services_one_is_judged() {
    for place_of_the_right_one in [0, 41, 99] {
        let redis = RedisServer::start();
        let apps = three(&redis);
        let client = Client::initiate(&apps[0], "s", PASSWORD, PASSWORD);
        client.exchange(&apps[1]).ok();
        let mut confirmations: Vec<_> = (0..100).map(|byte| hex::encode([byte; 32])).collect();
        confirmations[place_of_the_right_one] = client.confirmation();
        let answers = at_once(&confirmations, |index, confirmation| {
            let request = json!({ "session_id": "s", "client_confirmation": confirmation });
            apps[index % 3].post("/spake/confirm", &request)
        });
        let judged: Vec<_> = answers.iter().filter(|answer| answer.status != 400).collect();
        assert_eq!(judged.len(), 1, "{answers:?}");
        let status = apps[0].get("/spake/status/s").ok();
        let right = &answers[place_of_the_right_one];
        if right.status == 200 {
            let secret = client.secret(&right.string("server_confirmation"));
            assert_eq!(apps[1].get("/spake/secret/s").ok().string("shared_secret"), secret);
        } else {
            judged[0].clone().refused(403, "confirmation_failed");
            assert_eq!(status.string("status"), "failed");
            apps[1].get("/spake/secret/s").refused(400, "invalid_session_status");
        }
        for answer in answers.iter().filter(|answer| answer.status == 400) {
            answer.clone().refused(400, "invalid_session_status");
        }
    }
}

#[test]
fn a_hundred_identical_requests_on_three_services_get_one_answer() {
    let redis = RedisServer::start();
    let apps = three(&redis);
    let client = Client::initiate(&apps[0], "s", PASSWORD, PASSWORD);
    for act in [Client::exchange, Client::confirm, Client::exchange_and_confirm] {
        let answers = at_once(&[(); 100], |index, ()| act(&client, &apps[index % 3]).ok().text);
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    }
    let burned = Client::initiate(&apps[0], "burned", PASSWORD, "guess");
    at_once(&[(); 100], |index, ()| {
        burned.exchange_and_confirm(&apps[index % 3]).refused(403, "confirmation_failed");
    });
}

#[test]
fn a_session_outlives_the_service_that_did_each_of_its_steps() {
    let redis = RedisServer::start();
    let start = || TestApp::on_redis(&redis.url(), &[]);
    let mut apps = [start(), start(), start(), start()];
    let client = Client::initiate(&apps[0], "s", PASSWORD, PASSWORD);
    apps[0].kill();
    let exchanged = client.exchange(&apps[1]).ok();
    apps[1].kill();
    assert_eq!(client.exchange(&apps[2]).ok().text, exchanged.text);
    let confirmed = client.confirm(&apps[2]).ok();
    apps[2].kill();
    assert_eq!(client.confirm(&apps[3]).ok().text, confirmed.text);
    let secret = client.secret(&confirmed.string("server_confirmation"));
    assert_eq!(apps[3].get("/spake/secret/s").ok().string("shared_secret"), secret);
}

/// What a client knows of its session when the service that it talks to is killed.
enum Known {
    /// The initiation was not answered.
    Nothing,
    /// pB, and so everything that it needs.
    Initiated(Client),
    /// The exchange's answer.
    Exchanged(Client, Answer),
    /// The confirmation's answer.
    Confirmed(Client, Answer),
}

/// A pairing as far as `app` lives.
fn pair_until_killed(app: &TestApp, session: &str) -> Known {
    let request = json!({ "session_id": session, "password": PASSWORD });
    let Some(initiated) = app.try_post("/spake/initiate", &request) else { return Known::Nothing };
    let client = Client::against(&initiated.ok(), PASSWORD);
    match app.try_post("/spake/exchange", &client.exchange_request()) {
        None => Known::Initiated(client),
        Some(exchanged) => match app.try_post("/spake/confirm", &client.confirm_request()) {
            None => Known::Exchanged(client, exchanged.ok()),
            Some(confirmed) => Known::Confirmed(client, confirmed.ok()),
        },
    }
}

#[test]
fn a_service_killed_under_load_leaves_every_session_to_the_others() {
    let redis = RedisServer::start();
    let (victim, other) = (TestApp::on_redis(&redis.url(), &[]), TestApp::on_redis(&redis.url(), &[]));
    let (sessions, finished) = (Mutex::new(Vec::new()), AtomicUsize::new(0));
    thread::scope(|scope| {
        for worker in 0..8 {
            let (sessions, finished, victim) = (&sessions, &finished, &victim);
            scope.spawn(move || {
                for number in 0.. {
                    let session = format!("{worker}-{number}");
                    let known = pair_until_killed(victim, &session);
                    let is_over = !matches!(known, Known::Confirmed(..));
                    sessions.lock().unwrap().push((session, known));
                    finished.fetch_add(1, Ordering::Relaxed);
                    if is_over {
                        break;
                    }
                }
            });
        }
        eventually("pairings come to an end", || (finished.load(Ordering::Relaxed) > 40).then_some(()));
        victim.kill_in_use();
    });
    for (session, known) in sessions.into_inner().unwrap() {
        let state = other.get(&format!("/spake/status/{session}"));
        let state = (state.status == 200).then(|| (state.string("status"), state.field("confirmed") == true));
        let state = state.as_ref().map(|(status, confirmed)| (status.as_str(), *confirmed));
        let confirmed = match known {
            Known::Nothing => {
                assert!(matches!(state, None | Some(("initiated", false))), "{state:?}");
                continue;
            }
            Known::Initiated(client) => {
                assert!(matches!(state, Some(("initiated" | "completed", false))), "{state:?}");
                client.exchange(&other).ok();
                (client.confirm(&other).ok(), client)
            }
            Known::Exchanged(client, exchanged) => {
                assert!(matches!(state, Some(("completed", _))), "{state:?}");
                assert_eq!(client.exchange(&other).ok().text, exchanged.text);
                (client.confirm(&other).ok(), client)
            }
            Known::Confirmed(client, confirmed) => {
                assert_eq!(state, Some(("completed", true)));
                assert_eq!(client.confirm(&other).ok().text, confirmed.text);
                (confirmed, client)
            }
        };
        let (answer, client) = confirmed;
        let secret = client.secret(&answer.string("server_confirmation"));
        assert_eq!(answer.string("shared_secret"), secret);
    }
}

#[test]
fn another_prefix_in_the_same_redis_is_another_world() {
    let redis = RedisServer::start();
    let ours = TestApp::on_redis(&redis.url(), &[]);
    // What a keyspace is bound to, another one is not.
    let other = [("SPAKE_REDIS_PREFIX", "other"), ("SPAKE_SERVER_ID", "them"), ("SPAKE_CONTEXT", "theirs")];
    let theirs = TestApp::on_redis(&redis.url(), &other);
    let client = Client::initiate(&ours, "s", PASSWORD, PASSWORD);
    theirs.get("/spake/status/s").refused(404, "session_not_found");
    client.exchange(&theirs).refused(404, "session_not_found");
    theirs.delete("/spake/cleanup/s").refused(404, "session_not_found");
    let listing = theirs.get("/spake/sessions").ok();
    assert_eq!(listing.json(), json!({ "active_sessions": 0, "sessions": [], "next_cursor": null }));
    // Not even a name is taken.
    Client::initiate(&theirs, "s", "another password", "another password").exchange_and_confirm(&theirs).ok();
    client.exchange_and_confirm(&ours).ok();
}

#[test]
fn a_service_of_another_identity_does_not_start_on_a_used_keyspace() {
    let redis = RedisServer::start();
    drop(TestApp::on_redis(&redis.url(), &[]));
    for variable in ["SPAKE_SERVER_ID", "SPAKE_CONTEXT"] {
        let url = redis.url();
        let variables =
            [("PORT", "0"), ("REDIS_URL", &*url), ("SPAKE_STATE_KEYS", STATE_KEYS), (variable, "another")];
        let (code, out, err) = run(&[&variables[..], &[("RUST_LOG", "off")]].concat(), &[]);
        assert_eq!((code, &*out, err.lines().count()), (2, "", 1), "{err}");
        assert!(err.contains(variable) && err.contains("`another`"), "{err}");
    }
}

#[test]
fn what_one_service_seals_another_opens_whatever_the_order_of_its_keys() {
    let redis = RedisServer::start();
    let second = "b:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
    let rings = [STATE_KEYS.to_owned(), format!("{second},{STATE_KEYS}"), format!("{STATE_KEYS},{second}")];
    // The first start seals the facts under a key that all have.
    let apps = rings.map(|ring| TestApp::on_redis(&redis.url(), &[("SPAKE_STATE_KEYS", &ring)]));
    for (one, two, three) in [(0, 1, 2), (1, 2, 1), (2, 1, 2), (0, 2, 1)] {
        let session = format!("{one}-{two}-{three}");
        let client = Client::initiate(&apps[one], &session, PASSWORD, PASSWORD);
        client.exchange(&apps[two]).ok();
        client.confirm(&apps[three]).ok();
    }
    // A service without the key that sealed says so in its log, and nothing to the caller.
    let client = Client::initiate(&apps[1], "sealed under b", PASSWORD, PASSWORD);
    client.exchange(&apps[0]).refused(500, "internal");
    client.exchange(&apps[2]).ok();
}

#[test]
fn a_dump_of_redis_and_its_files_hold_no_secret() {
    let redis = RedisServer::with(&[("rdbcompression", "no"), ("list-compress-depth", "0")]);
    let apps = three(&redis);
    let mut secrets = Secrets::default();
    secrets.add("password", PASSWORD);
    secrets.add("state key", (0..32).collect::<Vec<_>>());
    for session in ["only initiated", "exchanged", "confirmed", "burned"] {
        let guess = if session == "burned" { "a wrong guess" } else { PASSWORD };
        let client = Client::initiate(&apps[0], session, PASSWORD, guess);
        secrets.add("w", client.w);
        secrets.add_hex("pA", &client.public_key());
        secrets.add_hex("cA", &client.confirmation());
        if session != "only initiated" {
            secrets.add_hex("secret", &client.exchange(&apps[1]).ok().string("shared_secret"));
        }
        match session {
            "confirmed" => {
                let answer = client.confirm(&apps[2]).ok();
                secrets.add_hex("cB", &answer.string("server_confirmation"));
            }
            "burned" => drop(client.confirm(&apps[2]).refused(403, "confirmation_failed")),
            _ => {}
        }
    }
    live_through(&apps[0], "alice", PASSWORD, &mut secrets);
    let dump = redis.dump();
    for session in ["only initiated", "exchanged", "confirmed", "burned", "credential:alice"] {
        assert!(String::from_utf8_lossy(&dump).contains(session), "{session} is not in the dump");
    }
    secrets.assert_absent("keyspace", &dump);
    assert_eq!(redis.call(&["SAVE"]).as_text(), "OK");
    let mut read = 0;
    let mut open = vec![redis.dir().to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let bytes = fs::read(&path).unwrap();
                read += usize::from(String::from_utf8_lossy(&bytes).contains("only initiated"));
                secrets.assert_absent(&name(&path), &bytes);
            }
        }
    }
    assert!(read >= 2, "sessions are in the appendonly file and in the snapshot: {read}");
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}
