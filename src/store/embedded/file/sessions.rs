//! [`SessionStore`] in the file.

use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use redb::{ReadTransaction, ReadableTableMetadata};

use super::super::cursor::Place;
use super::schema::{BY_EXPIRY, Row, SESSIONS, decode_summary};
use super::{FileStore, due};
use crate::domain::ids::SessionId;
use crate::domain::ports::{
    Created, Cursor, Entry, Lifetime, ListError, Listed, Page, Revision, SessionStore, StoreError, Stored,
    Swap,
};
use crate::domain::session::Status;
use crate::domain::time::Timestamp;

#[async_trait]
impl SessionStore for FileStore {
    async fn create(&self, id: &SessionId, entry: Entry, ttl: Duration) -> Result<Created, StoreError> {
        let (id, clock) = (id.clone(), Arc::clone(&self.clock));
        self.write(move |tables| tables.create(id.as_str(), &entry, ttl, clock.now())).await
    }

    async fn read(&self, id: &SessionId) -> Result<Option<Stored>, StoreError> {
        let (id, now) = (id.clone(), self.clock.now());
        self.read_in(move |transaction| {
            let row = transaction.open_table(SESSIONS)?.get(id.as_str())?;
            Ok(row.and_then(|row| stored(row.value(), now)))
        })
        .await
    }

    async fn replace(&self, id: &SessionId, expected: Revision, entry: Entry) -> Result<Swap, StoreError> {
        let (id, clock) = (id.clone(), Arc::clone(&self.clock));
        self.write(move |tables| tables.replace(id.as_str(), expected, &entry, clock.now())).await
    }

    async fn delete(&self, id: &SessionId, expected: Option<Revision>) -> Result<Swap, StoreError> {
        let (id, clock) = (id.clone(), Arc::clone(&self.clock));
        self.write(move |tables| tables.delete(id.as_str(), expected, clock.now())).await
    }

    async fn count(&self) -> Result<u64, StoreError> {
        let now = self.clock.now();
        self.read_in(move |transaction| {
            let all = transaction.open_table(BY_EXPIRY)?.len()?;
            Ok(all.saturating_sub(due(transaction, now)?))
        })
        .await
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
        let after = after_cursor.max(last_ended);
        let page = self.read_in(move |transaction| page(transaction, after, limit, status, now)).await?;
        Ok(page)
    }
}

fn page(
    transaction: &ReadTransaction,
    after: Place,
    limit: usize,
    status: Option<Status>,
    now: Timestamp,
) -> Result<Page, redb::Error> {
    let sessions = transaction.open_table(SESSIONS)?;
    let by_expiry = transaction.open_table(BY_EXPIRY)?;
    let start = (Excluded((after.expires, after.sequence)), Unbounded);
    let mut page = Page { sessions: Vec::new(), next: None };
    let mut last = after;
    for (index, entry) in by_expiry.range::<(u64, u64)>(start)?.enumerate() {
        if index == limit {
            page.next = Some(last.to_cursor());
            break;
        }
        let (place, id) = entry?;
        let (expires, sequence) = place.value();
        last = Place { expires, sequence };
        let Some(row) = sessions.get(id.value())? else { continue };
        let (_, created, expires, _, row_status, confirmed, _) = row.value();
        let found = (SessionId::parse(id.value()), decode_summary(row_status, confirmed));
        let ((Ok(id), Some(summary)), Some(lifetime)) = (found, live(created, expires, now)) else {
            continue;
        };
        if status.is_none_or(|status| summary.status == status) {
            page.sessions.push(Listed { id, summary, lifetime });
        }
    }
    Ok(page)
}

/// A row as it is read, unless the session's time has passed.
pub(super) fn stored(
    (revision, created, expires, _, _, _, sealed): Row<'_>,
    now: Timestamp,
) -> Option<Stored> {
    let lifetime = live(created, expires, now)?;
    Some(Stored { sealed: sealed.to_vec(), revision: Revision(revision), lifetime })
}

fn live(created: u64, expires: u64, now: Timestamp) -> Option<Lifetime> {
    let (created, expires) = (Timestamp::from_millis(created), Timestamp::from_millis(expires));
    (expires > now).then_some(Lifetime { created, expires })
}
