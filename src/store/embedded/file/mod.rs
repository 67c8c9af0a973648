//! Sessions in a file that survives the process: redb, with one writing thread.
//!
//! Reads see what is committed, and nothing else; they run beside the writer (redb keeps versions).

mod schema;
mod writer;

use std::fs::{self, OpenOptions, Permissions};
use std::ops::Bound::{Excluded, Unbounded};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use redb::backends::FileBackend;
use redb::{Database, DatabaseError, ReadTransaction, ReadableDatabase, ReadableTableMetadata, StorageError};

use self::schema::{BY_EXPIRY, FACTS, SESSIONS, Tables, decode_summary};
use self::writer::{Shared, Writer};
use super::cursor::Place;
use crate::domain::ids::SessionId;
use crate::domain::ports::{
    Created, Cursor, Entry, KeyspaceStore, Lifetime, ListError, Listed, Page, Readiness, Revision,
    SessionStore, StoreError, Stored, Swap,
};
use crate::domain::session::Status;
use crate::domain::time::{Clock, Timestamp};
use crate::store::weather::Weather;

const FILE_NAME: &str = "spake.redb";
const CACHE_BYTES: usize = 64 << 20;
/// Sessions dropped in one transaction of the sweeper, so that it never holds up the others for long.
const SWEEP_SLICE: usize = 1000;

/// Why the store's file did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenFileError {
    /// The directory or the file cannot be made or opened.
    #[error("{}: {error}", path.display())]
    Io {
        /// What was touched.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// Another process has it.
    #[error("{} is in use by another process; one process at a time can serve a data directory", .0.display())]
    InUse(PathBuf),
    /// A file of another release.
    #[error("{} has format {found}, which this release does not know", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The format that it names.
        found: u64,
    },
    /// Not a file of ours, or damaged.
    #[error("{}: {error}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What redb said.
        error: Box<redb::Error>,
    },
}

/// Sessions and facts in one file.
pub struct FileStore {
    // Dropped first: it finishes what is queued before the file closes.
    writer: Writer,
    database: Shared,
    clock: Arc<dyn Clock>,
    reads: Weather,
    writes: Weather,
}

impl FileStore {
    /// Opens the store in `directory`; makes directory (mode 0700) and file (0600) if they are not there.
    pub fn open(directory: &Path, clock: Arc<dyn Clock>) -> Result<Self, OpenFileError> {
        let path = directory.join(FILE_NAME);
        let database = Arc::new(RwLock::new(Some(open_database(directory, &path)?)));
        let writer = {
            let (directory, path) = (directory.to_owned(), path.clone());
            Writer::start(Arc::clone(&database), Box::new(move || open_database(&directory, &path)))
        };
        let writer = writer.map_err(|error| OpenFileError::Io { path, error })?;
        let (reads, writes) =
            (Weather::of("reading the session file"), Weather::of("writing the session file"));
        Ok(Self { writer, database, clock, reads, writes })
    }

    /// Removes sessions whose time has passed. Writes nothing when there are none.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        while self.read_in(move |transaction| due(transaction, now)).await? > 0 {
            self.write(move |tables| tables.drop_expired(now, SWEEP_SLICE)).await?;
        }
        Ok(())
    }

    /// Runs `read` on a snapshot, off the async workers since it may wait for the disk.
    async fn read_in<T: Send + 'static>(
        &self,
        read: impl FnOnce(&ReadTransaction) -> Result<T, redb::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let database = Arc::clone(&self.database);
        let result = tokio::task::spawn_blocking(move || {
            let database = database.read().unwrap_or_else(PoisonError::into_inner);
            let database = database.as_ref().ok_or(redb::Error::DatabaseClosed)?;
            read(&database.begin_read()?)
        });
        self.reads.observe(match result.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(redb::Error::Corrupted(what))) => Err(StoreError::Corrupt(what)),
            Ok(Err(error)) => {
                // Requests read before they write: without this none would reach the writer, which reopens.
                self.writer.look_at_file();
                Err(StoreError::Unavailable(error.to_string()))
            }
            Err(error) => Err(StoreError::Unavailable(error.to_string())),
        })
    }

    /// Makes a change; returns when it is on disk.
    async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Tables<'_>) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writes.observe(self.writer.write(change).await)
    }
}

