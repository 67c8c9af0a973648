//! Redis fails over: nobody is told anything wrong, no session is used twice, and no service needs a restart.

use std::collections::BTreeSet;
use std::time::Duration;

use sha2::{Digest, Sha256};
use spake_service::domain::ids::SessionId;
use spake_service::domain::ports::{Entry, SessionStore, Swap};
use spake_service::domain::session::{Protocol, Status, Summary};
use spake_service::store::redis::{RedisStore, Settings};

use crate::conformance::fixtures::settings;
use crate::support::load::{Acknowledged, under_load};
use crate::support::redis_cluster::Cluster;
use crate::support::redis_sentinel::{SentinelSet, await_replica};
use crate::support::{Answer, Client, RedisServer, STATE_KEYS, TestApp, at_once, eventually, rounds, run};

/// Long enough for a busy machine, short enough to try again soon.
const TIMEOUT: (&str, &str) = ("SPAKE_REDIS_TIMEOUT", "500ms");

fn two_on(set: &SentinelSet, variables: &[(&str, &str)]) -> Vec<TestApp> {
    let master = ("SPAKE_REDIS_SENTINEL_MASTER", set.master_name());
    let variables = [&[TIMEOUT, master], variables].concat();
    (0..2).map(|_| TestApp::on_redis(&set.sentinel_urls(), &variables)).collect()
}

fn named(worker: usize, number: usize) -> String {
    format!("{worker}-{number}")
}

#[test]
fn sentinels_replace_a_killed_master_under_load() {
    let mut set = SentinelSet::start();
    let apps = two_on(&set, &[]);
    for round in 0..rounds() {
        let name = |worker, number| format!("{round}-{}", named(worker, number));
        under_load(&apps, Acknowledged::MayBeLost, &name, |load| {
            set.kill_master();
            set.wait_for_failover();
            load.wait_for_more(20);
            if round + 1 < rounds() {
                set.restart_old_master();
                load.wait_for_more(5);
            }
        });
    }
}

#[test]
fn a_master_that_was_away_comes_back_as_a_replica_and_is_not_written_to() {
    let mut set = SentinelSet::start();
    let apps = two_on(&set, &[]);
    for round in 0..rounds() {
        let name = |worker, number| format!("{round}-{}", named(worker, number));
        under_load(&apps, Acknowledged::MayBeLost, &name, |load| {
            let old = set.master().addr();
            set.master().pause();
            set.wait_for_failover();
            load.wait_for_more(10);
            // It believes that it is the master, until somebody tells it.
            set.replica().resume();
            load.wait_for_more(20);
            assert_eq!(set.replica().addr(), old);
            await_replica(set.replica());
            load.wait_for_more(5);
        });
    }
}

#[test]
fn no_guess_that_was_answered_is_lost_with_a_master_whose_replica_was_behind() {
    let mut set = SentinelSet::start();
    let apps = two_on(&set, &[("SPAKE_REDIS_WAIT_REPLICAS", "1")]);
    for round in 0..rounds() {
        let name = |worker, number| format!("{round}-{}", named(worker, number));
        under_load(&apps, Acknowledged::IsKept, &name, |load| {
            // What the master takes from now on, nobody else has.
            set.replica().kill();
            load.wait_for_more_unknown(20);
            set.kill_master();
            set.replica().restart();
            set.wait_for_failover();
            set.restart_old_master();
            load.wait_for_more(20);
        });
    }
}

#[test]
fn no_answer_leaves_that_a_replica_does_not_have() {
    let master = RedisServer::start();
    let replica = RedisServer::with(&[("replicaof", &format!("127.0.0.1 {}", master.port()))]);
    await_replica(&replica);
    answers_wait_for(&replica, &master.url());
}

#[test]
fn no_answer_of_a_cluster_leaves_that_a_replica_does_not_have() {
    let cluster = Cluster::start(1, 1);
    answers_wait_for(&cluster.nodes()[1], &cluster.urls());
}

