//! The flow of a pairing: what the two sides get, and what a session allows.

use std::thread;

use serde_json::json;

use crate::support::{Answer, Client, TestApp};

#[test]
fn both_sides_of_the_seeds_flow_get_the_same_secret() {
    let app = TestApp::start();
    let client = Client::initiate(&app, "s", "password", "password");
    let answer = client.exchange(&app).ok();
    assert_eq!(answer.string("session_id"), "s");
    assert_eq!(answer.string("status"), "completed");
    assert_eq!(answer.field("confirmed"), false);
    assert_eq!(answer.field("server_confirmation"), json!(null), "cB before cA is an oracle for guesses");
    assert_eq!(answer.string("shared_secret"), client.unconfirmed_secret());
}

#[test]
fn a_client_that_confirms_gets_the_services_confirmation_and_the_backend_the_secret() {
    let app = TestApp::start();
    for (session, confirm_with_exchange) in [("one", true), ("two", false)] {
        let client = Client::initiate(&app, session, "password", "password");
        app.get(&format!("/spake/secret/{session}")).refused(409, "not_confirmed");
        let answer = if confirm_with_exchange {
            client.exchange_and_confirm(&app).ok()
        } else {
            client.exchange(&app).ok();
            app.get(&format!("/spake/secret/{session}")).refused(409, "not_confirmed");
            client.confirm(&app).ok()
        };
        assert_eq!((answer.string("status").as_str(), answer.field("confirmed")), ("completed", json!(true)));
        let secret = client.secret(&answer.string("server_confirmation"));
        assert_eq!(answer.string("shared_secret"), secret);
        let backend = app.get(&format!("/spake/secret/{session}")).ok();
        assert_eq!(
            backend.json(),
            json!({ "session_id": session, "shared_secret": secret, "protocol": "spake2", "client_id": "" })
        );
        let status = app.get(&format!("/spake/status/{session}")).ok();
        assert_eq!((status.string("status").as_str(), status.field("confirmed")), ("completed", json!(true)));
    }
}

#[test]
fn an_initiation_tells_everything_that_a_client_pins() {
    let app =
        TestApp::with(&[("SPAKE_SERVER_ID", "us"), ("SPAKE_CONTEXT", "ctx"), ("SPAKE_SESSION_TTL", "90s")]);
    let request = json!({ "session_id": "s", "password": "password", "client_id": "phone" });
    let answer = app.post("/spake/initiate", &request).ok();
    for (name, value) in [
        ("session_id", "s"),
        ("status", "initiated"),
        ("protocol", "spake2"),
        ("server_id", "us"),
        ("client_id", "phone"),
        ("context", "ctx"),
    ] {
        assert_eq!(answer.string(name), value);
    }
    assert_eq!(answer.string("public_key").len(), 130);
    assert_eq!(answer.field("expires_in"), 90);
    let kdf = answer.field("kdf");
    assert_eq!((&kdf["algorithm"], &kdf["iterations"]), (&json!("pbkdf2-hmac-sha256"), &json!(100_000)));
    let status = app.get("/spake/status/s").ok();
    assert_eq!(status.string("expires_at"), answer.string("expires_at"));
    assert_eq!((status.string("status").as_str(), status.field("confirmed")), ("initiated", json!(false)));

    let client = Client::against(&answer, "password");
    let exchanged = client.exchange_and_confirm(&app).ok();
    assert_eq!(exchanged.string("shared_secret"), client.secret(&exchanged.string("server_confirmation")));
    assert_eq!(app.get("/spake/secret/s").ok().string("client_id"), "phone");
}

#[test]
fn a_session_without_an_id_gets_one() {
    let app = TestApp::start();
    let answer = app.post("/spake/initiate", &json!({ "password": "password" })).ok();
    let other = app.post("/spake/initiate", &json!({ "password": "password" })).ok();
    assert_ne!(answer.string("session_id"), other.string("session_id"));
    app.get(&format!("/spake/status/{}", answer.string("session_id"))).ok();
}

