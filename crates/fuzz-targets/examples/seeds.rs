//! Writes the part of the corpus that is made of real values: `cargo run -p fuzz-targets --example seeds`.
//!
//! For targets whose bytes nobody can write by hand; to be run again when a format has changed.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a tool for who works on the service")]

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use fuzz_targets::world::{CONTEXT, SERVER_ID, World, world};
use spake_protocol::Password;
use spake_protocol::spake2::{PartyB, Setting, ShareA, W};
use spake_protocol::spake2plus::{ShareP, VerifierRecord};
use spake_protocol::stretch::{Kdf, Salt};
use spake_service::domain::access::{Caller, KeyName, Owner, Scopes};
use spake_service::domain::accounts::{Material, Registration, SaltedKdf};
use spake_service::domain::ids::{ClientId, CredentialId, SessionId};
use spake_service::domain::keyspace;
use spake_service::domain::ports::{Condition, CredentialStore as _, KeyspaceStore as _, SessionStore as _};
use spake_service::domain::random::system_rng;
use spake_service::domain::sealing::Purpose;
use spake_service::domain::session::{Confirmation, Parties};

const WRONG: Confirmation = Confirmation([0; 32]);
const ANYONE: Caller = Caller { key: None, scopes: Scopes::ALL };

fn write(target: &str, name: &str, bytes: &[u8]) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    std::fs::create_dir_all(&directory).expect("a directory");
    std::fs::write(directory.join(name), bytes).expect("written");
}

/// A record as it was when it was sealed.
fn opened(world: &World, purpose: Purpose, id: &str, sealed: &[u8]) -> Vec<u8> {
    world.sealer.open(purpose, id, sealed).expect("sealed here").to_vec()
}

async fn session(world: &World, id: &SessionId, name: &str) {
    let stored = world.store.read(id).await.expect("in memory").expect("just written");
    write("session_record", name, &opened(world, Purpose::Session, id.as_str(), &stored.sealed));
}

fn shares() -> ShareA {
    let record = VerifierRecord::random(&mut system_rng());
    let mut point = *record.l_bytes();
    let share = ShareA::try_from(point.as_slice()).expect("a point");
    write("share", "point", &point);
    point[64] ^= 1;
    write("share", "off-the-curve", &point);
    write("share", "identity", &[0]);
    write("multiplication", "off-the-curve", &[&[7; 32], point.as_slice()].concat());
    write("multiplication", "point", &[&[7; 32], record.l_bytes().as_slice()].concat());
    write("multiplication", "scalar-is-zero", &[&[0; 32], record.l_bytes().as_slice()].concat());
    let stored = record.to_bytes();
    write("verifier_record", "random", &stored);
    write("verifier_record", "w0-is-zero", &[&[0; 32], &stored[32..]].concat());
    share
}

async fn pairing(world: &World, share: &ShareA) {
    let id = SessionId::parse("s1").expect("an id");
    let parties = Parties {
        owner: Owner(Some(KeyName::parse("backend").expect("a name"))),
        client_id: ClientId::parse("phone").expect("an id"),
    };
    let password = Password::prepare("correct horse").expect("a password");
    let initiated = world.app.pairing.initiate(Some(id.clone()), password, parties).await;
    initiated.expect("opened");
    session(world, &id, "pairing-initiated").await;
    assert!(world.app.pairing.exchange(&id, Ok(share.clone()), Ok(None)).await.is_ok());
    session(world, &id, "pairing-completed").await;
    assert!(world.app.sessions.confirm(&id, &ANYONE, Ok(WRONG)).await.is_err());
    session(world, &id, "pairing-failed").await;
}

async fn account(world: &World, share: &ShareA) {
    let id = CredentialId::parse("zoë").expect("an id");
    let salt = Salt::new(&[5; 16]).expect("long enough");
    let kdfs = [("argon2id", Kdf::argon2id(65536, 3, 4)), ("scrypt", Kdf::scrypt(32768, 8, 1))];
    for (name, kdf) in kdfs.map(|(name, kdf)| (name, kdf.expect("in range"))) {
        let registration = Registration {
            material: Material::Verifier(Box::new(VerifierRecord::random(&mut system_rng()))),
            kdf: Some(SaltedKdf { kdf, salt: salt.clone() }),
            disabled: None,
            condition: Condition::Always,
        };
        assert!(world.app.accounts.register(&id, registration).await.is_ok());
        let stored = world.store.get(&id).await.expect("in memory").expect("just written");
        write("credential_record", name, &opened(world, Purpose::Credential, id.as_str(), &stored.sealed));
    }
    let share = ShareP::try_from(share.as_bytes().as_slice()).expect("a point");
    let caller = IpAddr::from(Ipv4Addr::LOCALHOST);
    let login = world.app.accounts.login(&id, Ok(share), Some(caller)).await.expect("answered");
    session(world, &login.session_id, "login-answered").await;
    assert!(world.app.sessions.confirm(&login.session_id, &ANYONE, Ok(WRONG)).await.is_err());
    session(world, &login.session_id, "login-failed").await;
}

fn stored_party() {
    let setting = Setting::new(b"phone", SERVER_ID.as_bytes(), CONTEXT.as_bytes()).expect("short");
    let w = W::from_bytes(&[3; 32]).expect("in range");
    let stored = PartyB::start(setting, w, &mut system_rng()).to_bytes();
    write("party_b", "stored", &stored);
    write("party_b", "length-overflows", &[&[0xff; 8], &stored[8..]].concat());
}

async fn facts(world: &World) {
    let joined = keyspace::join(&*world.store, &world.sealer, SERVER_ID, CONTEXT).await;
    joined.expect("the first start");
    let sealed = world.store.fact("facts").await.expect("in memory").expect("just written");
    write("facts_record", "first-start", &opened(world, Purpose::KeyspaceFact, "facts", &sealed));
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let world = world();
    let share = shares();
    stored_party();
    pairing(&world, &share).await;
    account(&world, &share).await;
    facts(&world).await;
    for target in ["session_record", "credential_record", "facts_record"] {
        write(target, "another-version", &[9, 0, 0, 0, 0]);
    }
}
