//! What is refused of credentials and logins: a sentence, a code, and nothing stored.

use serde_json::{Value, json};

use crate::support::account::Account;
use crate::support::{Answer, TestApp};

const GENERATOR: &str = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a\
                         7c0f9e162bce33576b315ececbb6406837bf51f5";

#[test]
fn a_registration_that_makes_no_sense_is_named_and_stores_nothing() {
    let app = TestApp::start();
    let put = |body: &Value| app.put("/spake/credentials/alice", body);
    let verifier = |w0: &str, l: &str| json!({ "verifier": { "w0": w0, "L": l } });
    let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let one = format!("{:064x}", 1);
    for (w0, l) in [
        ("00".repeat(32).as_str(), GENERATOR),
        (order, GENERATOR),
        ("ff".repeat(32).as_str(), GENERATOR),
        ("01", GENERATOR),
        ("not hex", GENERATOR),
        (&one, "00"),
        (&one, ""),
        (&one, &"00".repeat(65)),
        (&one, &GENERATOR.replace("046b", "026b")),
        (&one, &GENERATOR.replace("f5", "f6")),
    ] {
        let refused = put(&verifier(w0, l)).refused(400, "invalid_verifier");
        assert!(refused.string("error").contains("verifier"), "{refused:?}");
    }
    for body in [json!({ "verifier": 1 }), json!({ "verifier": { "w0": one } }), json!({ "verifier": [] })] {
        put(&body).refused(400, "invalid_verifier");
    }
    for body in [
        json!({ "kdf": {} }),
        json!({ "password": "p", "verifier": { "w0": one, "L": GENERATOR } }),
        json!({ "other": 1 }),
    ] {
        put(&body).refused(400, "missing_field");
    }
    put(&json!({ "password": 1 })).refused(400, "invalid_password");
    put(&json!({ "password": "x".repeat(1025) })).refused(400, "invalid_password");
    put(&json!({ "password": "p", "disabled": "yes" })).refused(400, "invalid_disabled");
    let salt = "00".repeat(16);
    for kdf in [
        json!({}),
        json!({ "algorithm": "md5", "salt": salt }),
        json!({ "algorithm": "pbkdf2-hmac-sha256", "salt": salt }),
        json!({ "algorithm": "pbkdf2-hmac-sha256", "salt": salt, "iterations": 99_999 }),
        json!({ "algorithm": "pbkdf2-hmac-sha256", "salt": salt, "iterations": 10_000_001 }),
        json!({ "algorithm": "pbkdf2-hmac-sha256", "salt": "00", "iterations": 100_000 }),
        json!({ "algorithm": "pbkdf2-hmac-sha256", "salt": "00".repeat(65), "iterations": 100_000 }),
        json!({ "algorithm": "argon2id", "salt": salt, "memory_kib": 1024, "passes": 3, "parallelism": 1 }),
        json!({ "algorithm": "argon2id", "salt": salt, "memory_kib": 65536, "passes": 3, "parallelism": 5 }),
        json!({ "algorithm": "scrypt", "salt": salt, "n": 40_000, "r": 8, "p": 1 }),
    ] {
        put(&json!({ "password": "p", "kdf": kdf })).refused(400, "invalid_kdf");
    }
    let other = json!({ "algorithm": "pbkdf2-hmac-sha256", "salt": salt, "iterations": 200_000 });
    put(&json!({ "password": "p", "kdf": other })).refused(400, "other_kdf");
    app.get("/spake/credentials/alice").refused(404, "credential_not_found");
    assert_eq!(app.get("/spake/credentials").ok().field("credentials"), json!([]));
}

#[test]
fn an_id_that_no_credential_can_have_is_named() {
    let app = TestApp::start();
    let long = "x".repeat(257);
    for id in [&*long, "a%00b", "a%0Ab", "%2e%2e", "a%2fb", "."] {
        let answer = app.put(&format!("/spake/credentials/{id}"), &json!({ "password": "p" }));
        if answer.status != 404 {
            answer.refused(400, "invalid_credential_id");
        }
    }
    for id in [json!(1), json!(long), json!("a\nb"), json!("..")] {
        app.post("/spake/login", &json!({ "credential_id": id, "client_public_key": GENERATOR }))
            .refused(400, "invalid_credential_id");
    }
    // One id in two spellings of Unicode is one credential.
    assert_eq!(app.put("/spake/credentials/%C3%A4", &json!({ "password": "p" })).status, 201);
    assert_eq!(app.put("/spake/credentials/a%CC%88", &json!({ "password": "p" })).status, 200);
}

