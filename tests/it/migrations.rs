//! Two releases on one keyspace: side by side, forward, and back.

use std::sync::Arc;
use std::time::Duration;

use spake_protocol::Password;
use spake_protocol::spake2::{PartyA, Setting, W};
use spake_protocol::stretch::Kdf;
use spake_service::domain::codec::Formats;
use spake_service::domain::ids::SessionId;
use spake_service::domain::keyspace;
use spake_service::domain::pairing::{Pairing, PairingPolicy};
use spake_service::domain::ports::StoreError;
use spake_service::domain::random::system_rng;
use spake_service::domain::refusal::ServiceError;
use spake_service::domain::sealing::{KeyRing, Sealer};
use spake_service::domain::session::Parties;
use spake_service::domain::sessions::Sessions;
use spake_service::domain::stretching::StretchingPool;
use spake_service::domain::time::SystemClock;
use spake_service::store::redis::{Migration, RedisStore, Release, Unfit};

use crate::conformance::fixtures::settings;
use crate::support::{RedisServer, TestApp, run};

const KEYS: &str = "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const CONTEXT: &str = "spake-service/1";

/// What the release after this one might bring: a field that people see, and another version of records.
const NEXT: &str = "
local start = tonumber(cursor) or 0
local ids = redis.call('ZRANGE', index, start, start + limit - 1)
for _, id in ipairs(ids) do
  if redis.call('EXISTS', session .. id) == 1 then
    redis.call('HINCRBY', session .. id, 'migrated', 1)
  end
end
if #ids == limit then
  return string.format('%d', start + limit)
end
return nil
";

fn next_release() -> Release {
    let mut release = Release::current();
    release.migrations.push(Migration { name: "0002_next".into(), body: NEXT.into() });
    release.formats = Formats::up_to(2);
    release
}

/// One service, without HTTP around it.
struct Replica {
    store: Arc<RedisStore>,
    pairing: Pairing,
}

impl Replica {
    async fn start(server: &RedisServer, release: Release) -> Result<Self, Unfit> {
        let formats = release.formats;
        let store = Arc::new(RedisStore::of_release(&settings(&server.url()), release).unwrap());
        store.join_schema().await?;
        store.migrate().await?;
        let sealer = Arc::new(Sealer::new(KeyRing::parse(KEYS).unwrap(), "spake"));
        let facts = keyspace::join(&*store, &sealer, "server", CONTEXT).await.unwrap();
        let policy =
            PairingPolicy { kdf: Kdf::pbkdf2(100_000).unwrap(), session_ttl: Duration::from_secs(300) };
        let pool = Arc::new(StretchingPool::start(1, 64).unwrap());
        let clock = Arc::new(SystemClock::start());
        let sessions = Arc::new(Sessions::new(store.clone(), store.clone(), sealer, formats, facts));
        let pairing = Pairing::new(sessions, policy, pool, clock);
        Ok(Self { store, pairing })
    }

    async fn initiate(&self, name: &str) -> SessionId {
        let id = SessionId::parse(name).unwrap();
        let password = Password::prepare("password").unwrap();
        self.pairing.initiate(Some(id.clone()), password, Parties::default()).await.ok().unwrap();
        id
    }

    async fn exchange(&self, id: &SessionId) -> Result<(), ServiceError> {
        let setting = Setting::new(b"", b"server", CONTEXT.as_bytes()).unwrap();
        let (_, share) = PartyA::start(setting, W::from_bytes(&[7; 32]).unwrap(), &mut system_rng());
        self.pairing.exchange(id, Ok(share), Ok(None)).await.map(drop)
    }
}

