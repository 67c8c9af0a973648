//! Redis is away, hangs, is full, or will not have us: requests get 503 meanwhile, and go on where they were after.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::{
    READING, WRITING, assert_completes, assert_fails_once, assert_ready, assert_unready,
    assert_worked_again_once, changes, in_time, initiate, service, turned_away,
};
use crate::support::{Answer, Client, Proxy, RedisServer, TestApp, eventually};

const REPLICATING: &str = "writing to replicas of Redis";
const TIMEOUT: Duration = Duration::from_secs(10);

/// Sessions in every status, made before the trouble.
struct Sessions {
    initiated: Client,
    exchanged: Client,
    confirmed: Client,
    burned: Client,
}

impl Sessions {
    fn make(app: &TestApp) -> Self {
        let client = |session, guess| Client::initiate(app, session, "password", guess);
        let sessions = Self {
            initiated: client("initiated", "password"),
            exchanged: client("exchanged", "password"),
            confirmed: client("confirmed", "password"),
            burned: client("burned", "guess"),
        };
        sessions.exchanged.exchange(app).ok();
        sessions.confirmed.exchange_and_confirm(app).ok();
        sessions.burned.exchange_and_confirm(app).refused(403, "confirmation_failed");
        sessions
    }

    /// Every request there is, from four callers at once; none does harm if it should be executed.
    fn ask_everything(&self, app: &TestApp) -> Vec<Answer> {
        let one_caller = || {
            [
                in_time(TIMEOUT, || initiate(app, "new")),
                in_time(TIMEOUT, || self.initiated.exchange(app)),
                in_time(TIMEOUT, || self.exchanged.confirm(app)),
                in_time(TIMEOUT, || self.confirmed.exchange_and_confirm(app)),
                in_time(TIMEOUT, || self.burned.confirm(app)),
                in_time(TIMEOUT, || app.get("/spake/status/initiated")),
                in_time(TIMEOUT, || app.get("/spake/secret/confirmed")),
                in_time(TIMEOUT, || app.get("/spake/sessions")),
                in_time(TIMEOUT, || app.delete("/spake/cleanup/nobody")),
            ]
        };
        thread::scope(|scope| {
            let callers: Vec<_> = (0..4).map(|_| scope.spawn(one_caller)).collect();
            callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
        })
    }

    /// All are as they were.
    fn assert_untouched(self, app: &TestApp) {
        for (session, status) in
            [("initiated", "initiated"), ("exchanged", "completed"), ("burned", "failed")]
        {
            assert_eq!(app.get(&format!("/spake/status/{session}")).ok().string("status"), status);
        }
        app.get("/spake/secret/exchanged").refused(409, "not_confirmed");
        app.get("/spake/status/new").refused(404, "session_not_found");
        initiate(app, "new").ok();
        self.burned.exchange_and_confirm(app).refused(403, "confirmation_failed");
        for client in [self.initiated, self.exchanged, self.confirmed] {
            assert_completes(app, client);
        }
        // A count is good for a second.
        eventually("all are counted", || {
            (app.get("/spake/sessions").ok().field("active_sessions") == 5).then_some(())
        });
    }
}

/// The whole of it, for a Redis that answers no request at all.
fn outage(app: &TestApp, reason: &str, begin: impl FnOnce(), end: impl FnOnce()) {
    let sessions = Sessions::make(app);
    assert_ready(app);
    begin();
    for answer in sessions.ask_everything(app) {
        turned_away(answer);
    }
    assert_unready(app, reason);
    assert_fails_once(app, READING);
    end();
    assert_worked_again_once(app, READING);
    assert_ready(app);
    sessions.assert_untouched(app);
}

#[test]
fn a_killed_redis_is_waited_for_and_nothing_acknowledged_is_lost() {
    let redis = RedisServer::start();
    outage(&service(&redis.url(), &[]), "refused", || redis.kill(), || redis.restart());
}

/// Sets its flag when it goes.
struct Sets<'a>(&'a AtomicBool);

