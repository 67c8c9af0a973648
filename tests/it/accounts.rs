//! Accounts over the API: registration, login, and what a password that is wrong gets.

use serde_json::json;

use crate::support::account::{Account, confirm};
use crate::support::{Answer, RedisServer, TestApp};

/// A service on each kind of store; the Redis lives as long as its service.
fn on_every_store(test: impl Fn(&TestApp)) {
    let directory = tempfile::tempdir().unwrap();
    let redis = RedisServer::start();
    let file = [
        ("SPAKE_DATA_DIR", directory.path().to_str().unwrap()),
        ("SPAKE_STATE_KEYS", crate::support::STATE_KEYS),
    ];
    for app in [TestApp::start(), TestApp::with(&file), TestApp::on_redis(&redis.url(), &[])] {
        test(&app);
    }
}

fn guesses(app: &TestApp, id: &str) -> u64 {
    app.get(&format!("/spake/credentials/{id}/guesses")).ok().field("used").as_u64().unwrap()
}

#[test]
fn a_registered_client_logs_in_and_the_backend_gets_the_same_secret() {
    on_every_store(|app| {
        let alice = Account::at(app, "alice", "correct horse");
        let registered = alice.register(app);
        assert_eq!(registered.status, 201, "{registered:?}");
        assert!(!registered.text.contains(&alice.verifier()["w0"].as_str().unwrap()[..16]));
        let login = alice.begin();
        let answer = login.post(app).ok();
        let expected =
            [("protocol", json!("spake2plus")), ("status", json!("completed")), ("confirmed", json!(false))];
        for (name, value) in expected {
            assert_eq!(answer.field(name), value);
        }
        assert_eq!(answer.field("expires_in"), 120);
        let session = answer.string("session_id");
        app.get(&format!("/spake/secret/{session}")).refused(409, "not_confirmed");
        let (proved, confirmation, secret) = login.against(&answer).right().unwrap();
        let confirmed = proved.confirm(app, &confirmation).ok();
        assert_eq!(
            (confirmed.string("shared_secret"), confirmed.field("confirmed")),
            (secret.clone(), json!(true))
        );
        assert!(confirmed.json().get("server_confirmation").is_none(), "the client has confirmV already");
        let backend = app.get(&format!("/spake/secret/{session}")).ok();
        assert_eq!(backend.string("shared_secret"), secret);
        assert_eq!(
            (backend.string("credential_id"), backend.string("protocol")),
            ("alice".into(), "spake2plus".into())
        );
        let status = app.get(&format!("/spake/status/{session}")).ok();
        assert_eq!(
            (status.string("protocol"), status.field("confirmed")),
            ("spake2plus".into(), json!(true))
        );
    });
}

#[test]
fn a_password_stretched_by_the_service_is_the_one_that_the_client_stretches() {
    on_every_store(|app| {
        assert_eq!(app.put("/spake/credentials/bob", &json!({ "password": "tr0ub4dor" })).status, 201);
        Account::at(app, "bob", "tr0ub4dor").log_in(app);
        let wrong = Account::at(app, "bob", "other").begin();
        let answer = wrong.post(app).ok();
        assert!(wrong.against(&answer).right().is_none(), "confirmV tells the client that they differ");
        // A changed password is another credential; the old one is wrong from then on.
        assert_eq!(app.put("/spake/credentials/bob", &json!({ "password": "new" })).status, 200);
        Account::at(app, "bob", "new").log_in(app);
    });
}

#[test]
fn a_wrong_confirmation_burns_the_login_and_its_guess_stays_counted() {
    on_every_store(|app| {
        let alice = Account::at(app, "alice", "password");
        alice.register(app);
        let login = alice.begin();
        let answer = login.post(app).ok();
        let session = answer.string("session_id");
        confirm(app, &session, "not hex").refused(400, "invalid_confirmation");
        let wrong = "00".repeat(32);
        confirm(app, &session, &wrong).refused(403, "confirmation_failed");
        confirm(app, &session, &wrong).refused(403, "confirmation_failed");
        let (_, right, _) = login.against(&answer).right().unwrap();
        confirm(app, &session, &right).refused(400, "invalid_session_status");
        app.get(&format!("/spake/secret/{session}")).refused(400, "invalid_session_status");
        assert_eq!(app.get(&format!("/spake/status/{session}")).ok().field("status"), "failed");
        assert_eq!(guesses(app, "alice"), 1);
    });
}