fn answers_wait_for(replica: &RedisServer, url: &str) {
    let wait = [TIMEOUT, ("SPAKE_REDIS_WAIT_REPLICAS", "1")];
    let apps = [TestApp::on_redis(url, &wait), TestApp::on_redis(url, &wait)];
    let client = Client::initiate(&apps[0], "s", "password", "password");
    let [right, wrong] = [("right", "password"), ("wrong", "guess")].map(|(session, guess)| {
        let client = Client::initiate(&apps[0], session, "password", guess);
        client.exchange(&apps[0]).ok();
        client
    });
    replica.kill();
    let asked: [&(dyn Fn(&TestApp) -> Answer + Sync); 5] = [
        &|app| client.exchange(app),
        &|app| right.confirm(app),
        // That a guess was wrong is an answer too, whoever asks for it and how.
        &|app| wrong.confirm(app),
        &|app| app.get("/spake/status/wrong"),
        &|app| app.get("/spake/secret/right"),
    ];
    // The first take effect; no repetition, on any service, gets more out of it.
    for app in [&apps[0], &apps[0], &apps[1]] {
        at_once(&asked, |_, ask| {
            // A busy machine may not get as far as the replicas in time; then nothing has been asked.
            let is_answer = |answer: &Answer| !answer.text.contains("store_unavailable");
            let answer = eventually("Redis is reached", || Some(ask(app)).filter(is_answer));
            answer.refused(503, "outcome_unknown");
        });
    }
    // It is stored all the same, and it is the answer that the client gets in the end.
    replica.restart();
    await_replica(replica);
    let repeated = client.exchange(&apps[1]).ok();
    assert_eq!(repeated.text, client.exchange(&apps[0]).ok().text);
    let confirmed = client.confirm(&apps[0]).ok();
    assert_eq!(repeated.string("shared_secret"), client.secret(&confirmed.string("server_confirmation")));
    wrong.confirm(&apps[1]).refused(403, "confirmation_failed");
    assert_eq!(apps[0].get("/spake/status/wrong").ok().string("status"), "failed");
    let secret = right.confirm(&apps[0]).ok().string("shared_secret");
    assert_eq!(apps[1].get("/spake/secret/right").ok().string("shared_secret"), secret);
}

/// Between the reading of a record and the answer from it, a failover may undo the record.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_read_is_not_answered_from_when_it_does_not_stand_any_more() {
    let master = RedisServer::start();
    let replica = RedisServer::with(&[("replicaof", &format!("127.0.0.1 {}", master.port()))]);
    await_replica(&replica);
    let store = RedisStore::new(&Settings { wait_replicas: 1, ..settings(&master.url()) }).unwrap();
    let id = SessionId::parse("s").unwrap();
    let summary = Summary { protocol: Protocol::Spake2, status: Status::Initiated, confirmed: false };
    let entry = |sealed: &[u8]| Entry { sealed: sealed.to_vec(), summary };
    store.create(&id, entry(b"envelope 1"), Duration::from_secs(60)).await.unwrap();
    let read = store.read(&id).await.unwrap().unwrap().revision;
    assert_eq!(store.settle(&id, read).await.unwrap(), Swap::Won);
    assert_eq!(store.replace(&id, read, entry(b"envelope 2")).await.unwrap(), Swap::Won);
    assert_eq!(store.settle(&id, read).await.unwrap(), Swap::Lost);
    store.delete(&id, None).await.unwrap();
    assert_eq!(store.settle(&id, read).await.unwrap(), Swap::Lost);
    assert!(store.read(&id).await.unwrap().is_none(), "nothing was made by asking");
}

const MASTERS: usize = 3;

/// Which of the masters, by number, has a session at first: bucket b lies in the slots from 64b.
fn master_of(session: &str) -> usize {
    let bucket = usize::from(Sha256::digest(session)[0]);
    // The slots are dealt out evenly; the last of a bucket that is on two would be another's.
    (64 * bucket + 63) * MASTERS / 16_384
}

fn two_on_cluster(cluster: &Cluster) -> Vec<TestApp> {
    (0..2).map(|_| TestApp::on_redis(&cluster.urls(), &[TIMEOUT])).collect()
}

