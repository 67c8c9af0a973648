//! What Redis costs: the server's CPU for a status request, memory for a session, and whether either grows with the
//! number of sessions. Starts a `redis-server` of its own. SESSIONS sets the large number (default 1,000,000).

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods
)]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use spake_protocol::spake2::{PartyB, Setting, W};
use spake_service::domain::codec::{Formats, encode_session};
use spake_service::domain::ids::{ClientId, SessionId};
use spake_service::domain::ports::{Entry, SessionStore};
use spake_service::domain::random::{random_bytes, system_rng};
use spake_service::domain::sealing::{KeyRing, Purpose, Sealer};
use spake_service::domain::session::{PairingSession, Parties, Session};
use spake_service::domain::time::{Clock, SystemClock};
use spake_service::store::redis::{RedisStore, Settings, Tls, Topology};
use support::redis::Redis;
use support::{Service, cpu_seconds, load, median};

const TTL: Duration = Duration::from_secs(24 * 3600);
const SMALL: usize = 1_000;
const OPERATIONS: usize = 20_000;
const KEYS: &str = "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn main() {
    status_on_both_stores();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(growth());
}

/// The same request on both stores, in alternating rounds.
fn status_on_both_stores() {
    let redis = Redis::start();
    let url = redis.url();
    let on_redis = Service::start(&[("REDIS_URL", &url), ("SPAKE_STATE_KEYS", KEYS)]);
    let embedded = Service::start(&[]);
    for service in [&on_redis, &embedded] {
        service.initiate();
    }
    let mut rounds = [Vec::new(), Vec::new()];
    for _ in 0..5 {
        for (service, results) in [&on_redis, &embedded].into_iter().zip(&mut rounds) {
            results.push(load(&service.address, service.pid(), "/spake/status/bench"));
        }
    }
    let [redis, embedded] = rounds.map(|results| 1e6 / median(&results, |result| result.1));
    println!(
        "GET /spake/status: {redis:.1} µs of CPU on Redis, {embedded:.1} µs embedded: {:.1} µs more (target 35)",
        redis - embedded
    );
}

/// The record that `initiate` stores; the password's scalar is given, for stretching is not what is measured.
fn entry(sealer: &Sealer, id: &SessionId) -> Entry {
    let setting = Setting::new(b"client-0001", b"spake-service", b"spake-service/1").unwrap();
    let party_b = PartyB::start(setting, W::from_bytes(&[0x42; 32]).unwrap(), &mut system_rng());
    let session = Session::Pairing(PairingSession::initiated(
        Parties { client_id: ClientId::parse("client-0001").unwrap(), ..Parties::default() },
        party_b,
    ));
    let record = encode_session(&session, Formats::CURRENT, 1).unwrap();
    Entry { sealed: sealer.seal(Purpose::Session, id.as_str(), &record), summary: session.summary() }
}

async fn growth() {
    let large = std::env::var("SESSIONS").map_or(1_000_000, |text| text.parse().unwrap());
    let redis = Redis::start();
    let settings = Settings {
        topology: Topology::parse(&redis.url(), None).ok().unwrap(),
        tls: Tls::default(),
        timeout: Duration::from_secs(10),
        connections: 2,
        prefix: "spake".to_owned(),
        wait_replicas: 0,
    };
    let store = Arc::new(RedisStore::new(&settings).unwrap());
    let sealer = Sealer::new(KeyRing::ephemeral(), "spake");
    let clock = SystemClock::start();
    // One record for all: 1,000,000 curve points would take longer than everything else.
    let template = entry(&sealer, &SessionId::generate(clock.now(), random_bytes()));
    let mut ids: Vec<SessionId> = Vec::new();
    let empty = redis.used_memory();
    let mut before: Option<(f64, f64)> = None;
    for sessions in [SMALL, large] {
        while ids.len() < sessions {
            let batch: Vec<_> = (0..500.min(sessions - ids.len()))
                .map(|_| SessionId::generate(clock.now(), random_bytes()))
                .collect();
            join_all(batch.iter().map(|id| store.create(id, template.clone(), TTL))).await;
            ids.extend(batch);
        }
        let bytes = (redis.used_memory() - empty) / ids.len() as u64;
        println!(
            "{sessions} sessions: {bytes} bytes of Redis' memory a session, index included (target 1,100)"
        );
        let (ours, theirs) = read_and_replace(&redis, &store, &ids, &template).await;
        println!("  read and replace: {ours:.1} µs of our CPU, {theirs:.1} µs of Redis'");
        if let Some((ours_before, theirs_before)) = before.replace((ours, theirs)) {
            println!(
                "  ours {:.2} × (target 1.15), Redis' {:.2} × (target 3)",
                ours / ours_before,
                theirs / theirs_before
            );
        }
        list_a_page(&redis, &store).await;
    }
}

/// CPU for each read with a replacement after it: ours, and that of Redis.
async fn read_and_replace(
    redis: &Redis,
    store: &Arc<RedisStore>,
    ids: &[SessionId],
    template: &Entry,
) -> (f64, f64) {
    let (ours, theirs) = (cpu_seconds(std::process::id()), cpu_seconds(redis.pid()));
    for round in 0..OPERATIONS / 100 {
        // Spread over all sessions, not the last ones, which are in the cache.
        let picked = (0..100).map(|index| &ids[(round * 7919 + index * 104_729) % ids.len()]);
        join_all(picked.map(|id| async {
            let stored = store.read(id).await.unwrap().unwrap();
            store.replace(id, stored.revision, template.clone()).await.unwrap();
        }))
        .await;
    }
    let per_operation = |start, pid| (cpu_seconds(pid) - start) * 1e6 / OPERATIONS as f64;
    (per_operation(ours, std::process::id()), per_operation(theirs, redis.pid()))
}

async fn list_a_page(redis: &Redis, store: &Arc<RedisStore>) {
    let counting = Instant::now();
    store.count().await.unwrap();
    let counting = counting.elapsed();
    let mut times = Vec::new();
    let (mut cursor, mut listed) = (None, 0);
    redis.cli(&["CONFIG", "RESETSTAT"]);
    for _ in 0..20 {
        let start = Instant::now();
        let page = store.list(cursor.as_ref(), 100, None).await.unwrap();
        times.push(start.elapsed());
        listed += page.sessions.len();
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    times.sort();
    let info = redis.cli(&["INFO", "commandstats"]);
    let calls = info.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls=")).unwrap();
    println!(
        "  counting {counting:?}; a page of 100: {:?}, {} sessions in {} pages, {} scripts",
        times[times.len() / 2],
        listed,
        times.len(),
        calls.split(',').next().unwrap()
    );
}
