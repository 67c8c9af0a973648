//! What a login costs: the server's CPU for both of its requests against the bare elliptic-curve operations that they
//! need, on the embedded store and on Redis, and what it costs Redis; memory of a credential in Redis; and how alike known and unknown ids are.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, clippy::panic)]

mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use spake_protocol::spake2plus::{
    ConfirmV, Prover, ProverSecret, Setting, ShareP, ShareV, Verifier, VerifierRecord,
};
use spake_service::domain::random::system_rng;
use support::redis::Redis;
use support::{Service, cpu_seconds};

const LOGINS: usize = 300;
const ROUNDS: usize = 5;
const KEYS: &str = "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const NEVER_LOCKED: (&str, &str) = ("SPAKE_GUESS_LIMIT", "1000");

fn main() {
    let redis = Redis::start();
    let url = redis.url();
    let embedded = Service::start(&[NEVER_LOCKED]);
    let on_redis = Service::start(&[NEVER_LOCKED, ("REDIS_URL", &url), ("SPAKE_STATE_KEYS", KEYS)]);
    for service in [&embedded, &on_redis] {
        register(service, "alice");
    }
    let (mut costs, mut of_redis) = ([const { Vec::new() }; 3], 0.0);
    for _ in 0..ROUNDS {
        costs[0].push(bare());
        costs[1].push(logins(&embedded));
        let before = cpu_seconds(redis.pid());
        costs[2].push(logins(&on_redis));
        of_redis += (cpu_seconds(redis.pid()) - before) * 1e6 / (ROUNDS * LOGINS) as f64;
    }
    let [bare, embedded_cost, redis_cost] = costs.map(|mut costs| {
        costs.sort_by(f64::total_cmp);
        costs[costs.len() / 2]
    });
    println!("bare operations of a login: {bare:.0} µs of CPU");
    println!("embedded: {embedded_cost:.0} µs, {:.2} × (target 3)", embedded_cost / bare);
    println!(
        "Redis: {redis_cost:.0} µs, {:.2} × (target 4); and {of_redis:.0} µs of Redis itself",
        redis_cost / bare
    );
    known_and_unknown(&embedded);
    memory(&redis, &on_redis);
}

fn setting(id: &str) -> Setting {
    Setting::new(id.as_bytes(), b"spake-service", b"spake-service/1").unwrap()
}

fn secret() -> ProverSecret {
    ProverSecret::from_bytes(&[7; 32], &[9; 32]).unwrap()
}

fn register(service: &Service, id: &str) {
    let record = secret().verifier();
    let verifier = json!({ "w0": hex::encode(*record.w0_bytes()), "L": hex::encode(*record.l_bytes()) });
    let path = format!("/spake/credentials/{id}");
    assert_eq!(service.call("PUT", &path, &json!({ "verifier": verifier })).0, 201);
}

/// The verifier's operations, as often as the service does them, without a service around them.
fn bare() -> f64 {
    let record = VerifierRecord::random(&mut system_rng());
    let (_, share) = Prover::start(setting("alice"), secret(), &mut system_rng());
    let encoded = *share.as_bytes();
    let start = cpu_seconds(std::process::id());
    for _ in 0..LOGINS {
        let share = ShareP::try_from(&encoded[..]).unwrap();
        std::hint::black_box(Verifier::respond(&record, &setting("alice"), &share, &mut system_rng()));
    }
    (cpu_seconds(std::process::id()) - start) * 1e6 / LOGINS as f64
}

/// The service's CPU for a login and its confirmation.
fn logins(service: &Service) -> f64 {
    // The client's part is made before, so that only the service is busy.
    let provers: Vec<_> =
        (0..LOGINS).map(|_| Prover::start(setting("alice"), secret(), &mut system_rng())).collect();
    let start = cpu_seconds(service.pid());
    for (prover, share) in provers {
        let answer = service.call("POST", "/spake/login", &request("alice", &share)).1;
        let text = |name: &str| hex::decode(answer[name].as_str().unwrap()).unwrap();
        let share_v = ShareV::try_from(&*text("public_key")).unwrap();
        let confirm_v: [u8; 32] = text("server_confirmation").try_into().unwrap();
        let confirming = prover.finish(&share_v).unwrap();
        let (confirm_p, _) = confirming.confirm(&ConfirmV::from(confirm_v)).ok().unwrap();
        let confirmation = hex::encode(confirm_p.as_bytes());
        let confirm = json!({ "session_id": answer["session_id"], "client_confirmation": confirmation });
        assert_eq!(service.call("POST", "/spake/confirm", &confirm).0, 200);
    }
    (cpu_seconds(service.pid()) - start) * 1e6 / LOGINS as f64
}

fn request(id: &str, share: &ShareP) -> Value {
    json!({ "credential_id": id, "client_public_key": hex::encode(share.as_bytes()) })
}

/// 1,000 interleaved timings of each.
fn known_and_unknown(service: &Service) {
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..1000 {
        for (index, id) in ["alice", "nobody"].iter().enumerate() {
            let (_, share) = Prover::start(setting(id), secret(), &mut system_rng());
            let request = request(id, &share);
            let start = Instant::now();
            let status = service.call("POST", "/spake/login", &request).0;
            times[index].push(start.elapsed());
            assert_eq!(status, 200);
        }
        if round % 400 == 399 {
            for id in ["alice", "nobody"] {
                service.call("DELETE", &format!("/spake/credentials/{id}/guesses"), &Value::Null);
            }
        }
    }
    let [known, unknown] = times.map(|mut times: Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    });
    println!(
        "a login of a known id {known:?}, of an unknown one {unknown:?}: {:.3} × (target within 5 %)",
        known.as_secs_f64() / unknown.as_secs_f64()
    );
}

fn memory(redis: &Redis, service: &Service) {
    const CREDENTIALS: usize = 2000;
    let before = redis.used_memory();
    for index in 0..CREDENTIALS {
        register(service, &format!("user-{index:08}@example.org"));
    }
    let bytes = (redis.used_memory() - before) / CREDENTIALS as u64;
    println!("a credential in Redis, index included: {bytes} bytes (target 1,024)");
}
