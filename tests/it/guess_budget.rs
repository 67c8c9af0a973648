//! The budget of guesses, over three services and one Redis: exact, whatever is parallel, repeated or killed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::support::account::Account;
use crate::support::{RedisServer, TestApp};

const LIMIT: usize = 10;
const GUESSES: usize = 300;

/// All guesses at once, spread over the services; how many were answered. Services may be killed meanwhile.
fn guess_all(apps: &[TestApp], id: &str, meanwhile: impl FnOnce() + Send) -> usize {
    // The shares are made before, so that only the service is measured against.
    let logins: Vec<_> = (0..GUESSES).map(|_| Account::guesser(id, 7).begin()).collect();
    let answered = AtomicUsize::new(0);
    thread::scope(|scope| {
        for part in logins.chunks(GUESSES / 30) {
            scope.spawn(|| {
                for (index, login) in part.iter().enumerate() {
                    let Some(answer) = apps[index % apps.len()].try_post("/spake/login", &login.request())
                    else {
                        continue;
                    };
                    match answer.status {
                        200 => drop(answered.fetch_add(1, Ordering::Relaxed)),
                        429 => drop(answer.refused(429, "too_many_guesses")),
                        _ => assert_eq!(answer.status, 503, "{answer:?}"),
                    }
                }
            });
        }
        scope.spawn(meanwhile);
    });
    answered.into_inner()
}

fn three_on(redis: &RedisServer) -> [TestApp; 3] {
    [(); 3].map(|()| TestApp::on_redis(&redis.url(), &[]))
}

#[test]
fn of_three_hundred_wrong_logins_on_three_services_exactly_the_limit_is_answered() {
    let redis = RedisServer::start();
    let apps = three_on(&redis);
    let alice = Account::at(&apps[0], "alice", "password");
    alice.register(&apps[0]);
    for id in ["alice", "nobody"] {
        assert_eq!(guess_all(&apps, id, || {}), LIMIT, "{id}");
        let guess = Account::guesser(id, 9).begin().post(&apps[1]);
        guess.refused(429, "too_many_guesses");
    }
    alice.begin().post(&apps[2]).refused(429, "too_many_guesses");
    // The lock belongs to one credential.
    Account::guesser("another", 1).begin().post(&apps[0]).ok();
}

#[test]
fn with_a_service_killed_in_the_middle_it_is_never_more_than_the_limit() {
    let redis = RedisServer::start();
    let apps = three_on(&redis);
    let answered = guess_all(&apps, "alice", || apps[0].kill_in_use());
    assert!(answered <= LIMIT, "{answered}");
    // What the dead one had counted stays counted: the others give no more than what is left.
    let left = guess_all(&apps[1..], "alice", || {});
    assert!(answered + left <= LIMIT, "{answered} and then {left}");
    let used = apps[1].get("/spake/credentials/alice/guesses").ok().field("used");
    assert_eq!(used, LIMIT);
}

#[test]
fn many_good_logins_at_once_never_lock_more_than_those_that_are_open() {
    let redis = RedisServer::start();
    let apps = three_on(&redis);
    let alice = Account::at(&apps[0], "alice", "password");
    alice.register(&apps[0]);
    thread::scope(|scope| {
        for app in &apps {
            for _ in 0..3 {
                scope.spawn(|| {
                    for _ in 0..4 {
                        alice.log_in(app);
                    }
                });
            }
        }
    });
    let used = apps[0].get("/spake/credentials/alice/guesses").ok().field("used");
    assert_eq!(used, 0, "every attempt was taken back");
}

#[test]
fn a_redis_that_is_away_means_no_login_and_never_an_uncounted_one() {
    let redis = RedisServer::start();
    let app = TestApp::on_redis(&redis.url(), &[("SPAKE_REDIS_TIMEOUT", "1s")]);
    let login = Account::guesser("alice", 1).begin();
    redis.kill();
    assert_eq!(login.post(&app).status, 503);
    redis.restart();
    let counted = |expected: u64| {
        let budget = app.get("/spake/credentials/alice/guesses");
        (budget.status == 200).then(|| assert_eq!(budget.field("used"), expected))
    };
    crate::support::eventually("Redis is back", || counted(0));
    login.post(&app).ok();
    counted(1).unwrap();
}
