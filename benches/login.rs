//! What `spake-service bench` does not show of logins: how alike known and unknown ids are, and what a credential takes
//! in Redis.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing)]

mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use spake_protocol::spake2plus::{Prover, ProverSecret, Setting, ShareP};
use spake_service::domain::random::system_rng;
use support::Service;
use support::redis::Redis;

const KEYS: &str = "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn main() {
    let service = Service::start(&[("SPAKE_GUESS_LIMIT", "1000")]);
    register(&service, "alice");
    known_and_unknown(&service);
    let redis = Redis::start();
    memory(&redis, &Service::start(&[("REDIS_URL", &redis.url()), ("SPAKE_STATE_KEYS", KEYS)]));
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