#[test]
fn a_login_that_makes_no_sense_is_named_and_counts_as_nothing() {
    let app = TestApp::start();
    let login =
        |share: Value| app.post("/spake/login", &json!({ "credential_id": "a", "client_public_key": share }));
    for body in
        [json!({ "credential_id": "a" }), json!({ "client_public_key": GENERATOR }), json!({ "x": 1 })]
    {
        app.post("/spake/login", &body).refused(400, "missing_field");
    }
    login(json!(1)).refused(400, "invalid_public_key");
    login(json!("zz")).refused(400, "invalid_hex");
    for share in ["00", &"00".repeat(65), &GENERATOR.replace("046b", "026b"), &GENERATOR.replace("f5", "f6")]
    {
        login(json!(share)).refused(400, "invalid_public_key");
    }
    assert_eq!(app.get("/spake/credentials/a/guesses").ok().field("used"), 0);
    assert_eq!(app.get("/spake/sessions").ok().field("active_sessions"), 0);
}

fn with_header(app: &TestApp, method: &str, path: &str, header: &str, body: &Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    app.raw(
        format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{header}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .as_bytes(),
    )
}

#[test]
fn conditions_on_a_write_are_kept() {
    let app = TestApp::start();
    let (path, body) = ("/spake/credentials/alice", json!({ "password": "p" }));
    let put = |header: &str| with_header(&app, "PUT", path, header, &body);
    let created = put("If-None-Match: *");
    assert_eq!(created.status, 201);
    put("If-None-Match: *").refused(412, "precondition_failed");
    let etag = created.header("etag").unwrap().to_owned();
    assert_eq!(app.get(path).ok().header("etag"), Some(&*etag));
    let replaced = put(&format!("If-Match: {etag}"));
    assert_eq!(replaced.status, 200);
    assert_eq!(replaced.field("created_at"), created.field("created_at"));
    put(&format!("If-Match: {etag}")).refused(412, "precondition_failed");
    for header in
        ["If-Match: *", "If-Match: \"x\"", "If-None-Match: \"0000000000000000\"", "If-Match: W/\"1\""]
    {
        put(header).refused(400, "invalid_condition");
    }
    put("If-Match: \"0000000000000000\"\r\nIf-None-Match: *").refused(400, "invalid_condition");
    let delete = |header: &str| with_header(&app, "DELETE", path, header, &Value::Null);
    delete(&format!("If-Match: {etag}")).refused(412, "precondition_failed");
    delete("If-None-Match: *").refused(400, "invalid_condition");
    let etag = replaced.header("etag").unwrap().to_owned();
    delete(&format!("If-Match: {etag}")).ok();
    delete("If-Foo: 1").refused(404, "credential_not_found");
    app.patch(path, &json!({ "disabled": true })).refused(404, "credential_not_found");
    app.patch(path, &json!({ "x": true })).refused(400, "missing_field");
}

#[test]
fn credentials_are_listed_page_by_page_and_never_with_their_verifier() {
    let redis = crate::support::RedisServer::start();
    for app in [TestApp::start(), TestApp::on_redis(&redis.url(), &[])] {
        let account = Account::guesser("x", 1);
        let ids: Vec<_> = (0..25).map(|index| format!("user{index:02}")).collect();
        for id in &ids {
            let put =
                app.put(&format!("/spake/credentials/{id}"), &json!({ "verifier": account.verifier() }));
            assert_eq!(put.status, 201);
        }
        let (mut seen, mut path) = (Vec::new(), "/spake/credentials?limit=10".to_owned());
        loop {
            let page = app.get(&path).ok();
            assert!(!page.text.contains(account.verifier()["w0"].as_str().unwrap()));
            let lines = page.field("credentials").as_array().unwrap().clone();
            assert!(lines.len() <= 10);
            seen.extend(lines.iter().map(|line| line["credential_id"].as_str().unwrap().to_owned()));
            match page.field("next_cursor").as_str() {
                Some(cursor) => path = format!("/spake/credentials?limit=10&cursor={cursor}"),
                None => break,
            }
        }
        seen.sort();
        assert_eq!(seen, ids);
        app.get("/spake/credentials?limit=0").refused(400, "invalid_limit");
        app.get("/spake/credentials?cursor=%00").refused(400, "invalid_cursor");
    }
}

#[test]
fn a_mixed_deployment_takes_and_tells_another_kdf() {
    let app = TestApp::with(&[("SPAKE_KDF_MIXED", "true")]);
    let salt = "0f".repeat(16);
    for kdf in [
        json!({ "algorithm": "argon2id", "salt": salt, "memory_kib": 19_456, "passes": 2, "parallelism": 1 }),
        json!({ "algorithm": "scrypt", "salt": salt, "n": 32_768, "r": 8, "p": 1 }),
        json!({ "algorithm": "pbkdf2-hmac-sha256", "salt": salt, "iterations": 150_000 }),
    ] {
        let put = app.put("/spake/credentials/alice", &json!({ "password": "p", "kdf": kdf }));
        assert!(put.status < 300, "{put:?}");
        assert_eq!((put.field("kdf"), put.field("kdf_is_current")), (kdf.clone(), json!(false)));
        assert_eq!(app.get("/spake/credentials/alice/kdf").ok().field("kdf"), kdf);
    }
}