impl Drop for Sets<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Redis goes and comes `cycles` times while many ask without a break: some always began before a change and end
/// after it, and what they met is old news.
fn under_load(app: &TestApp, cycles: usize, begin: impl Fn(), end: impl Fn()) {
    initiate(app, "s").ok();
    let enough = AtomicBool::new(false);
    let ask = || {
        while !enough.load(Ordering::Relaxed) {
            let answer = app.get("/spake/status/s");
            assert!([200, 503].contains(&answer.status), "{answer:?}");
        }
    };
    let told = |what: &str| app.log().matches(&format!("\"{READING} {what}")).count();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(ask);
        }
        // Also when a line does not come: a test that waits for its threads for ever tells nobody.
        let _done = Sets(&enough);
        for cycle in 1..=cycles {
            begin();
            eventually("it is told", || (told("fails") >= cycle).then_some(()));
            end();
            eventually("it is told again", || (told("works again") >= cycle).then_some(()));
        }
    });
    assert_eq!(changes(app)[READING], (cycles, cycles));
}

#[test]
fn a_redis_that_dies_under_load_is_one_failure() {
    let redis = RedisServer::start();
    under_load(&service(&redis.url(), &[]), 5, || redis.kill(), || redis.restart());
}

#[test]
fn a_redis_that_hangs_under_load_is_one_failure() {
    let redis = RedisServer::with(&[("appendonly", "no")]);
    let app = service(&redis.url(), &[("SPAKE_REDIS_TIMEOUT", "1s")]);
    under_load(&app, 3, || redis.pause(), || redis.resume());
}

#[test]
fn a_redis_that_restarts_between_two_requests_goes_unnoticed_by_the_second() {
    let redis = RedisServer::start();
    let app = service(&redis.url(), &[]);
    let client = Client::initiate(&app, "s", "password", "password");
    redis.restart();
    assert_completes(&app, client);
}

#[test]
fn a_paused_redis_holds_nobody_longer_than_the_timeout() {
    // On no disk: a sync that takes its time must not look like a pause.
    let redis = RedisServer::with(&[("appendonly", "no")]);
    let app = service(&redis.url(), &[("SPAKE_REDIS_TIMEOUT", "1s")]);
    let client = Client::initiate(&app, "s", "password", "password");
    Client::initiate(&app, "removed", "password", "password");
    assert_ready(&app);
    redis.pause();
    let quickly = Duration::from_secs(1);
    // It went out on a connection that was good: the server may have it, and may execute it later.
    let removal = in_time(quickly, || app.delete("/spake/cleanup/removed"));
    assert_eq!(turned_away(removal), "outcome_unknown");
    for _ in 0..2 {
        for answer in thread::scope(|scope| {
            let callers = [
                scope.spawn(|| in_time(quickly, || client.exchange(&app))),
                scope.spawn(|| in_time(quickly, || initiate(&app, "new"))),
                scope.spawn(|| in_time(quickly, || app.get("/spake/status/s"))),
                scope.spawn(|| in_time(quickly, || app.get("/spake/sessions"))),
            ];
            callers.map(|caller| caller.join().unwrap())
        }) {
            assert_eq!(turned_away(answer), "store_unavailable");
        }
    }
    in_time(3 * quickly, || assert_unready(&app, "the store is unavailable: "));
    assert_fails_once(&app, READING);
    redis.resume();
    assert_worked_again_once(&app, READING);
    assert_ready(&app);
    let found_out = app.delete("/spake/cleanup/removed");
    assert!([200, 404].contains(&found_out.status), "{found_out:?}");
    app.get("/spake/status/removed").refused(404, "session_not_found");
    app.get("/spake/status/new").refused(404, "session_not_found");
    assert_eq!(app.get("/spake/status/s").ok().string("status"), "initiated");
    assert_completes(&app, client);
}

/// Redis takes no writes, for `reason`; reading goes on.
fn read_only(redis: &RedisServer, reason: &str, begin: &[&str], end: &[&str]) {
    let app = service(&redis.url(), &[]);
    let sessions = Sessions::make(&app);
    assert_ready(&app);
    assert_eq!(redis.call(begin).as_text(), "OK");
    for _ in 0..4 {
        for answer in [
            initiate(&app, "new"),
            sessions.initiated.exchange_and_confirm(&app),
            sessions.exchanged.confirm(&app),
        ] {
            assert_eq!(turned_away(answer), "store_unavailable");
        }
        // Removing may be possible, which must not look as if all writing were.
        app.delete("/spake/cleanup/nobody");
    }
    let status = app.get("/spake/status/initiated").ok();
    assert_eq!(status.string("status"), "initiated");
    app.get("/spake/secret/confirmed").ok();
    app.get("/spake/secret/exchanged").refused(409, "not_confirmed");
    assert_eq!(app.get("/spake/sessions").ok().field("active_sessions"), 4);
    assert_unready(&app, reason);
    assert_fails_once(&app, WRITING);
    assert_eq!(redis.call(end).as_text(), "OK");
    assert_worked_again_once(&app, WRITING);
    assert_ready(&app);
    sessions.assert_untouched(&app);
}