fn open_database(directory: &Path, path: &Path) -> Result<Database, OpenFileError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |error| OpenFileError::Io { path, error }
    };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(io(directory))?;
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(io(path))?;
    // A file that was there may have come with other rights.
    file.set_permissions(Permissions::from_mode(0o600)).map_err(io(path))?;
    let failed = |error: DatabaseError| match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            OpenFileError::InUse(path.to_owned())
        }
        error => OpenFileError::Damaged { path: path.to_owned(), error: Box::new(error.into()) },
    };
    let database = Database::builder()
        .set_cache_size(CACHE_BYTES)
        .create_with_backend(FileBackend::new(file).map_err(failed)?)
        .map_err(failed)?;
    match prepare(&database) {
        Ok(Ok(())) => Ok(database),
        Ok(Err(found)) => Err(OpenFileError::Format { path: path.to_owned(), found }),
        Err(error) => Err(OpenFileError::Damaged { path: path.to_owned(), error: Box::new(error) }),
    }
}

/// Makes the tables, so that readers find them.
fn prepare(database: &Database) -> Result<Result<(), u64>, redb::Error> {
    let transaction = database.begin_write()?;
    let format = Tables::open(&transaction)?.check_format()?;
    transaction.commit()?;
    Ok(format)
}

fn due(transaction: &ReadTransaction, now: Timestamp) -> Result<u64, redb::Error> {
    let due = transaction.open_table(BY_EXPIRY)?.range(..=(now.as_millis(), u64::MAX))?;
    Ok(due.count() as u64)
}

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
            Ok(row.and_then(|row| {
                let (revision, created, expires, _, _, _, sealed) = row.value();
                let lifetime = live(created, expires, now)?;
                Some(Stored { sealed: sealed.to_vec(), revision: Revision(revision), lifetime })
            }))
        })
        .await
    }

    async fn replace(&self, id: &SessionId, expected: Revision, entry: Entry) -> Result<Swap, StoreError> {
        let (id, clock) = (id.clone(), Arc::clone(&self.clock));
        self.write(move |tables| tables.replace(id.as_str(), expected, &entry, clock.now())).await
    }

    async fn delete(&self, id: &SessionId) -> Result<bool, StoreError> {
        let (id, clock) = (id.clone(), Arc::clone(&self.clock));
        self.write(move |tables| tables.delete(id.as_str(), clock.now())).await
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

fn live(created: u64, expires: u64, now: Timestamp) -> Option<Lifetime> {
    let (created, expires) = (Timestamp::from_millis(created), Timestamp::from_millis(expires));
    (expires > now).then_some(Lifetime { created, expires })
}

#[async_trait]
impl KeyspaceStore for FileStore {
    async fn fact(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let name = name.to_owned();
        self.read_in(move |transaction| {
            Ok(transaction.open_table(FACTS)?.get(&*name)?.map(|sealed| sealed.value().to_vec()))
        })
        .await
    }

    async fn create_fact(&self, name: &str, sealed: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let name = name.to_owned();
        self.write(move |tables| tables.create_fact(&name, sealed)).await
    }

    async fn replace_fact(&self, name: &str, expected: &[u8], sealed: Vec<u8>) -> Result<Swap, StoreError> {
        let (name, expected) = (name.to_owned(), expected.to_owned());
        self.write(move |tables| tables.replace_fact(&name, &expected, &sealed)).await
    }
}

#[async_trait]
impl Readiness for FileStore {
    async fn check(&self) -> Result<(), String> {
        // Reads, and a commit that is on disk.
        self.read_in(|transaction| Ok(transaction.open_table(FACTS)?.len()?))
            .await
            .map_err(|e| e.to_string())?;
        self.write(|_| Ok(())).await.map_err(|error| error.to_string())
    }
}
