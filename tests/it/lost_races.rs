//! An answer leaves only if its write won, shown with a store in which every write loses.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use spake_protocol::Password;
use spake_protocol::spake2::{PartyA, Setting, W};
use spake_protocol::spake2plus::VerifierRecord;
use spake_protocol::stretch::Kdf;
use spake_service::domain::access::{Caller, Scopes};
use spake_service::domain::codec::Formats;
use spake_service::domain::ids::SessionId;
use spake_service::domain::keyspace::{Facts, Seed};
use spake_service::domain::pairing::{Pairing, PairingPolicy};
use spake_service::domain::ports::{
    Created, Cursor, Entry, ListError, Page, Revision, SessionStore, StoreError, Stored, Swap,
};
use spake_service::domain::random::system_rng;
use spake_service::domain::refusal::ServiceError;
use spake_service::domain::sealing::{KeyRing, Sealer};
use spake_service::domain::session::{Parties, Status};
use spake_service::domain::sessions::Sessions;
use spake_service::domain::stretching::StretchingPool;
use spake_service::domain::time::SystemClock;
use spake_service::store::embedded::MemoryStore;

struct EveryWriteLoses(Arc<MemoryStore>);

#[async_trait]
impl SessionStore for EveryWriteLoses {
    async fn create(&self, id: &SessionId, entry: Entry, ttl: Duration) -> Result<Created, StoreError> {
        self.0.create(id, entry, ttl).await
    }
    async fn read(&self, id: &SessionId) -> Result<Option<Stored>, StoreError> {
        self.0.read(id).await
    }
    async fn replace(&self, _: &SessionId, _: Revision, _: Entry) -> Result<Swap, StoreError> {
        Ok(Swap::Lost)
    }
    async fn delete(&self, id: &SessionId, expected: Option<Revision>) -> Result<Swap, StoreError> {
        self.0.delete(id, expected).await
    }
    async fn count(&self) -> Result<u64, StoreError> {
        self.0.count().await
    }
    async fn list(
        &self,
        cursor: Option<&Cursor>,
        limit: usize,
        status: Option<Status>,
    ) -> Result<Page, ListError> {
        self.0.list(cursor, limit, status).await
    }
}

#[tokio::test]
async fn no_answer_leaves_whose_write_did_not_win() {
    let clock = Arc::new(SystemClock::start());
    let kdf = Kdf::pbkdf2(100_000).unwrap();
    let setting = Setting::new(b"", b"server", b"context").unwrap();
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let facts = Facts {
        seed: Seed::from_bytes([7; 32]),
        server_id: "server".to_owned(),
        context: "context".to_owned(),
        decoy: VerifierRecord::random(&mut system_rng()),
    };
    let sealer = Arc::new(Sealer::new(KeyRing::ephemeral(), "test"));
    let losing = Arc::new(EveryWriteLoses(Arc::clone(&store)));
    let sessions = Arc::new(Sessions::new(losing, store, sealer, Formats::CURRENT, facts));
    let policy = PairingPolicy { kdf: kdf.clone(), session_ttl: Duration::from_secs(60) };
    let stretching = Arc::new(StretchingPool::start(1, 4).unwrap());
    let pairing = Pairing::new(Arc::clone(&sessions), policy, stretching, clock);
    let id = SessionId::parse("s").unwrap();
    let password = || Password::prepare("password").unwrap();
    pairing.initiate(Some(id.clone()), password(), Parties::default()).await.ok().unwrap();
    let anyone = Caller { key: None, scopes: Scopes::ALL };
    let w = W::stretch(&password(), &setting, &kdf).unwrap();
    let (_, share) = PartyA::start(setting, w, &mut system_rng());
    let answer = pairing.exchange(&id, Ok(share), Ok(None)).await;
    assert!(matches!(answer, Err(ServiceError::Store(StoreError::Unavailable(_)))));
    assert_eq!(sessions.status(&id, &anyone).await.ok().unwrap().summary.status, Status::Initiated);
}
