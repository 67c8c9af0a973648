//! Sessions in this process's memory, in shards of one lock each.

use std::collections::{BTreeMap, HashMap, hash_map};
use std::hash::{BuildHasher, RandomState};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::cursor::Place;
use crate::domain::ids::SessionId;
use crate::domain::ports::{
    Created, Cursor, Entry, KeyspaceStore, Lifetime, ListError, Listed, Page, Readiness, Revision,
    SessionStore, StoreError, Stored, Swap,
};
use crate::domain::session::{Status, Summary};
use crate::domain::time::{Clock, Timestamp};

/// Enough that two busy cores rarely meet; a listing visits all.
const SHARDS: usize = 16;

/// Sessions and facts in memory; they end with the process.
pub struct MemoryStore {
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
    clock: Arc<dyn Clock>,
    /// Numbers every write: the order of creation, and the revision.
    sequence: AtomicU64,
    facts: Mutex<HashMap<String, Vec<u8>>>,
}

#[derive(Default)]
struct Shard {
    sessions: HashMap<Arc<SessionId>, Held>,
    by_expiry: BTreeMap<Place, Arc<SessionId>>,
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
            hasher: RandomState::new(),
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

    fn shard(&self, id: &SessionId) -> MutexGuard<'_, Shard> {
        let index = self.hasher.hash_one(id) as usize % SHARDS;
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

    fn lifetime(&self) -> Lifetime {
        Lifetime { created: self.created, expires: Timestamp::from_millis(self.place.expires) }
    }
}

#[async_trait]
impl SessionStore for MemoryStore {
    async fn create(&self, id: &SessionId, entry: Entry, ttl: Duration) -> Result<Created, StoreError> {
        let mut shard = self.shard(id);
        let now = self.clock.now();
        if shard.live(id, now).is_some() {
            return Ok(Created::Exists);
        }
        shard.remove(id);
        let sequence = self.next_sequence();
        let held = Held {
            sealed: entry.sealed.into(),
            summary: entry.summary,
            revision: sequence,
            created: now,
            place: Place { expires: now.after(ttl).as_millis(), sequence },
        };
        let (lifetime, id) = (held.lifetime(), Arc::new(id.clone()));
        shard.by_expiry.insert(held.place, Arc::clone(&id));
        shard.sessions.insert(id, held);
        Ok(Created::New(lifetime))
    }

    async fn read(&self, id: &SessionId) -> Result<Option<Stored>, StoreError> {
        let shard = self.shard(id);
        let now = self.clock.now();
        Ok(shard.live(id, now).map(|held| Stored {
            sealed: held.sealed.to_vec(),
            revision: Revision(held.revision),
            lifetime: held.lifetime(),
        }))
    }

    async fn replace(&self, id: &SessionId, expected: Revision, entry: Entry) -> Result<Swap, StoreError> {
        let mut shard = self.shard(id);
        let now = self.clock.now();
        match shard.sessions.get_mut(id) {
            Some(held) if held.revision == expected.0 && !held.has_ended(now) => {
                held.sealed = entry.sealed.into();
                held.summary = entry.summary;
                held.revision = self.next_sequence();
                Ok(Swap::Won)
            }
            _ => Ok(Swap::Lost),
        }
    }

    async fn delete(&self, id: &SessionId) -> Result<bool, StoreError> {
        let mut shard = self.shard(id);
        let now = self.clock.now();
        Ok(shard.remove(id).is_some_and(|held| !held.has_ended(now)))
    }

    async fn count(&self) -> Result<u64, StoreError> {
        let now = self.clock.now();
        Ok(self
            .shards
            .iter()
            .map(|shard| {
                let mut shard = lock(shard);
                shard.drop_expired(now);
                shard.sessions.len() as u64
            })
            .sum())
    }

    async fn list(
        &self,
        cursor: Option<&Cursor>,
        limit: usize,
        status: Option<Status>,
    ) -> Result<Page, ListError> {
        let now = self.clock.now();
        let after_cursor = cursor.map(Place::from_cursor).transpose()?.unwrap_or_default();
        let last_ended = Place { expires: now.as_millis(), sequence: u64::MAX };
        let start = (Excluded(after_cursor.max(last_ended)), Unbounded);
        // The first `limit` of all shards are among the first `limit` of each.
        let mut found = Vec::new();
        for shard in &self.shards {
            let shard = lock(shard);
            let first = shard.by_expiry.range(start).take(limit.saturating_add(1));
            found.extend(first.filter_map(|(place, id)| {
                let held = shard.sessions.get(id)?;
                let listed =
                    Listed { id: SessionId::clone(id), summary: held.summary, lifetime: held.lifetime() };
                Some((*place, listed))
            }));
        }
        found.sort_unstable_by_key(|(place, _)| *place);
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|(place, _)| place.to_cursor());
        let sessions = found
            .into_iter()
            .map(|(_, listed)| listed)
            .filter(|listed| status.is_none_or(|status| listed.summary.status == status))
            .collect();
        Ok(Page { sessions, next })
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
