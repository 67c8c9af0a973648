//! Whose a session is, and who gets its secret.

use serde_json::{Value, json};

use crate::api_keys::EVERYTHING;
use crate::support::account::{Account, Login};
use crate::support::keys::Caller;
use crate::support::{Client, KeysFile, TestApp};

/// A session of `backend`'s, exchanged and confirmed by whoever has `client`'s key; what the client got each time.
fn paired(app: &TestApp, backend: &Caller<'_>, client: &Caller<'_>, id: &str) -> [Value; 2] {
    let initiated = backend.post("/spake/initiate", &json!({ "session_id": id, "password": "p" })).ok();
    let run = Client::against(&initiated, "p");
    let exchanged = client.post("/spake/exchange", &run.exchange_request()).ok();
    let confirmed = client.post("/spake/confirm", &run.confirm_request()).ok();
    assert_eq!(confirmed.field("confirmed"), true, "{}", app.log());
    [exchanged.field("shared_secret"), confirmed.field("shared_secret")]
}

#[test]
fn the_secret_is_never_given_to_a_caller_without_the_scope_for_it() {
    let file = KeysFile::new();
    let backend = file.add("backend", "session:initiate,secret:read");
    let cases = [
        ("session:exchange", [false, false]),
        // All but the one that counts.
        (&EVERYTHING.replace("secret:read,", ""), [false, false]),
        ("session:exchange,secret:unconfirmed", [false, false]),
    ]
    .map(|(scopes, given)| (file.add("client", scopes), given));
    // Of one's own sessions.
    let own = [
        ("session:initiate,session:exchange,secret:read", [false, true]),
        ("session:initiate,session:exchange,secret:read,secret:unconfirmed", [true, true]),
        (EVERYTHING, [true, true]),
    ]
    .map(|(scopes, given)| (file.add("own", scopes), given));
    // Of another's sessions: as an administrator only.
    let others = [
        ("session:exchange,secret:read,secret:unconfirmed", [false, false]),
        ("session:exchange,secret:read,session:admin", [false, true]),
    ]
    .map(|(scopes, given)| (file.add("other", scopes), given));
    let app = file.serve(&[]);
    let backend = app.called_with(&backend);
    let mut number = 0;
    let mut check = |opener: &Caller<'_>, key: &str, given: [bool; 2]| {
        number += 1;
        let got = paired(&app, opener, &app.called_with(key), &format!("s{number}"));
        assert_eq!(got.map(|secret| secret.is_string()), given, "session {number}");
    };
    for (key, given) in cases.iter().chain(&others) {
        check(&backend, key, *given);
    }
    for (key, given) in &own {
        check(&app.called_with(key), key, *given);
    }
}

#[test]
fn a_session_of_another_key_answers_like_one_that_is_not_there() {
    let file = KeysFile::new();
    let mine = "session:initiate,session:exchange,session:read,secret:read";
    let (a, b) = (file.add("a", mine), file.add("b", mine));
    let (second_of_a, admin) = (file.add("a", mine), file.add("admin", EVERYTHING));
    let app = file.serve(&[("SPAKE_ANONYMOUS_SCOPES", "session:read")]);
    let [a, b, second_of_a, admin] = [&a, &b, &second_of_a, &admin].map(|key| app.called_with(key));
    paired(&app, &a, &b, "s");
    let text = |answer: crate::support::Answer| {
        let id = answer.string("request_id");
        answer.refused(404, "session_not_found").text.replace(&id, "")
    };
    for (method, path) in
        [("GET", "/spake/status/"), ("GET", "/spake/secret/"), ("DELETE", "/spake/cleanup/")]
    {
        let ask = |id: &str| text(b.call(method, &format!("{path}{id}"), None));
        assert_eq!(ask("s"), ask("unknown"));
    }
    app.get("/spake/status/s").refused(404, "session_not_found");
    // Another key of the same name is the same caller; administrators see all.
    for caller in [&a, &second_of_a, &admin] {
        caller.get("/spake/status/s").ok();
        caller.get("/spake/secret/s").ok();
    }
    a.delete("/spake/cleanup/s").ok();
    a.delete("/spake/cleanup/s").refused(404, "session_not_found");
    paired(&app, &b, &b, "t");
    admin.delete("/spake/cleanup/t").ok();
}

#[test]
fn a_session_that_a_stranger_opened_is_not_taken_for_ones_own() {
    let file = KeysFile::new();
    let backend = file.add("backend", "session:initiate,session:exchange,session:read,secret:read");
    let app = file.serve(&[("SPAKE_ANONYMOUS_SCOPES", "session:initiate,session:exchange,session:read")]);
    let backend = app.called_with(&backend);
    let request = json!({ "session_id": "order", "password": "evil", "client_id": "alice" });
    let run = Client::against(&app.post("/spake/initiate", &request).ok(), "evil");
    run.exchange(&app).ok();
    assert_eq!(run.confirm(&app).ok().field("shared_secret"), Value::Null);
    app.get("/spake/status/order").ok();
    for path in ["/spake/status/order", "/spake/secret/order"] {
        backend.get(path).refused(404, "session_not_found");
    }
    backend.delete("/spake/cleanup/order").refused(404, "session_not_found");
}

#[test]
fn a_client_of_accounts_cannot_reach_into_a_pairing() {
    let file = KeysFile::new();
    let (backend, client) =
        (file.add("backend", "session:initiate,session:exchange,session:read"), file.add("client", "login"));
    let app = file.serve(&[]);
    let (backend, client) = (app.called_with(&backend), app.called_with(&client));
    let run = Client::against(
        &backend.post("/spake/initiate", &json!({ "session_id": "s", "password": "p" })).ok(),
        "p",
    );
    backend.post("/spake/exchange", &run.exchange_request()).ok();
    let wrong = json!({ "session_id": "s", "client_confirmation": "00".repeat(32) });
    client.post("/spake/confirm", &wrong).refused(404, "session_not_found");
    backend.post("/spake/confirm", &run.confirm_request()).ok();
}

#[test]
fn a_login_is_nobodys_and_its_secret_is_for_backends() {
    let file = KeysFile::new();
    let (registrar, backend) =
        (file.add("registrar", "credential:write"), file.add("backend", "secret:read"));
    let app = file.serve(&[("SPAKE_ANONYMOUS_SCOPES", "login")]);
    let account = Account::at(&app, "alice", "p");
    let verifier = json!({ "verifier": account.verifier() });
    let created = app.called_with(&registrar).call("PUT", "/spake/credentials/alice", Some(&verifier));
    assert_eq!(created.status, 201);
    let login = account.begin();
    let answer = login.post(&app).ok();
    let (proved, confirmation, secret) = Login::against(login, &answer).right().unwrap();
    assert_eq!(proved.confirm(&app, &confirmation).ok().field("shared_secret"), Value::Null);
    let path = format!("/spake/secret/{}", proved.session_id);
    let read = app.called_with(&backend).get(&path).ok();
    assert_eq!((read.string("shared_secret"), read.string("credential_id")), (secret, "alice".to_owned()));
    app.get(&path).refused(401, "missing_api_key");
}