#[test]
fn a_wrong_password_gives_another_secret_and_fails_at_the_confirmation() {
    let app = TestApp::start();
    let client = Client::initiate(&app, "s", "password", "passwore");
    let answer = client.exchange(&app).ok();
    client.confirm(&app).refused(403, "confirmation_failed");
    assert_ne!(answer.string("shared_secret"), client.unconfirmed_secret());
}

#[test]
fn a_wrong_confirmation_burns_the_session() {
    let app = TestApp::start();
    for (session, confirm_with_exchange) in [("one", true), ("two", false)] {
        let answer =
            app.post("/spake/initiate", &json!({ "session_id": session, "password": "password" })).ok();
        let (wrong, right) = (Client::against(&answer, "guess"), Client::against(&answer, "password"));
        if confirm_with_exchange {
            wrong.exchange_and_confirm(&app).refused(403, "confirmation_failed");
            wrong.exchange_and_confirm(&app).refused(403, "confirmation_failed");
        } else {
            wrong.exchange(&app).ok();
            wrong.confirm(&app).refused(403, "confirmation_failed");
            wrong.confirm(&app).refused(403, "confirmation_failed");
            wrong.exchange(&app).refused(400, "invalid_session_status");
        }
        // Not even the right password helps now, and the secret is gone.
        right.exchange_and_confirm(&app).refused(400, "invalid_session_status");
        right.confirm(&app).refused(400, "invalid_session_status");
        app.get(&format!("/spake/secret/{session}")).refused(400, "invalid_session_status");
        let status = app.get(&format!("/spake/status/{session}")).ok();
        assert_eq!((status.string("status").as_str(), status.field("confirmed")), ("failed", json!(false)));
    }
}

#[test]
fn the_identical_request_gets_the_identical_answer_and_another_gets_none() {
    let app = TestApp::start();
    let initiated = app.post("/spake/initiate", &json!({ "session_id": "s", "password": "password" })).ok();
    let (client, other) = (Client::against(&initiated, "password"), Client::against(&initiated, "password"));
    let same = |one: Answer, two: Answer| assert_eq!(one.ok().text, two.ok().text);

    same(client.exchange(&app), client.exchange(&app));
    other.exchange(&app).refused(400, "invalid_session_status");
    other.exchange_and_confirm(&app).refused(400, "invalid_session_status");
    assert_eq!(app.get("/spake/status/s").string("status"), "completed");

    same(client.confirm(&app), client.confirm(&app));
    same(client.exchange_and_confirm(&app), client.exchange_and_confirm(&app));
    same(client.exchange(&app), client.exchange(&app));
    // A wrong confirmation of a confirmed session is refused, and burns nothing.
    other.confirm(&app).refused(400, "invalid_session_status");
    assert_eq!(app.get("/spake/status/s").field("confirmed"), true);
}

#[test]
fn an_exchange_repeated_with_a_confirmation_is_the_confirmation() {
    let app = TestApp::start();
    let client = Client::initiate(&app, "s", "password", "password");
    client.exchange(&app).ok();
    let answer = client.exchange_and_confirm(&app).ok();
    assert_eq!(answer.field("confirmed"), true);
    assert_eq!(answer.string("shared_secret"), client.secret(&answer.string("server_confirmation")));
}

