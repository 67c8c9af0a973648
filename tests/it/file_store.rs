//! The embedded store's file: what survives, and what is refused.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use spake_service::domain::time::{ManualClock, Timestamp};
use spake_service::store::embedded::{FileStore, OpenFileError};

use crate::support::{BINARY, Client, TestApp, eventually, run};

const KEYS: &str = "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OTHER_KEYS: &str = "b:HxwdHh8AAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRo=";

fn app(directory: &Path) -> TestApp {
    TestApp::with(&[("SPAKE_DATA_DIR", directory.to_str().unwrap()), ("SPAKE_STATE_KEYS", KEYS)])
}

#[test]
fn a_killed_service_continues_every_session_it_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let mut first = app(directory.path());
    let early = Client::initiate(&first, "initiated", "password", "password");
    let exchanged = Client::initiate(&first, "exchanged", "password", "password");
    exchanged.exchange(&first).ok();
    let burned = Client::initiate(&first, "burned", "password", "guess");
    burned.exchange_and_confirm(&first).refused(403, "confirmation_failed");
    first.kill();

    let second = app(directory.path());
    assert_eq!(second.get("/spake/sessions").ok().field("active_sessions"), 3);
    let answer = early.exchange_and_confirm(&second).ok();
    assert_eq!(answer.string("shared_secret"), early.secret(&answer.string("server_confirmation")));
    exchanged.exchange(&second).ok();
    exchanged.confirm(&second).ok();
    burned.exchange_and_confirm(&second).refused(403, "confirmation_failed");
    burned.confirm(&second).refused(400, "invalid_session_status");
}

#[test]
fn a_second_process_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let _first = app(directory.path());
    let path = directory.path().to_str().unwrap();
    let (code, _, err) = run(&[("PORT", "0"), ("SPAKE_DATA_DIR", path), ("SPAKE_STATE_KEYS", KEYS)], &[]);
    assert_eq!(code, 2);
    assert!(err.contains("SPAKE_DATA_DIR") && err.contains("in use by another process"), "{err}");
}

#[test]
fn another_key_identity_or_context_is_refused_and_a_rotated_ring_is_not() {
    let directory = tempfile::tempdir().unwrap();
    drop(app(directory.path()));
    let path = directory.path().to_str().unwrap();
    let refused = |variables: &[(&str, &str)], name: &str| {
        let (code, _, err) = run(&[&[("PORT", "0"), ("SPAKE_DATA_DIR", path)], variables].concat(), &[]);
        assert_eq!(code, 2);
        assert!(err.contains(name) && err.lines().count() == 1, "{err}");
    };
    refused(&[("SPAKE_STATE_KEYS", OTHER_KEYS)], "state key `a`");
    refused(&[("SPAKE_STATE_KEYS", &KEYS.replace("AAEC", "AAED"))], "altered");
    refused(&[("SPAKE_STATE_KEYS", KEYS), ("SPAKE_SERVER_ID", "other")], "SPAKE_SERVER_ID");
    refused(&[("SPAKE_STATE_KEYS", KEYS), ("SPAKE_CONTEXT", "other")], "SPAKE_CONTEXT");
    let ring = format!("{OTHER_KEYS},{KEYS}");
    TestApp::with(&[("SPAKE_DATA_DIR", path), ("SPAKE_STATE_KEYS", &ring)]).get("/health").ok();
}

#[test]
fn directory_and_file_are_for_their_owner_only() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("new/data");
    drop(app(&directory));
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    for file in directory.read_dir().unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
}

#[test]
fn what_is_no_store_of_ours_is_refused_in_one_line() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("spake.redb"), "not a database, and long enough to be read as one")
        .unwrap();
    let path = directory.path().to_str().unwrap();
    let (code, _, err) = run(&[("PORT", "0"), ("SPAKE_DATA_DIR", path), ("SPAKE_STATE_KEYS", KEYS)], &[]);
    assert!(code == 2 && err.contains("spake.redb") && err.lines().count() == 1, "{err}");
    let (code, _, err) =
        run(&[("SPAKE_DATA_DIR", "/dev/null/x"), ("SPAKE_STATE_KEYS", KEYS), ("PORT", "0")], &[]);
    assert!(code == 2 && err.contains("/dev/null/x") && err.lines().count() == 1, "{err}");
}

#[tokio::test]
async fn a_file_opens_once_and_again_after_it_was_closed() {
    let directory = tempfile::tempdir().unwrap();
    let open = || FileStore::open(directory.path(), Arc::new(ManualClock::at(Timestamp::from_millis(0))));
    let first = open().unwrap();
    assert!(matches!(open(), Err(OpenFileError::InUse(_))));
    drop(first);
    assert!(open().is_ok());
}

#[tokio::test]
async fn a_sweep_frees_what_has_expired_and_keeps_the_rest() {
    use spake_service::domain::ids::SessionId;
    use spake_service::domain::ports::{Entry, SessionStore};
    use spake_service::domain::session::{Status, Summary};

    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(0)));
    let store = FileStore::open(directory.path(), clock.clone()).unwrap();
    let create = async |name: String, ttl| {
        let summary = Summary { status: Status::Initiated, confirmed: false };
        let entry = Entry { sealed: vec![7; 3000], summary };
        store.create(&SessionId::parse(&name).unwrap(), entry, Duration::from_secs(ttl)).await.unwrap();
    };
    for index in 0..50 {
        create(format!("short{index}"), 10).await;
    }
    create("long".to_owned(), 1000).await;
    clock.advance(Duration::from_secs(10));
    store.sweep().await.unwrap();
    drop(store);
    // Read with a clock that has not moved: what was not freed would be alive.
    let store =
        FileStore::open(directory.path(), Arc::new(ManualClock::at(Timestamp::from_millis(0)))).unwrap();
    assert_eq!(store.count().await.unwrap(), 1);
    assert!(store.read(&SessionId::parse("long").unwrap()).await.unwrap().is_some());
}

/// The disk refuses every write for a while; the service is told by its requests, and by nothing else.
#[test]
fn a_disk_that_refuses_writes_for_a_while_needs_no_restart() {
    let directory = tempfile::tempdir().unwrap();
    // A write past the limit is an error, and not the end of the process.
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &format!("trap '' XFSZ; exec {BINARY}")]).env_clear().env("PATH", "/usr/bin:/bin");
    let app = TestApp::from_command(
        shell,
        &[("SPAKE_DATA_DIR", directory.path().to_str().unwrap()), ("SPAKE_STATE_KEYS", KEYS)],
    );
    let limit = |bytes: &str| {
        let pid = app.pid().to_string();
        let limited = std::process::Command::new("prlimit").args(["--pid", &pid, bytes]).status().unwrap();
        assert!(limited.success());
    };
    let client = Client::initiate(&app, "before", "password", "password");
    limit("--fsize=1:");
    let refused = eventually("an answer that tells of it", || {
        let answer = client.exchange(&app);
        (answer.status == 503).then_some(answer)
    });
    assert!(["store_unavailable", "outcome_unknown"].contains(&&*refused.string("code")), "{refused:?}");
    // Reads alone: nothing of this reaches the writer by itself.
    eventually("reads fail too, or never did", || {
        [200, 503].contains(&app.get("/spake/status/before").status).then_some(())
    });
    limit("--fsize=unlimited:");
    eventually("reads work again", || (app.get("/spake/status/before").status == 200).then_some(()));
    let exchanged = eventually("writes work again", || {
        let answer = client.exchange(&app);
        (answer.status == 200).then_some(answer)
    });
    assert_eq!(exchanged.string("shared_secret"), client.unconfirmed_secret());
}
