//! Listing credentials, bucket by bucket and in each by their ids.

use futures_util::future::try_join_all;

use super::RedisStore;
use super::accounts::times;
use super::call::{self, Call};
use super::keys::{BUCKETS, Bucket};
use crate::domain::ids::CredentialId;
use crate::domain::ports::{CredentialPage, Cursor, ListError, ListedCredential, StoreError};

/// The most buckets that are asked at once. How full they are is not known: the first is asked alone, and each time that
/// is not enough, twice as many.
const AT_ONCE: usize = 32;

/// Id, disabled, created, updated.
type Row = (String, String, String, String);
/// The last id read, empty at the end of the bucket; the rows.
type Part = (String, Vec<Row>);

impl RedisStore {
    pub(super) async fn list_all_credentials(
        &self,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<CredentialPage, ListError> {
        let start = cursor.map(|Cursor(text)| CredentialId::parse(text)).transpose();
        let start = start.map_err(|_| ListError::BadCursor)?;
        let mut first = start.as_ref().map_or(0, |id| usize::from(id.bucket()));
        let (mut credentials, mut after) = (Vec::new(), start.as_ref().map_or("", CredentialId::as_str));
        let mut width = 1;
        while first < BUCKETS {
            let buckets: Vec<_> = Bucket::all().skip(first).take(width).collect();
            first += buckets.len();
            width = AT_ONCE.min(width * 2);
            let left = limit - credentials.len();
            let parts = buckets.iter().map(|bucket| {
                // Only the first bucket is begun in the middle.
                self.credentials_part(*bucket, left, std::mem::take(&mut after))
            });
            for (last, rows) in try_join_all(parts).await? {
                for row in rows {
                    credentials.extend(listed(&row));
                    if credentials.len() == limit {
                        return Ok(CredentialPage { credentials, next: Some(Cursor(row.0)) });
                    }
                }
                if !last.is_empty() {
                    return Ok(CredentialPage { credentials, next: Some(Cursor(last)) });
                }
            }
        }
        Ok(CredentialPage { credentials, next: None })
    }

    async fn credentials_part(&self, bucket: Bucket, limit: usize, after: &str) -> Result<Part, StoreError> {
        let call = Call::script(&call::LIST_CREDENTIALS, &[&self.keys.credential_index(bucket)])
            .arg(limit)
            .arg(after)
            .arg(self.keys.credentials_of(bucket));
        self.link.read(&call).await
    }
}

fn listed((id, disabled, created, updated): &Row) -> Option<ListedCredential> {
    let times = times(created.parse().ok()?, updated.parse().ok()?);
    Some(ListedCredential { id: CredentialId::parse(id).ok()?, disabled: disabled == "true", times })
}
