//! [`SessionStore`] in memory.

use std::ops::Bound::{Excluded, Unbounded};
use std::time::Duration;

use async_trait::async_trait;

use super::super::cursor::Place;
use super::{Held, MemoryStore, lock};
use crate::domain::ids::SessionId;
use crate::domain::ports::{
    Created, Cursor, Entry, ListError, Listed, Page, Revision, SessionStore, StoreError, Stored, Swap,
};
use crate::domain::session::Status;

#[async_trait]
impl SessionStore for MemoryStore {
    async fn create(&self, id: &SessionId, entry: Entry, ttl: Duration) -> Result<Created, StoreError> {
        let mut shard = self.shard(id.bucket());
        let now = self.clock.now();
        if shard.live(id, now).is_some() {
            return Ok(Created::Exists);
        }
        Ok(Created::New(shard.insert(id, entry, now, ttl, self.next_sequence())))
    }

    async fn read(&self, id: &SessionId) -> Result<Option<Stored>, StoreError> {
        let shard = self.shard(id.bucket());
        let now = self.clock.now();
        Ok(shard.live(id, now).map(Held::stored))
    }

    async fn replace(&self, id: &SessionId, expected: Revision, entry: Entry) -> Result<Swap, StoreError> {
        let mut shard = self.shard(id.bucket());
        let now = self.clock.now();
        Ok(if shard.replace(id, expected, entry, now, self.next_sequence()) { Swap::Won } else { Swap::Lost })
    }

    async fn delete(&self, id: &SessionId, expected: Option<Revision>) -> Result<Swap, StoreError> {
        let mut shard = self.shard(id.bucket());
        let now = self.clock.now();
        let is_it = |held: &Held| expected.is_none_or(|Revision(expected)| expected == held.revision);
        if !shard.live(id, now).is_some_and(is_it) {
            return Ok(Swap::Lost);
        }
        shard.remove(id);
        Ok(Swap::Won)
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
                let listed = Listed { id: id.clone(), summary: held.summary, lifetime: held.lifetime() };
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
