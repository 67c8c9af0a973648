//! What every decoder must keep to, for any bytes: one function for each target.
//!
//! A function panics when a promise is broken; otherwise it says whether the bytes were accepted. `fuzz/` calls them with
//! what libFuzzer thinks up (`make fuzz`), `tests/replay.rs` with the corpus that is kept in `fuzz/corpus` (`make test`).
//!
//! | module | decoders of |
//! |---|---|
//! | `protocol` | shares, stored states of the protocols, passwords |
//! | `multiplication` | scalars and points, where they cross over to C |
//! | `records` | sessions, credentials and facts, as they are sealed |
//! | `sealing` | envelopes and files of state keys |
//! | `names` | ids and cursors |
//! | `access` | files of API keys |
//! | `configuration` | what an operator writes |
//! | `http` | requests, through the whole router of a service in memory ([`world`]) |
//!
//! A new target is a function, a line in [`TARGETS`], a file of two lines in `fuzz/fuzz_targets`, its name in
//! `fuzz/Cargo.toml`, and a corpus with bytes that are accepted and bytes that are refused.
#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "to panic is how a target reports what it found"
)]

mod access;
mod configuration;
mod http;
mod multiplication;
mod names;
mod protocol;
mod records;
mod sealing;
pub mod world;

/// Takes any bytes; whether they were accepted.
pub type Target = fn(&[u8]) -> bool;

/// Every target under the name of its fuzzer and its corpus.
pub const TARGETS: [(&str, Target); 16] = [
    ("share", protocol::share),
    ("multiplication", multiplication::multiplication),
    ("party_b", protocol::party_b),
    ("verifier_record", protocol::verifier_record),
    ("password", protocol::password),
    ("session_record", records::session),
    ("credential_record", records::credential),
    ("facts_record", records::facts),
    ("envelope", sealing::envelope),
    ("state_keys", sealing::state_keys),
    ("api_keys", access::api_keys),
    ("id", names::id),
    ("cursor", names::cursor),
    ("kdf", configuration::kdf),
    ("redis_url", configuration::redis_url),
    ("http", http::requests),
];

/// Runs the target called `name`.
pub fn run(name: &str, bytes: &[u8]) -> bool {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).expect("a target of that name");
    target(bytes)
}
