//! State keys are rotated without downtime, and the old one can really go.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::{Account, Client, RedisServer, TestApp, eventually, run};

const A: &str = "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const B: &str = "b:HxwdHh8AAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRo=";

#[test]
fn two_replicas_go_from_one_key_to_another_without_losing_a_session() {
    let server = RedisServer::start();
    let directory = tempfile::tempdir().unwrap();
    let files = ["one", "two"].map(|name| directory.path().join(name));
    let write = |file: &Path, keys: &[&str]| fs::write(file, keys.join("\n") + "\n").unwrap();
    for file in &files {
        write(file, &[A]);
    }
    let url = server.url();
    let start = |file: &Path| {
        TestApp::with(&[("REDIS_URL", &url), ("SPAKE_STATE_KEYS_FILE", file.to_str().unwrap())])
    };
    let apps = [start(&files[0]), start(&files[1])];
    let takes = |app: &TestApp, times: usize| {
        eventually("the keys are read again", || {
            (app.log().matches("state keys read again").count() == times).then_some(())
        });
    };
    let under_a = Client::initiate(&apps[0], "under a", "password", "password");
    let alice = Account::at(&apps[0], "alice", "password");
    alice.register(&apps[0]);
    let open_login = alice.begin();
    let answered = open_login.post(&apps[0]).ok();
    let (open_login, confirmation, _) = open_login.against(&answered).right().unwrap();
    // The new key last everywhere, so that all can open it; then first, one after the other.
    for (app, file) in apps.iter().zip(&files) {
        write(file, &[A, B]);
        takes(app, 1);
    }
    write(&files[0], &[B, A]);
    takes(&apps[0], 2);
    let under_b = Client::initiate(&apps[0], "under b", "password", "password");
    under_a.exchange(&apps[1]).ok();
    under_b.exchange(&apps[1]).ok();
    write(&files[1], &[B, A]);
    takes(&apps[1], 2);
    // What lasts is sealed again; then the old key goes.
    let rotate = || run(&[("REDIS_URL", &url), ("SPAKE_STATE_KEYS", &format!("{B},{A}"))], &["rotate"]);
    let (code, out, err) = rotate();
    assert!(code == 0 && out.contains("now sealed under `b`"), "{out}{err}");
    assert!(out.contains("credentials: 1 of 1"), "{out}");
    assert!(rotate().1.contains("already sealed under `b`") && rotate().1.contains("credentials: 0 of 1"));
    // A credential that was sealed again is still the same: its open logins go on.
    open_login.confirm(&apps[0], &confirmation).ok();
    // Each write seals under the first key, so what has moved on since is under the new one.
    under_a.confirm(&apps[0]).ok();
    let left_behind = under_b;
    for (app, file) in apps.iter().zip(&files) {
        write(file, &[B]);
        takes(app, 3);
    }
    let late = TestApp::with(&[("REDIS_URL", &url), ("SPAKE_STATE_KEYS", B)]);
    late.get("/spake/secret/under%20a").ok();
    alice.log_in(&late);
    // Nobody waited for the TTL of this one, which was last written under the old key.
    left_behind.confirm(&late).refused(500, "internal");
    eventually("the log names the key", || late.log().contains("state key `a`").then_some(()));
}

/// A service that reads its key `A` from a file in `directory`.
fn with_key_file(server: &RedisServer, directory: &TempDir) -> (TestApp, PathBuf) {
    let file = directory.path().join("keys");
    fs::write(&file, A).unwrap();
    let keys = ("SPAKE_STATE_KEYS_FILE", file.to_str().unwrap());
    (TestApp::with(&[("REDIS_URL", &server.url()), keys]), file)
}

#[test]
fn a_key_file_that_does_not_parse_is_named_and_the_keys_stay() {
    let server = RedisServer::start();
    let directory = tempfile::tempdir().unwrap();
    let (app, file) = with_key_file(&server, &directory);
    fs::write(&file, "b:c2VjcmV0").unwrap();
    eventually("the log names it", || app.log().contains("key `b`").then_some(()));
    assert!(!app.log().contains("c2VjcmV0"), "{}", app.log());
    Client::initiate(&app, "s", "password", "password").exchange(&app).ok();
}

#[test]
fn another_key_under_a_name_in_use_is_not_taken() {
    let server = RedisServer::start();
    let directory = tempfile::tempdir().unwrap();
    let (app, file) = with_key_file(&server, &directory);
    let client = Client::initiate(&app, "s", "password", "password");
    // As whoever writes `keygen > keys` a second time does.
    fs::write(&file, B.replacen('b', "a", 1)).unwrap();
    eventually("the log says so", || app.log().contains("another key under the id `a`").then_some(()));
    client.exchange(&app).ok();
}

#[test]
fn a_service_that_lacks_the_key_of_the_facts_says_which() {
    let server = RedisServer::start();
    let url = server.url();
    drop(TestApp::with(&[("REDIS_URL", &url), ("SPAKE_STATE_KEYS", A)]));
    for command in [&[][..], &["rotate"]] {
        let (code, _, err) = run(&[("REDIS_URL", &url), ("SPAKE_STATE_KEYS", B), ("PORT", "0")], command);
        assert!(code == 2 && err.contains("`a`") && err.lines().count() == 1, "{err}");
    }
}

#[test]
fn the_embedded_file_is_rotated_while_no_service_has_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    let both = format!("{B},{A}");
    drop(TestApp::with(&[("SPAKE_DATA_DIR", path), ("SPAKE_STATE_KEYS", A)]));
    let app = TestApp::with(&[("SPAKE_DATA_DIR", path), ("SPAKE_STATE_KEYS", &both)]);
    let (code, _, err) = run(&[("SPAKE_DATA_DIR", path), ("SPAKE_STATE_KEYS", &both)], &["rotate"]);
    assert!(code == 2 && err.contains("in use"), "{err}");
    drop(app);
    let (code, out, err) = run(&[("SPAKE_DATA_DIR", path), ("SPAKE_STATE_KEYS", &both)], &["rotate"]);
    assert!(code == 0 && out.contains("now sealed under `b`"), "{out}{err}");
    TestApp::with(&[("SPAKE_DATA_DIR", path), ("SPAKE_STATE_KEYS", B)]).get("/health").ok();
    let (code, _, err) = run(&[], &["rotate"]);
    assert!(code == 2 && err.contains("SPAKE_STATE_KEYS"), "{err}");
}
