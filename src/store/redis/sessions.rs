//! [`SessionStore`] on Redis.

use std::time::Duration;

use async_trait::async_trait;
use redis::cmd;

use super::RedisStore;
use super::call::{self, Call};
use super::keys::Bucket;
use crate::domain::ids::SessionId;
use crate::domain::ports::{
    Created, Cursor, Entry, Lifetime, ListError, Page, Revision, SessionStore, StoreError, Stored, Swap,
};
use crate::domain::session::Status;
use crate::domain::time::Timestamp;

/// `sealed`, `created`, `expires`, as `HMGET` answers them.
pub(super) type Row = (Option<Vec<u8>>, Option<u64>, Option<u64>);

#[async_trait]
impl SessionStore for RedisStore {
    async fn create(&self, id: &SessionId, entry: Entry, ttl: Duration) -> Result<Created, StoreError> {
        let bucket = Bucket::of(id);
        let call = Call::script(&call::CREATE, &[&self.keys.session(id), &self.keys.index(bucket)])
            .arg(id.as_str())
            .arg(millis(ttl))
            .arg(&entry.sealed)
            .arg(entry.summary.status.name())
            .arg(entry.summary.protocol.name())
            .arg(confirmed_name(entry.summary.confirmed));
        let created: Option<(u64, u64)> = self.link.write(&call).await?;
        Ok(created.map_or(Created::Exists, |(created, expires)| Created::New(lifetime(created, expires))))
    }

    async fn read(&self, id: &SessionId) -> Result<Option<Stored>, StoreError> {
        let key = self.keys.session(id);
        let mut command = cmd("HMGET");
        command.arg(&key).arg(&["sealed", "created", "expires"]);
        let row = self.link.read(&Call::command(command)).await.map_err(|error| named(error, &key))?;
        stored(row, &key)
    }

    async fn replace(&self, id: &SessionId, expected: Revision, entry: Entry) -> Result<Swap, StoreError> {
        let call = Call::script(&call::REPLACE, &[&self.keys.session(id)])
            .arg(expected.0.to_be_bytes().as_slice())
            .arg(&entry.sealed)
            .arg(entry.summary.status.name())
            .arg(confirmed_name(entry.summary.confirmed));
        let won = self.link.write_to_replicas(&call, Bucket::of(id).slot()).await?;
        Ok(if won { Swap::Won } else { Swap::Lost })
    }

    async fn settle(&self, id: &SessionId, read: Revision) -> Result<Swap, StoreError> {
        if !self.link.waits() {
            return Ok(Swap::Won);
        }
        let call =
            Call::script(&call::SETTLE, &[&self.keys.session(id)]).arg(read.0.to_be_bytes().as_slice());
        let stands = self.link.write_to_replicas(&call, Bucket::of(id).slot()).await?;
        Ok(if stands { Swap::Won } else { Swap::Lost })
    }

    async fn delete(&self, id: &SessionId, expected: Option<Revision>) -> Result<Swap, StoreError> {
        let index = self.keys.index(Bucket::of(id));
        let mut call = Call::script(&call::DELETE, &[&self.keys.session(id), &index]).arg(id.as_str());
        if let Some(expected) = expected {
            call = call.arg(expected.0.to_be_bytes().as_slice());
        }
        let won = self.link.remove(&call).await?;
        Ok(if won { Swap::Won } else { Swap::Lost })
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.count_sessions().await
    }

    async fn list(
        &self,
        cursor: Option<&Cursor>,
        limit: usize,
        status: Option<Status>,
    ) -> Result<Page, ListError> {
        self.list_sessions(cursor, limit, status).await
    }

    fn permitted_format(&self) -> u8 {
        self.permitted.get()
    }

    fn locate(&self, id: &SessionId) -> String {
        self.keys.session(id)
    }
}

/// A row as it is read; `key` names it if it is not whole.
pub(super) fn stored(row: Row, key: &str) -> Result<Option<Stored>, StoreError> {
    match row {
        (None, None, None) => Ok(None),
        (Some(sealed), Some(created), Some(expires)) => {
            let revision = revision(&sealed).ok_or_else(|| incomplete(key))?;
            Ok(Some(Stored { sealed, revision, lifetime: lifetime(created, expires) }))
        }
        _ => Err(incomplete(key)),
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn lifetime(created: u64, expires: u64) -> Lifetime {
    Lifetime { created: Timestamp::from_millis(created), expires: Timestamp::from_millis(expires) }
}

pub(super) const fn confirmed_name(confirmed: bool) -> &'static str {
    if confirmed { "true" } else { "false" }
}

/// No two envelopes are alike (see [`Entry`]), so their last bytes name a state.
fn revision(sealed: &[u8]) -> Option<Revision> {
    sealed.last_chunk().map(|bytes| Revision(u64::from_be_bytes(*bytes)))
}

fn incomplete(key: &str) -> StoreError {
    StoreError::Corrupt(format!("{key} is not a session of ours: fields are missing or changed"))
}

fn named(error: StoreError, key: &str) -> StoreError {
    match error {
        StoreError::Corrupt(why) => StoreError::Corrupt(format!("{key}: {why}")),
        other => other,
    }
}
