//! Counting and listing over all buckets, in one pass of concurrent scripts.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;

use super::RedisStore;
use super::call::{self, Call};
use super::keys::{BUCKETS, Bucket};
use super::sessions::lifetime;
use crate::domain::ids::SessionId;
use crate::domain::ports::{Cursor, ListError, Listed, Page, StoreError};
use crate::domain::session::{Protocol, Status, Summary};

/// How long a count is good for.
const COUNT_FOR: Duration = Duration::from_secs(1);

/// How many sessions there were a moment ago.
#[derive(Default)]
pub(super) struct Density(Mutex<Option<(Instant, u64)>>);

/// Id, status, protocol, confirmed, created, expires.
type Row = (String, String, String, String, String, String);
/// Score and id of the last session read, empty at the end of the bucket; the rows.
type Part = (String, String, Vec<Row>);

/// After this session of this bucket.
struct Place {
    bucket: Bucket,
    expires: u64,
    id: String,
}

impl Density {
    fn get(&self) -> Option<(Instant, u64)> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, count: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), count));
    }

    /// How many buckets will hold `limit` sessions, by what was last counted; all, when nothing is known.
    fn buckets_for(&self, limit: usize) -> usize {
        let counted = self.get().map_or(0, |(_, count)| count);
        let wanted = (limit as u64).saturating_mul(BUCKETS as u64).div_ceil(counted.max(1));
        // Half as many again, for buckets are not equally full; then one pass is enough.
        usize::try_from(wanted + wanted / 2).unwrap_or(BUCKETS).clamp(1, BUCKETS)
    }
}

impl RedisStore {
    /// A cursor of sessions, as it was read; for the fuzzer.
    #[doc(hidden)]
    pub fn reread(cursor: &Cursor) -> Result<Cursor, ListError> {
        Place::parse(cursor).map(|place| place.to_cursor())
    }

    /// All sessions that are alive, or were at most a second ago.
    pub(super) async fn count_sessions(&self) -> Result<u64, StoreError> {
        if let Some((_, count)) = self.density.get().filter(|(at, _)| at.elapsed() < COUNT_FOR) {
            return Ok(count);
        }
        let counts = Bucket::all().map(|bucket| async move {
            self.link.read::<u64>(&Call::script(&call::COUNT, &[&self.keys.index(bucket)])).await
        });
        let count = try_join_all(counts).await?.into_iter().sum();
        self.density.set(count);
        Ok(count)
    }

    /// Sessions bucket by bucket, in each by their expiry.
    pub(super) async fn list_sessions(
        &self,
        cursor: Option<&Cursor>,
        limit: usize,
        status: Option<Status>,
    ) -> Result<Page, ListError> {
        let start = cursor.map(Place::parse).transpose()?;
        let (mut sessions, mut taken) = (Vec::new(), 0);
        let mut first = usize::from(start.as_ref().map_or(0, |place| place.bucket.number()));
        while first < BUCKETS {
            let width = self.density.buckets_for(limit - taken);
            let buckets: Vec<_> = Bucket::all().skip(first).take(width).collect();
            first += buckets.len();
            let parts = buckets.iter().map(|bucket| {
                let start = start.as_ref().filter(|place| place.bucket == *bucket);
                self.part(*bucket, limit - taken, start)
            });
            for (bucket, (expires, id, rows)) in buckets.iter().zip(try_join_all(parts).await?) {
                for row in rows {
                    let Some(listed) = listed(&row) else { continue };
                    let here =
                        Place { bucket: *bucket, expires: listed.lifetime.expires.as_millis(), id: row.0 };
                    taken += 1;
                    if status.is_none_or(|status| listed.summary.status == status) {
                        sessions.push(listed);
                    }
                    if taken == limit {
                        return Ok(Page { sessions, next: Some(here.to_cursor()) });
                    }
                }
                if let Ok(expires) = expires.parse() {
                    // The bucket has more; what it read and did not show is gone.
                    return Ok(Page {
                        sessions,
                        next: Some(Place { bucket: *bucket, expires, id }.to_cursor()),
                    });
                }
            }
        }
        Ok(Page { sessions, next: None })
    }

    async fn part(&self, bucket: Bucket, limit: usize, after: Option<&Place>) -> Result<Part, StoreError> {
        let call = Call::script(&call::LIST, &[&self.keys.index(bucket)])
            .arg(limit)
            .arg(after.map_or(0, |place| place.expires))
            .arg(after.map_or("", |place| &place.id))
            .arg(self.keys.sessions_of(bucket));
        self.link.read(&call).await
    }
}

impl Place {
    fn to_cursor(&self) -> Cursor {
        Cursor(format!("{:02x}-{}-{}", self.bucket.number(), self.expires, self.id))
    }

    fn parse(Cursor(text): &Cursor) -> Result<Self, ListError> {
        let mut parts = text.splitn(3, '-');
        let mut part = || parts.next().ok_or(ListError::BadCursor);
        let (bucket, expires, id) = (part()?, part()?, part()?);
        let bucket = u8::from_str_radix(bucket, 16).map_err(|_| ListError::BadCursor)?;
        let id = SessionId::parse(id).map_err(|_| ListError::BadCursor)?;
        let place = Self {
            bucket: Bucket::new(bucket),
            expires: expires.parse().map_err(|_| ListError::BadCursor)?,
            id: id.to_string(),
        };
        // One spelling for each place, and a session is only in its own bucket.
        if place.to_cursor().0 == *text && Bucket::of(&id) == place.bucket {
            Ok(place)
        } else {
            Err(ListError::BadCursor)
        }
    }
}

/// A line of the listing; `None` for what someone else wrote, since one such key must not end every listing.
fn listed((id, status, protocol, confirmed, created, expires): &Row) -> Option<Listed> {
    let summary = Summary {
        protocol: Protocol::named(protocol)?,
        status: Status::named(status)?,
        confirmed: confirmed == "true",
    };
    let lifetime = lifetime(created.parse().ok()?, expires.parse().ok()?);
    Some(Listed { id: SessionId::parse(id).ok()?, summary, lifetime })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_the_place_it_was_and_has_one_spelling() {
        let id = SessionId::parse("a-b-ä").unwrap();
        let place = Place { bucket: Bucket::of(&id), expires: 1_700_000_000_000, id: id.to_string() };
        let cursor = place.to_cursor();
        let parsed = Place::parse(&cursor).ok().unwrap();
        assert_eq!((parsed.bucket, parsed.expires, parsed.id), (place.bucket, place.expires, place.id));
        for text in [cursor.0.to_uppercase(), format!("0{}", cursor.0), cursor.0.replace("-17", "-017")] {
            assert!(Place::parse(&Cursor(text)).is_err());
        }
    }

    #[test]
    fn a_pass_asks_as_many_buckets_as_a_page_needs() {
        let density = Density::default();
        assert_eq!(density.buckets_for(100), 256, "nothing is known");
        density.set(1_000_000);
        assert_eq!(density.buckets_for(100), 1);
        assert_eq!(density.buckets_for(10_000), 4);
        density.set(25_600);
        assert_eq!(density.buckets_for(100), 1);
        density.set(1_000);
        assert_eq!(density.buckets_for(100), 39);
        density.set(3);
        assert_eq!(density.buckets_for(100), 256);
    }
}
