//! A whole service in memory, without a listener.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::mpsc::channel;
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Duration;

use ipnet::IpNet;
use sha2::{Digest as _, Sha256};
use spake_protocol::Password;
use spake_protocol::spake2::{PartyB, Setting, W};
use spake_protocol::spake2plus::VerifierRecord;
use spake_protocol::stretch::Kdf;
use spake_service::audit::ToLog;
use spake_service::domain::access::{Access, ApiKeys, Reach, Scopes};
use spake_service::domain::accounts::{AccountPolicy, Accounts};
use spake_service::domain::codec::{self, Formats};
use spake_service::domain::ids::SessionId;
use spake_service::domain::keyspace::{Facts, Seed};
use spake_service::domain::limits::Limits;
use spake_service::domain::pairing::{Pairing, PairingPolicy};
use spake_service::domain::ports::{Budget, Entry, SessionStore as _};
use spake_service::domain::sealing::{KeyRing, Purpose, Sealer};
use spake_service::domain::session::{PairingSession, Parties, Session};
use spake_service::domain::sessions::Sessions;
use spake_service::domain::stretching::StretchingPool;
use spake_service::domain::time::{ManualClock, Timestamp};
use spake_service::http::{App, Parts, Places, RateLimits};
use spake_service::metrics::Metrics;
use spake_service::store::embedded::MemoryStore;
use tokio::runtime::Builder;

use crate::protocol::STORED_B;

/// The identity and the context of [`world`].
pub const SERVER_ID: &str = "spake-service";
/// See [`SERVER_ID`].
pub const CONTEXT: &str = "spake-service/1";
/// Of [`world_with_keys`].
pub const KEY: &str = "spk_fuzzer_x";
const SESSION_TTL: Duration = Duration::from_secs(300);

/// What is the same in every world: threads are dear, and so is a verifier.
#[allow(unexpected_cfgs, reason = "cargo-fuzz sets it")]
static POOL: LazyLock<Arc<StretchingPool>> = LazyLock::new(|| if cfg!(fuzzing) { busy() } else { pool(4) });
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

impl World {
    /// Opens a session without stretching a password for it.
    pub async fn open_session(&self, id: &str) {
        let id = SessionId::parse(id).expect("an id");
        let party_b = PartyB::from_bytes(&STORED_B).expect("stored by us");
        let session = Session::Pairing(PairingSession::initiated(Parties::default(), party_b));
        let record = codec::encode_session(&session, Formats::CURRENT, u8::MAX).expect("short");
        let sealed = self.sealer.seal(Purpose::Session, id.as_str(), &record);
        let entry = Entry { sealed, summary: session.summary() };
        self.store.create(&id, entry, SESSION_TTL).await.expect("in memory");
    }
}

fn pool(waiting: usize) -> Arc<StretchingPool> {
    Arc::new(StretchingPool::start(1, waiting).expect("a thread"))
}

/// A pool that takes no password: to stretch one takes longer than a hundred other requests, and a fuzzer would do
/// little else. (The replay of the corpus stretches.)
fn busy() -> Arc<StretchingPool> {
    let pool = pool(0);
    let (started, is_started) = channel();
    let shared = Arc::clone(&pool);
    let setting = Setting::new(b"", b"", b"").expect("short");
    let password = Password::prepare("password").expect("a password");
    let unstretched = W::unstretched(&password, &setting, &Kdf::pbkdf2(100_000).expect("in range"));
    thread::spawn(move || {
        let never_ends = move |_| {
            started.send(()).expect("waited for");
            thread::sleep(Duration::MAX);
            Ok(())
        };
        let runtime = Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(shared.run(unstretched, never_ends))
    });
    is_started.recv().expect("a job that starts");
    pool
}

/// A service with nothing in it, so that an input that fails once fails again. It answers this machine only.
pub fn world() -> World {
    world_with(Access::without_keys(Reach::Loopback, Scopes::ALL))
}

/// One for everyone, behind a proxy, that has the key [`KEY`].
pub fn world_with_keys() -> World {
    let line = format!("fuzzer {} login,session:exchange,session:read\n", hex::encode(Sha256::digest(KEY)));
    world_with(Access::with_keys(ApiKeys::parse(&line).expect("a key"), Scopes::NONE))
}

fn world_with(access: Access) -> World {
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
    let pairing = PairingPolicy { kdf, session_ttl: SESSION_TTL };
    let pool = Arc::clone(&POOL);
    let sessions = Sessions::new(store.clone(), store.clone(), Arc::clone(&sealer), Formats::CURRENT, facts);
    let sessions = Arc::new(sessions);
    let accounts =
        Accounts::new(store.clone(), Arc::clone(&sealer), Arc::clone(&sessions), accounts, Arc::clone(&pool));
    let app = App::new(Parts {
        pairing: Arc::new(Pairing::new(Arc::clone(&sessions), pairing, pool, clock)),
        accounts: Arc::new(accounts.expect("a policy that makes sense")),
        sessions,
        store: "embedded",
        request_timeout: Duration::from_secs(15),
        trusted_proxies: [IpNet::from(IpAddr::V4(Ipv4Addr::LOCALHOST))].into(),
        rate_limits: RateLimits::new(&Limits { per_address: None, per_key: None, in_flight: 8 }),
        places: Places::new(8),
        requests: Arc::clone(&Metrics::new([]).expect("names that are right").requests),
        audit: Arc::new(ToLog),
        access: Arc::new(access),
    });
    World { store, sealer, app }
}