#[test]
fn the_identical_login_gets_the_identical_answer_and_costs_one_guess() {
    on_every_store(|app| {
        let alice = Account::at(app, "alice", "password");
        alice.register(app);
        let login = alice.begin();
        let first = login.post(app).ok();
        assert_eq!(first.json(), login.post(app).ok().json());
        assert_eq!(guesses(app, "alice"), 1);
        let request = login.request();
        let (proved, confirmation, _) = login.against(&first).right().unwrap();
        let confirmed = proved.confirm(app, &confirmation).ok();
        assert_eq!(confirmed.json(), proved.confirm(app, &confirmation).ok().json());
        assert_eq!(guesses(app, "alice"), 0, "a right one was no guess");
        assert_eq!(app.post("/spake/login", &request).ok().json(), first.json());
        assert_eq!(guesses(app, "alice"), 0);
        confirm(app, &proved.session_id, &"00".repeat(32)).refused(400, "invalid_session_status");
    });
}

#[test]
fn good_logins_one_after_another_never_lock() {
    on_every_store(|app| {
        let alice = Account::at(app, "alice", "password");
        alice.register(app);
        for _ in 0..12 {
            alice.log_in(app);
        }
    });
}

#[test]
fn over_the_budget_even_the_right_password_waits_and_a_refusal_does_not_extend_it() {
    let redis = RedisServer::start();
    let short = [("SPAKE_GUESS_LIMIT", "3"), ("SPAKE_GUESS_WINDOW", "3s"), ("SPAKE_LOGIN_TTL", "2s")];
    for app in [TestApp::with(&short), TestApp::on_redis(&redis.url(), &short)] {
        let alice = Account::at(&app, "alice", "password");
        alice.register(&app);
        for guess in 1..=3 {
            Account::guesser("alice", guess).begin().post(&app).ok();
        }
        let refused = alice.begin().post(&app).refused(429, "too_many_guesses");
        let retry_after: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=3).contains(&retry_after), "{retry_after}");
        let start = std::time::Instant::now();
        let login = crate::support::eventually("the budget frees itself while it is asked", || {
            let login = alice.begin();
            let answer = login.post(&app);
            (answer.status == 200).then_some((login, answer))
        });
        assert!(start.elapsed().as_secs() <= retry_after + 1);
        assert!(login.0.against(&login.1).right().is_some());
    }
}

#[test]
fn an_administrator_sees_and_clears_the_budget() {
    on_every_store(|app| {
        for guess in 1..=10 {
            Account::guesser("nobody", guess).begin().post(app).ok();
        }
        Account::guesser("nobody", 11).begin().post(app).refused(429, "too_many_guesses");
        let budget = app.get("/spake/credentials/nobody/guesses").ok();
        assert_eq!((budget.field("used"), budget.field("limit")), (json!(10), json!(10)));
        assert_eq!(budget.field("window_seconds"), 900);
        assert!((880..=900).contains(&budget.field("frees_in").as_u64().unwrap()));
        app.delete("/spake/credentials/nobody/guesses").ok();
        Account::guesser("nobody", 12).begin().post(app).ok();
        assert_eq!(guesses(app, "nobody"), 1);
    });
}

#[test]
fn a_login_does_not_outlive_its_credential() {
    on_every_store(|app| {
        let alice = Account::at(app, "alice", "password");
        let change: [&dyn Fn() -> Answer; 4] = [
            &|| alice.register(app),
            &|| app.patch("/spake/credentials/alice", &json!({ "disabled": true })),
            &|| app.delete("/spake/credentials/alice"),
            &|| {
                app.delete("/spake/credentials/alice");
                alice.register(app)
            },
        ];
        for change in change {
            // What was disabled stays so when it is registered again.
            app.delete("/spake/credentials/alice");
            alice.register(app);
            let login = alice.begin();
            let answer = login.post(app).ok();
            let (proved, confirmation, _) = login.against(&answer).right().unwrap();
            assert!(change().status < 300);
            proved.confirm(app, &confirmation).refused(403, "confirmation_failed");
            app.get(&format!("/spake/secret/{}", proved.session_id)).refused(400, "invalid_session_status");
        }
        assert_eq!(guesses(app, "alice"), 4, "what was answered stays counted");
    });
}

