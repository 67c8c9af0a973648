//! The memory of 100,000 open sessions in the embedded store, and that they all leave.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use spake_protocol::spake2::{PartyB, Setting, W};
use spake_service::domain::codec::{Formats, encode_session};
use spake_service::domain::ids::{ClientId, SessionId};
use spake_service::domain::ports::{Entry, SessionStore};
use spake_service::domain::random::{random_bytes, system_rng};
use spake_service::domain::sealing::{KeyRing, Purpose, Sealer};
use spake_service::domain::session::{PairingSession, Parties, Session};
use spake_service::domain::time::{Clock, ManualClock, SystemClock};
use spake_service::store::embedded::MemoryStore;

const SESSIONS: usize = 100_000;
const TTL: Duration = Duration::from_secs(300);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let clock = Arc::new(ManualClock::at(SystemClock::start().now()));
    let store = MemoryStore::new(clock.clone());
    let sealer = Sealer::new(KeyRing::ephemeral(), "bench");
    let empty = resident_mb();
    let start = Instant::now();
    for _ in 0..SESSIONS {
        // The record that `initiate` stores; the password's scalar is given, for stretching is not what is measured.
        let id = SessionId::generate(clock.now(), random_bytes());
        let setting = Setting::new(b"client-0001", b"spake-service", b"spake-service/1").unwrap();
        let party_b = PartyB::start(setting, W::from_bytes(&[0x42; 32]).unwrap(), &mut system_rng());
        let session = Session::Pairing(PairingSession::initiated(
            Parties { client_id: ClientId::parse("client-0001").unwrap(), ..Parties::default() },
            party_b,
        ));
        let sealed = sealer.seal(
            Purpose::Session,
            id.as_str(),
            &encode_session(&session, Formats::CURRENT, 1).unwrap(),
        );
        store.create(&id, Entry { sealed, summary: session.summary() }, TTL).await.unwrap();
    }
    let full = resident_mb();
    println!("{SESSIONS} sessions opened in {:?}", start.elapsed());
    println!("resident memory: {empty} MB empty, {full} MB with {SESSIONS} sessions (target 150 MB)");
    assert_eq!(store.count().await.unwrap(), SESSIONS as u64);

    clock.advance(TTL);
    let start = Instant::now();
    store.sweep();
    println!("all expired and freed in {:?}: {} MB resident", start.elapsed(), resident_mb());
    assert_eq!(store.count().await.unwrap(), 0);
}

fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}