#[test]
fn a_cluster_loses_a_master_under_load_and_sessions_on_the_others_go_on() {
    // Otherwise all masters refuse everything until the lost one is replaced.
    let cluster = Cluster::with(MASTERS, MASTERS, &[("cluster-require-full-coverage", "no")]);
    let apps = two_on_cluster(&cluster);
    for round in 0..rounds() {
        let lost = round % MASTERS;
        // Each worker stays with a master.
        let name = |worker: usize, number: usize| {
            let mut names = (0..).map(|salt| format!("{round}-{}-{salt}", named(worker, number)));
            names.find(|name| master_of(name) == worker % MASTERS).unwrap()
        };
        under_load(&apps, Acknowledged::MayBeLost, &name, |load| {
            // Nobody takes its place until the others have been seen without it.
            let no_failover = |value| {
                for node in cluster.nodes().iter().filter(|node| node.is_running()) {
                    let set = node.call(&["CONFIG", "SET", "cluster-replica-no-failover", value]);
                    assert_eq!(set.as_text(), "OK");
                }
            };
            no_failover("yes");
            let killed = cluster.kill_master_of(u16::try_from(16_384 * lost / MASTERS + 100).unwrap());
            let others = |session: &str| master_of(session) != lost;
            load.wait_for_more_of(10, others);
            let witness = cluster.nodes().iter().find(|node| node.is_running()).unwrap();
            eventually("the loss is noticed", || {
                let nodes = witness.call(&["CLUSTER", "NODES"]);
                nodes.as_text().contains("master,fail ").then_some(())
            });
            load.wait_for_more_of(10, others);
            no_failover("no");
            cluster.wait_ok();
            load.wait_for_more_of(10, |session| master_of(session) == lost);
            if round + 1 < rounds() {
                cluster.restart_as_replica(killed);
            }
        });
    }
}

#[test]
fn a_cluster_serves_counts_and_lists_the_sessions_of_all_its_masters() {
    let cluster = Cluster::start(MASTERS, 0);
    let apps = two_on_cluster(&cluster);
    let sessions: BTreeSet<String> = (0..45).map(|number| format!("s{number}")).collect();
    let mut count = [0; MASTERS];
    for (index, session) in sessions.iter().enumerate() {
        count[master_of(session)] += 1;
        let client = Client::initiate(&apps[index % 2], session, "password", "password");
        if index % 3 > 0 {
            client.exchange(&apps[(index + 1) % 2]).ok();
            client.confirm(&apps[index % 2]).ok();
        }
    }
    assert!(count.iter().all(|count| *count >= 5), "on every master: {count:?}");
    for app in &apps {
        eventually("an older count is forgotten", || {
            (app.get("/spake/sessions?limit=1").ok().field("active_sessions") == 45).then_some(())
        });
        for limit in [1, 7, 1000] {
            assert_eq!(listed(app, &format!("limit={limit}")), sessions);
        }
        assert_eq!(listed(app, "limit=4&status=initiated").len(), 15);
    }
    in_one_slot_each(&cluster, &sessions);
}

/// All pages of a listing; none twice.
fn listed(app: &TestApp, query: &str) -> BTreeSet<String> {
    let (mut all, mut cursor) = (BTreeSet::new(), String::new());
    loop {
        let page = app.get(&format!("/spake/sessions?{query}{cursor}")).ok();
        for session in page.field("sessions").as_array().unwrap() {
            let session = session["session_id"].as_str().unwrap().to_owned();
            assert!(all.insert(session), "twice: {page:?}");
        }
        match page.field("next_cursor").as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// A session and its entry in an index must be on one server, for one script writes both.
fn in_one_slot_each(cluster: &Cluster, sessions: &BTreeSet<String>) {
    let mut seen = BTreeSet::new();
    for node in cluster.nodes() {
        let slot = |key: &str| node.call(&["CLUSTER", "KEYSLOT", key]);
        let keys = node.call(&["KEYS", "spake:*"]);
        let keys: Vec<_> = keys.items().iter().map(|key| key.as_text()).collect();
        for index in keys.iter().filter(|key| key.ends_with(":sessions")) {
            for session in node.call(&["ZRANGE", index, "0", "-1"]).items() {
                let session = session.as_text().into_owned();
                let key = keys.iter().find(|key| key.ends_with(&format!(":session:{session}"))).unwrap();
                assert_eq!(slot(key), slot(index));
                seen.insert(session);
            }
        }
    }
    assert_eq!(seen, *sessions);
}

#[test]
fn one_node_of_a_cluster_is_no_redis_url_and_the_start_says_what_is() {
    let cluster = Cluster::start(1, 0);
    let url = cluster.urls();
    let variables =
        [("PORT", "0"), ("REDIS_URL", &*url), ("SPAKE_STATE_KEYS", STATE_KEYS), ("RUST_LOG", "off")];
    let (code, out, err) = run(&variables, &[]);
    assert_eq!((code, &*out, err.lines().count()), (2, "", 1), "{err}");
    for part in ["REDIS_URL", "two or more of its nodes, separated by commas"] {
        assert!(err.contains(part), "{err}");
    }
}
