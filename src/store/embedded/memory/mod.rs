//! Sessions and credentials in this process's memory, in shards of one lock each; what changes together is in one.

mod accounts;
mod sessions;

use std::collections::{BTreeMap, HashMap, hash_map};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use self::accounts::{Attempts, HeldCredential};
use super::cursor::Place;
use crate::domain::ids::{CredentialId, SessionId};
use crate::domain::ports::{Entry, KeyspaceStore, Lifetime, Readiness, Revision, StoreError, Stored, Swap};
use crate::domain::session::Summary;
use crate::domain::time::{Clock, Timestamp};

/// Enough that two busy cores rarely meet; a listing visits all.
const SHARDS: usize = 16;

/// Sessions and facts in memory; they end with the process.
pub struct MemoryStore {
    shards: [Mutex<Shard>; SHARDS],
    clock: Arc<dyn Clock>,
    /// Numbers every write: the order of creation, and the revision.
    sequence: AtomicU64,
    facts: Mutex<HashMap<String, Vec<u8>>>,
}

#[derive(Default)]
struct Shard {
    sessions: HashMap<SessionId, Held>,
    by_expiry: BTreeMap<Place, SessionId>,
    credentials: BTreeMap<CredentialId, HeldCredential>,
    attempts: HashMap<CredentialId, Attempts>,
}

struct Held {
    sealed: Box<[u8]>,
    summary: Summary,
    revision: u64,
    created: Timestamp,
    place: Place,
}

impl MemoryStore {
    /// An empty store that takes its time from `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            clock,
            sequence: AtomicU64::new(1),
            facts: Mutex::default(),
        }
    }

    /// Frees the memory of sessions whose time has passed. No method shows them before that either; this is for
    /// memory's sake and wants to be called now and then.
    pub fn sweep(&self) {
        let now = self.clock.now();
        for shard in &self.shards {
            lock(shard).drop_expired(now);
        }
    }

    fn shard(&self, bucket: u8) -> MutexGuard<'_, Shard> {
        let index = usize::from(bucket) % SHARDS;
        // `index` is below SHARDS; written so that it needs no proof.
        lock(self.shards.get(index).unwrap_or(&self.shards[0]))
    }

    fn next_sequence(&self) -> u64 {
        self.sequence.fetch_add(1, Ordering::Relaxed)
    }
}

impl Shard {
    fn live(&self, id: &SessionId, now: Timestamp) -> Option<&Held> {
        self.sessions.get(id).filter(|held| !held.has_ended(now))
    }

    fn insert(
        &mut self,
        id: &SessionId,
        entry: Entry,
        now: Timestamp,
        ttl: Duration,
        sequence: u64,
    ) -> Lifetime {
        // One that has ended may still be here.
        self.remove(id);
        let held = Held {
            sealed: entry.sealed.into(),
            summary: entry.summary,
            revision: sequence,
            created: now,
            place: Place { expires: now.after(ttl).as_millis(), sequence },
        };
        let lifetime = held.lifetime();
        self.by_expiry.insert(held.place, id.clone());
        self.sessions.insert(id.clone(), held);
        lifetime
    }

    fn replace(
        &mut self,
        id: &SessionId,
        expected: Revision,
        entry: Entry,
        now: Timestamp,
        sequence: u64,
    ) -> bool {
        match self.sessions.get_mut(id) {
            Some(held) if held.revision == expected.0 && !held.has_ended(now) => {
                held.sealed = entry.sealed.into();
                held.summary = entry.summary;
                held.revision = sequence;
                true
            }
            _ => false,
        }
    }

    fn remove(&mut self, id: &SessionId) -> Option<Held> {
        let held = self.sessions.remove(id)?;
        self.by_expiry.remove(&held.place);
        self.shrink();
        Some(held)
    }

    fn drop_expired(&mut self, now: Timestamp) {
        while let Some(first) = self.by_expiry.first_entry() {
            if first.key().expires > now.as_millis() {
                break;
            }
            let id = first.remove();
            self.sessions.remove(&id);
        }
        self.attempts.retain(|_, attempts| !attempts.all_are_past(now));
        self.shrink();
    }

    /// A flood leaves; its table should too.
    fn shrink(&mut self) {
        if self.sessions.capacity() > 64 && self.sessions.len() < self.sessions.capacity() / 8 {
            self.sessions.shrink_to_fit();
        }
    }
}

impl Held {
    fn has_ended(&self, now: Timestamp) -> bool {
        self.place.expires <= now.as_millis()
    }

    fn stored(&self) -> Stored {
        Stored { sealed: self.sealed.to_vec(), revision: Revision(self.revision), lifetime: self.lifetime() }
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime { created: self.created, expires: Timestamp::from_millis(self.place.expires) }
    }
}

#[async_trait]
impl KeyspaceStore for MemoryStore {
    async fn fact(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(lock(&self.facts).get(name).cloned())
    }

    async fn create_fact(&self, name: &str, sealed: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        match lock(&self.facts).entry(name.to_owned()) {
            hash_map::Entry::Occupied(there) => Ok(there.get().clone()),
            hash_map::Entry::Vacant(free) => Ok(free.insert(sealed).clone()),
        }
    }

    async fn replace_fact(&self, name: &str, expected: &[u8], sealed: Vec<u8>) -> Result<Swap, StoreError> {
        match lock(&self.facts).get_mut(name) {
            Some(there) if there == expected => {
                *there = sealed;
                Ok(Swap::Won)
            }
            _ => Ok(Swap::Lost),
        }
    }
}

#[async_trait]
impl Readiness for MemoryStore {
    async fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

/// No code of ours panics with a lock held; if it did, the maps would still be whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
