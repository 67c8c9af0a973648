//! `spake-service credential …` and `spake-service login`.

use std::io::Write;
use std::process::Stdio;

use serde_json::json;

use crate::support::{Account, RedisServer, STATE_KEYS, TestApp, command, run};

const KDF: &str = "pbkdf2-hmac-sha256:100000";

fn client<'a>(app: &'a TestApp, arguments: &[&'a str]) -> (i32, String, String) {
    run(&[], &[arguments, &["--url", &app.url]].concat())
}

#[test]
fn an_account_is_registered_used_listed_and_deleted_from_the_command_line() {
    let app = TestApp::start();
    let account = ["--id", "alice", "--kdf", KDF, "--password"];
    let put = |password| client(&app, &[&["credential", "put"], &account[..], &[password]].concat());
    let login = |password| client(&app, &[&["login"], &account[..], &[password]].concat());
    assert_eq!(put("first").1, "alice: registered\n");
    let (code, out, err) = login("first");
    assert!(code == 0 && out.contains("confirmed      true"), "{out}{err}");
    let session = out.split_whitespace().nth(1).unwrap();
    let secret = app.get(&format!("/spake/secret/{session}")).ok().string("shared_secret");
    assert!(out.contains(&secret));
    let (code, _, err) = login("second");
    assert!(code == 1 && err.contains("password is wrong"), "{err}");
    assert_eq!(put("second").1, "alice: replaced\n");
    assert_eq!(login("second").0, 0);
    assert!(client(&app, &["credential", "list"]).1.ends_with("  alice\n"));
    assert_eq!(client(&app, &["credential", "delete", "--id", "alice"]).1, "alice: deleted\n");
    let (code, _, err) = client(&app, &["credential", "delete", "--id", "alice"]);
    assert!(code == 1 && err.contains("Credential not found"), "{err}");
    assert_eq!(client(&app, &["credential", "list"]).1, "");
}

#[test]
fn a_service_that_is_not_the_expected_one_gets_nothing() {
    let app = TestApp::with(&[("SPAKE_SERVER_ID", "another")]);
    let account = ["--id", "alice", "--password", "p", "--kdf", KDF];
    let (code, _, err) = client(&app, &[&["credential", "put"], &account[..]].concat());
    assert!(code == 1 && err.contains("server_id") && err.contains("--expect-server-id"), "{err}");
    let weak = ["login", "--id", "alice", "--password", "p", "--expect-server-id", "another"];
    let (code, _, err) = client(&app, &weak);
    assert!(code == 1 && err.contains("kdf"), "a cheaper kdf than expected is not adopted: {err}");
    assert_eq!(app.get("/spake/credentials").ok().field("credentials"), json!([]));
}

fn import(variables: &[(&str, &str)], arguments: &[&str], lines: &str) -> (i32, String) {
    let mut child = command()
        .envs(variables.iter().copied())
        .args([&["credential", "import"], arguments].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end before it has read everything.
    drop(child.stdin.take().unwrap().write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn accounts_move_from_redis_to_a_file_and_an_interrupted_move_goes_on() {
    let redis = RedisServer::start();
    let url = redis.url();
    let source = [("REDIS_URL", &*url), ("SPAKE_STATE_KEYS", STATE_KEYS), ("SPAKE_REDIS_PREFIX", "old")];
    let app = TestApp::with(&source);
    let accounts: Vec<_> = ["alice", "bob", "carol"].map(|id| Account::at(&app, id, "password")).into();
    for account in &accounts {
        account.register(&app);
    }
    let (code, lines, err) = run(&source, &["credential", "export"]);
    assert_eq!((code, lines.lines().count(), err.trim()), (0, 3, "3 exported"));
    assert!(!lines.contains(accounts[0].verifier()["w0"].as_str().unwrap()));
    let last = lines.lines().nth(1).unwrap();
    let last: serde_json::Value = serde_json::from_str(last).unwrap();
    let rest = run(&source, &["credential", "export", "--after", last["credential_id"].as_str().unwrap()]);
    assert_eq!(rest.1.lines().count(), 1);

    let directory = tempfile::tempdir().unwrap();
    let target = [("SPAKE_DATA_DIR", directory.path().to_str().unwrap()), ("SPAKE_STATE_KEYS", STATE_KEYS)];
    let first = lines.lines().next().unwrap();
    let from = ["--from-prefix", "old"];
    assert_eq!(import(&target, &from, first), (0, "1 imported\n".to_owned()));
    assert_eq!(import(&target, &from, &lines), (0, "2 imported, 1 there already\n".to_owned()));
    let app = TestApp::with(&target);
    for account in &accounts {
        account.log_in(&app);
    }
}

#[test]
fn a_line_that_is_none_of_ours_is_named_and_ends_the_import() {
    let directory = tempfile::tempdir().unwrap();
    let target = [("SPAKE_DATA_DIR", directory.path().to_str().unwrap()), ("SPAKE_STATE_KEYS", STATE_KEYS)];
    for line in
        ["x", "{}", r#"{"credential_id": "a", "sealed": "AAAA"}"#, r#"{"credential_id": "", "sealed": ""}"#]
    {
        let (code, err) = import(&target, &[], &format!("\n{line}\n"));
        assert!(code == 1 && err.contains("line 2"), "{err}");
    }
    let (code, err) = import(&[], &[], "");
    assert!(code == 2 && err.contains("SPAKE_DATA_DIR"), "{err}");
}