#[test]
fn of_many_exchanges_at_once_exactly_one_wins() {
    let app = TestApp::start();
    let initiated = app.post("/spake/initiate", &json!({ "session_id": "s", "password": "password" })).ok();
    let clients: Vec<_> = (0..16).map(|_| Client::against(&initiated, "password")).collect();
    let answers: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = clients.iter().map(|client| scope.spawn(|| client.exchange(&app))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let winners: Vec<_> = (0..16).filter(|index| answers[*index].status == 200).collect();
    assert_eq!(winners.len(), 1, "{answers:?}");
    for (index, answer) in answers.into_iter().enumerate() {
        if index != winners[0] {
            let text = answer.refused(400, "invalid_session_status").text;
            assert!(!text.contains("secret"), "{text}");
        }
    }
}

#[test]
fn of_many_confirmations_at_once_the_session_takes_one_guess() {
    let app = TestApp::start();
    let initiated = app.post("/spake/initiate", &json!({ "session_id": "s", "password": "password" })).ok();
    let client = Client::against(&initiated, "guess");
    client.exchange(&app).ok();
    let confirm = |index: u8| {
        let confirmation = hex::encode([index; 32]);
        app.post("/spake/confirm", &json!({ "session_id": "s", "client_confirmation": confirmation }))
    };
    let answers: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..16).map(|index| scope.spawn(move || confirm(index))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap().status).collect()
    });
    assert_eq!(answers.iter().filter(|status| **status == 403).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|status| **status == 400).count(), 15, "{answers:?}");
}

#[test]
fn of_many_initiations_of_one_id_exactly_one_wins() {
    let app = TestApp::start();
    let initiate =
        || app.post("/spake/initiate", &json!({ "session_id": "s", "password": "password" })).status;
    let statuses: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(initiate)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 7, "{statuses:?}");
}

#[test]
fn an_id_is_taken_in_every_status_and_free_after_the_cleanup() {
    let app = TestApp::start();
    let initiate = || app.post("/spake/initiate", &json!({ "session_id": "s", "password": "password" }));
    let client = Client::initiate(&app, "s", "password", "guess");
    assert_eq!(initiate().refused(409, "session_exists").string("error"), "Session already exists");
    client.exchange(&app).ok();
    initiate().refused(409, "session_exists");
    client.confirm(&app).refused(403, "confirmation_failed");
    initiate().refused(409, "session_exists");
    let cleaned = app.delete("/spake/cleanup/s").ok();
    assert_eq!(cleaned.json(), json!({ "session_id": "s", "message": "Session cleaned up successfully" }));
    app.get("/spake/status/s").refused(404, "session_not_found");
    app.delete("/spake/cleanup/s").refused(404, "session_not_found");
    initiate().ok();
}

#[test]
fn ids_with_special_characters_work_percent_encoded() {
    let app = TestApp::start();
    for (id, encoded) in [
        ("with space", "with%20space"),
        ("?#%&+", "%3F%23%25%26+"),
        ("Grüße 👋", "Gr%C3%BC%C3%9Fe%20%F0%9F%91%8B"),
        ("...", "..."),
    ] {
        let client = Client::initiate(&app, id, "password", "password");
        assert_eq!(client.exchange_and_confirm(&app).ok().string("session_id"), id);
        for path in ["status", "secret"] {
            assert_eq!(app.get(&format!("/spake/{path}/{encoded}")).ok().string("session_id"), id);
        }
        assert_eq!(app.delete(&format!("/spake/cleanup/{encoded}")).ok().string("session_id"), id);
    }
}

#[test]
fn hex_may_be_upper_case() {
    let app = TestApp::start();
    let client = Client::initiate(&app, "s", "password", "password");
    let request = json!({
        "session_id": "s",
        "client_public_key": client.public_key().to_uppercase(),
        "client_confirmation": client.confirmation().to_uppercase(),
    });
    let answer = app.post("/spake/exchange", &request).ok();
    assert_eq!(answer.text, client.exchange_and_confirm(&app).ok().text, "the identical request");
}

#[test]
fn a_session_ends_after_its_time_without_a_request() {
    let app = TestApp::with(&[("SPAKE_SESSION_TTL", "1s")]);
    let client = Client::initiate(&app, "s", "password", "password");
    crate::support::eventually("the session ends", || {
        (app.get("/spake/status/s").status == 404).then_some(())
    });
    client.exchange(&app).refused(404, "session_not_found");
    assert_eq!(app.get("/spake/sessions").ok().field("active_sessions"), 0);
}
