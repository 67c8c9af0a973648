//! A whole service in memory, without a listener.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use spake_protocol::spake2plus::VerifierRecord;
use spake_protocol::stretch::Kdf;
use spake_service::domain::access::Access;
use spake_service::domain::accounts::{AccountPolicy, Accounts};
use spake_service::domain::codec::Formats;
use spake_service::domain::keyspace::{Facts, Seed};
use spake_service::domain::pairing::{Pairing, PairingPolicy};
use spake_service::domain::ports::Budget;
use spake_service::domain::sealing::{KeyRing, Sealer};
use spake_service::domain::sessions::Sessions;
use spake_service::domain::stretching::StretchingPool;
use spake_service::domain::time::{ManualClock, Timestamp};
use spake_service::http::App;
use spake_service::store::embedded::MemoryStore;

/// The identity and the context of [`world`].
pub const SERVER_ID: &str = "spake-service";
/// See [`SERVER_ID`].
pub const CONTEXT: &str = "spake-service/1";

/// What is the same in every world: threads are dear, and so is a verifier.
static POOL: LazyLock<Arc<StretchingPool>> =
    LazyLock::new(|| Arc::new(StretchingPool::start(1, 4).expect("a thread")));
static DECOY: LazyLock<Vec<u8>> =
    LazyLock::new(|| VerifierRecord::random(&mut crate::protocol::rng()).to_bytes().to_vec());

/// A service, and what is under it.
pub struct World {
    /// Where it keeps things.
    pub store: Arc<MemoryStore>,
    /// What seals them.
    pub sealer: Arc<Sealer>,
    /// What the router is made from.
    pub app: App,
}

/// A service with nothing in it, so that an input that fails once fails again.
pub fn world() -> World {
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_700_000_000_000)));
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let sealer = Arc::new(Sealer::new(KeyRing::ephemeral(), "spake"));
    let facts = Facts {
        seed: Seed::from_bytes([7; 32]),
        server_id: SERVER_ID.to_owned(),
        context: CONTEXT.to_owned(),
        decoy: VerifierRecord::from_bytes(&DECOY).expect("written by us"),
    };
    let kdf = Kdf::pbkdf2(100_000).expect("in range");
    let accounts = AccountPolicy {
        kdf: kdf.clone(),
        mixed: true,
        login_ttl: Duration::from_secs(120),
        budget: Budget { limit: 2, window: Duration::from_secs(900), per_caller: None },
    };
    let pairing = PairingPolicy { kdf, session_ttl: Duration::from_secs(300) };
    let pool = Arc::clone(&POOL);
    let sessions = Sessions::new(store.clone(), store.clone(), Arc::clone(&sealer), Formats::CURRENT, facts);
    let sessions = Arc::new(sessions);
    let accounts =
        Accounts::new(store.clone(), Arc::clone(&sealer), Arc::clone(&sessions), accounts, Arc::clone(&pool));
    let app = App {
        pairing: Arc::new(Pairing::new(Arc::clone(&sessions), pairing, pool, clock)),
        accounts: Arc::new(accounts.ok().expect("a policy that makes sense")),
        sessions,
        store: "embedded",
        request_timeout: Duration::from_secs(15),
        access: Access::Loopback,
    };
    World { store, sealer, app }
}