#[test]
fn a_full_redis_still_answers_what_only_reads() {
    let full = ["CONFIG", "SET", "maxmemory", "1"];
    read_only(&RedisServer::start(), "OOM", &full, &["CONFIG", "SET", "maxmemory", "0"]);
}

#[test]
fn a_demoted_redis_still_answers_what_only_reads() {
    // Of nobody: a replica of another server would take that one's data, and lose ours.
    let demoted = ["REPLICAOF", "127.0.0.1", "1"];
    read_only(&RedisServer::start(), "read only replica", &demoted, &["REPLICAOF", "NO", "ONE"]);
}

#[test]
fn a_replica_that_is_missing_is_one_failure_however_well_other_writes_go() {
    let redis = RedisServer::start();
    let waits = [("SPAKE_REDIS_WAIT_REPLICAS", "1"), ("SPAKE_REDIS_TIMEOUT", "2s")];
    let app = service(&redis.url(), &waits);
    let clients = ["one", "two"].map(|session| {
        let client = Client::initiate(&app, session, "password", "password");
        // The guess might be lost with its only server.
        assert_eq!(turned_away(client.exchange_and_confirm(&app)), "outcome_unknown");
        client
    });
    assert_fails_once(&app, REPLICATING);
    let _replica = RedisServer::with(&[("replicaof", &format!("127.0.0.1 {}", redis.port()))]);
    for client in clients {
        eventually("the replica has it", || (client.exchange(&app).status == 200).then_some(()));
        assert_completes(&app, client);
    }
    assert_worked_again_once(&app, REPLICATING);
}

#[test]
fn a_redis_that_changed_its_password_is_let_in_to_when_it_has_ours_again() {
    let redis = RedisServer::with(&[("requirepass", "0urPassw0rd")]);
    let app = service(&redis.url(), &[]);
    // Who is in stays in.
    let inside = RefCell::new(redis.connect().unwrap());
    let set = |password| {
        let mut inside = inside.borrow_mut();
        assert_eq!(inside.call(&["CONFIG", "SET", "requirepass", password]).unwrap().as_text(), "OK");
        inside.call(&["CLIENT", "KILL", "TYPE", "normal"]).unwrap();
    };
    outage(&app, "Redis refuses the user or password", || set("another"), || set("0urPassw0rd"));
    assert!(!app.log().contains("0urPassw0rd"));
}

#[test]
fn a_redis_that_wants_a_password_and_did_not_is_told_from_one_that_is_away() {
    let redis = RedisServer::start();
    let app = service(&redis.url(), &[]);
    let mut inside = redis.connect().unwrap();
    let mut call = |command: &[&str]| inside.call(command).unwrap();
    let sessions = Sessions::make(&app);
    call(&["CONFIG", "SET", "requirepass", "another"]);
    call(&["CLIENT", "KILL", "TYPE", "normal"]);
    for answer in sessions.ask_everything(&app) {
        turned_away(answer);
    }
    assert_unready(&app, "Redis refuses the user or password: ");
    assert_fails_once(&app, READING);
    call(&["CONFIG", "SET", "requirepass", ""]);
    assert_worked_again_once(&app, READING);
    sessions.assert_untouched(&app);
}

#[test]
fn a_redis_that_takes_our_rights_to_the_sessions_is_waited_for() {
    let redis = RedisServer::start();
    let user = |rule| assert_eq!(redis.call(&["ACL", "SETUSER", "app", rule]).as_text(), "OK");
    ["on", ">secret", "~spake:*", "+@all"].into_iter().for_each(user);
    let app = service(&format!("redis://app:secret@{}", redis.addr()), &[]);
    outage(&app, "permissions", || user("resetkeys"), || user("~spake:*"));
}

#[test]
fn a_redis_that_is_loading_its_data_is_waited_for() {
    let redis = RedisServer::start();
    let proxy = Proxy::to(&redis.addr());
    let loading = "LOADING Redis is loading the dataset in memory";
    outage(
        &service(&proxy.url(), &[]),
        "loading the dataset",
        || proxy.answer(Some(loading)),
        || proxy.answer(None),
    );
}