#[test]
fn a_disabled_credential_answers_like_none_until_it_is_enabled() {
    on_every_store(|app| {
        let alice = Account::at(app, "alice", "password");
        alice.register(app);
        let kdf = app.get("/spake/credentials/alice/kdf").ok().json();
        app.patch("/spake/credentials/alice", &json!({ "disabled": true })).ok();
        assert_eq!(app.get("/spake/credentials/alice/kdf").ok().json(), kdf);
        let login = alice.begin();
        let answer = login.post(app).ok();
        assert!(login.against(&answer).right().is_none());
        assert_eq!(app.get("/spake/credentials/alice").ok().field("disabled"), true);
        app.patch("/spake/credentials/alice", &json!({ "disabled": false })).ok();
        alice.log_in(app);
    });
}

#[test]
fn a_login_is_no_pairing_and_a_pairing_no_login() {
    let app = TestApp::start();
    let login = Account::guesser("alice", 1).begin();
    let answer = login.post(&app).ok();
    let session = answer.string("session_id");
    app.post(
        "/spake/exchange",
        &json!({ "session_id": session, "client_public_key": login.request()["client_public_key"] }),
    )
    .refused(400, "invalid_session_status");
    for id in [session.as_str(), "login-", "login-00-x"] {
        app.post("/spake/initiate", &json!({ "session_id": id, "password": "p" }))
            .refused(400, "invalid_session_id");
    }
    let listed = app.get("/spake/sessions").ok();
    assert_eq!(listed.field("sessions")[0]["protocol"], "spake2plus");
    app.delete(&format!("/spake/cleanup/{session}")).ok();
}

#[test]
fn one_address_does_not_use_up_the_whole_budget() {
    let app = TestApp::with(&[("SPAKE_GUESS_LIMIT", "5"), ("SPAKE_GUESS_LIMIT_PER_ADDRESS", "2")]);
    for guess in 1..=2 {
        Account::guesser("alice", guess).begin().post(&app).ok();
    }
    Account::guesser("alice", 3).begin().post(&app).refused(429, "too_many_guesses");
    assert_eq!(guesses(&app, "alice"), 2);
    // Another address of this machine.
    let login = Account::guesser("alice", 4).begin();
    let body = login.request().to_string();
    let output = std::process::Command::new("curl")
        .args(["-s", "--interface", "127.0.0.2", "-H", "Content-Type: application/json", "-d", &body])
        .arg(format!("{}/spake/login", app.url))
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("server_confirmation"), "{output:?}");
}

#[test]
fn an_account_of_an_older_policy_can_be_given_a_new_verifier_and_keeps_its_kdf() {
    let redis = RedisServer::start();
    let old = TestApp::on_redis(&redis.url(), &[]);
    let alice = Account::at(&old, "alice", "password");
    alice.register(&old);
    let new = TestApp::on_redis(&redis.url(), &[("SPAKE_ACCOUNT_KDF", "pbkdf2-hmac-sha256:200000")]);
    assert_eq!(new.get("/spake/credentials/alice").ok().field("kdf_is_current"), false);
    // What the client was told to stretch with is what is recorded.
    let changed = Account::at(&new, "alice", "another password");
    changed.register(&new).ok();
    changed.log_in(&new);
    // Disabled, it is told the same and takes the same.
    new.patch("/spake/credentials/alice", &json!({ "disabled": true })).ok();
    Account::at(&new, "alice", "a third").register(&new).ok();
    new.patch("/spake/credentials/alice", &json!({ "disabled": false })).ok();
    Account::at(&new, "alice", "a third").log_in(&new);
    // A password goes by the policy of today.
    let put = new.put("/spake/credentials/alice", &json!({ "password": "third" })).ok();
    assert_eq!(
        (put.field("kdf_is_current"), &put.field("kdf")["iterations"]),
        (json!(true), &json!(200_000))
    );
}

#[test]
fn a_new_password_does_not_enable_what_an_administrator_has_disabled() {
    let app = TestApp::start();
    app.put("/spake/credentials/alice", &json!({ "password": "p", "disabled": true }));
    assert_eq!(app.put("/spake/credentials/alice", &json!({ "password": "q" })).ok().field("disabled"), true);
    let put = json!({ "password": "q", "disabled": false });
    assert_eq!(app.put("/spake/credentials/alice", &put).ok().field("disabled"), false);
}