/// The versions that the envelopes' records have cannot be seen from outside, but who can read them can.
async fn finishes(by: &Replica, id: &SessionId) -> bool {
    match by.exchange(id).await {
        Ok(()) => true,
        Err(ServiceError::Store(StoreError::Corrupt(_))) => false,
        Err(error) => panic!("{error:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_releases_side_by_side_finish_each_others_sessions_forward_and_back() {
    let server = RedisServer::start();
    let old = Replica::start(&server, Release::current()).await.unwrap();
    let before = old.initiate("before the update").await;
    // Rolling forward: the new one migrates at its start, beside the old one.
    let new = Replica::start(&server, next_release()).await.unwrap();
    let (from_old, from_new) = (old.initiate("from the old").await, new.initiate("from the new").await);
    assert!(finishes(&new, &from_old).await && finishes(&old, &from_new).await);
    assert!(finishes(&new, &before).await);
    // Rolling back: the old one starts again on what the new one has left.
    let left = new.initiate("left behind").await;
    drop(new);
    let old = Replica::start(&server, Release::current()).await.unwrap();
    assert!(finishes(&old, &left).await);
    // And forward once more: what is applied is not applied again.
    let new = Replica::start(&server, next_release()).await.unwrap();
    let again = old.initiate("again").await;
    assert!(finishes(&new, &again).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_finish_new_records_are_written_and_older_releases_do_not_start() {
    let server = RedisServer::start();
    let old = Replica::start(&server, Release::current()).await.unwrap();
    let new = Replica::start(&server, next_release()).await.unwrap();
    let before = new.initiate("before").await;
    new.store.finish().await.unwrap();
    // The new one writes the new version once it has looked.
    new.store.join_schema().await.unwrap();
    let after = new.initiate("after").await;
    assert!(finishes(&old, &before).await, "what was written before stays readable");
    assert!(!finishes(&old, &after).await, "the new version was written");
    assert!(finishes(&new, &after).await);
    let refused = Replica::start(&server, Release::current()).await.err().unwrap();
    assert!(matches!(refused, Unfit::TooOld { needed: 2, ours: 1 }), "{refused}");
    // The running one hears of it too.
    assert!(old.store.join_schema().await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_visits_each_session_once_however_often_and_by_how_many_it_is_run() {
    let server = RedisServer::start();
    let old = Replica::start(&server, Release::current()).await.unwrap();
    // More than one step in one bucket.
    let key = |name: &str| {
        use spake_service::domain::ports::SessionStore;
        old.store.locate(&SessionId::parse(name).unwrap())
    };
    let bucket = |name: &str| key(name).split("session:").next().unwrap().to_owned();
    let wanted = bucket("0");
    let names: Vec<_> =
        (0..).map(|index| index.to_string()).filter(|name| bucket(name) == wanted).take(250).collect();
    for name in &names {
        server.call(&["HSET", &key(name), "status", "initiated"]);
        server.call(&["ZADD", &format!("{wanted}sessions"), "9999999999999", name]);
    }
    let migrators: Vec<_> = (0..4)
        .map(|_| {
            let store = RedisStore::of_release(&settings(&server.url()), next_release()).unwrap();
            tokio::spawn(async move { store.migrate().await.unwrap() })
        })
        .collect();
    for migrator in migrators {
        migrator.await.unwrap();
    }
    for name in &names {
        assert_eq!(server.call(&["HGET", &key(name), "migrated"]).as_text(), "1", "{name}");
    }
    let store = RedisStore::of_release(&settings(&server.url()), next_release()).unwrap();
    store.migrate().await.unwrap();
    assert_eq!(server.call(&["HGET", &key("0"), "migrated"]).as_text(), "1");
    let progress = store.progress().await.unwrap();
    assert_eq!(progress.migrations, [("0001_baseline".to_owned(), 256), ("0002_next".to_owned(), 256)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_was_stopped_in_the_middle_is_taken_up_where_it_stopped() {
    let server = RedisServer::start();
    Replica::start(&server, Release::current()).await.unwrap();
    // As a killed migrator leaves it: some buckets done, one in the middle, the rest untouched.
    let done = server.call(&["KEYS", "spake:{0*}:migration"]);
    for key in done.items() {
        server.call(&["HSET", &key.as_text(), "version", "2"]);
    }
    let store = RedisStore::of_release(&settings(&server.url()), next_release()).unwrap();
    let some = store.progress().await.unwrap().migrations[1].1;
    assert_eq!(some, 16);
    store.migrate().await.unwrap();
    assert_eq!(store.progress().await.unwrap().migrations[1].1, 256);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_migration_is_named() {
    let server = RedisServer::start();
    Replica::start(&server, next_release()).await.unwrap();
    let mut edited = next_release();
    edited.migrations[1].body = format!("{NEXT}-- edited").into();
    let refused = Replica::start(&server, edited).await.err().unwrap();
    assert!(matches!(&refused, Unfit::Edited(name) if name == "0002_next"), "{refused}");
}

fn variables(url: &str) -> [(&str, &str); 4] {
    [("REDIS_URL", url), ("SPAKE_STATE_KEYS", KEYS), ("PORT", "0"), ("SPAKE_ADMIN_ADDR", "off")]
}

#[test]
fn the_command_tells_applies_and_finishes() {
    let server = RedisServer::start();
    let url = server.url();
    let status = "0001_baseline: 0 of 256 buckets\n\
                  services write record version 1; releases of level 0 and newer may start\n";
    assert_eq!(run(&variables(&url), &["migrate", "--status"]), (0, status.to_owned(), String::new()));
    let (code, out, err) = run(&variables(&url), &["migrate"]);
    assert!(code == 0 && out.starts_with("0001_baseline: 256 of 256 buckets\n"), "{out}{err}");
    let (code, out, _) = run(&variables(&url), &["migrate", "--finish"]);
    assert!(code == 0 && out.contains("releases of level 1 and newer"), "{out}");
    let (code, _, err) = run(&[], &["migrate"]);
    assert!(code == 2 && err.contains("REDIS_URL"), "{err}");
}

#[test]
fn a_service_says_in_one_line_why_it_must_not_use_a_keyspace() {
    let server = RedisServer::start();
    let url = server.url();
    drop(TestApp::with(&variables(&url)));
    let schema = "spake:{00kp}:schema";
    server.call(&["HSET", schema, "min_reader", "7"]);
    let (code, _, err) = run(&variables(&url), &[]);
    assert!(code == 2 && err.contains("level 7") && err.lines().count() == 1, "{err}");
    server.call(&["HSET", schema, "min_reader", "1", "0001_baseline", "another checksum"]);
    for command in [&[][..], &["migrate"], &["migrate", "--status"]] {
        let (code, _, err) = run(&variables(&url), command);
        assert!(code == 2 && err.contains("0001_baseline") && err.contains("edited"), "{command:?} {err}");
    }
}

#[test]
fn pending_migrations_wait_when_a_start_may_not_apply_them() {
    let server = RedisServer::start();
    let url = server.url();
    let may_not = [&variables(&url)[..], &[("SPAKE_REDIS_MIGRATE", "false")]].concat();
    let app = TestApp::with(&may_not);
    app.get("/spake/status/none").refused(404, "session_not_found");
    crate::support::eventually("a warning", || app.log().contains("migrations are pending").then_some(()));
    assert!(run(&variables(&url), &["migrate", "--status"]).1.starts_with("0001_baseline: 0 of"));
}
