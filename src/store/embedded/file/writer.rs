//! The one thread that writes, and its group commit.
//!
//! A durable commit costs an fsync and about 40 KB, whether it carries one change or a hundred; so every change that
//! arrives while one commit is under way goes into the next. Nobody hears of a change before its commit is on disk.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::{self, JoinHandle};

use redb::{Database, Durability, StorageError};
use tokio::sync::oneshot;

use super::OpenFileError;
use super::schema::Tables;
use crate::domain::ports::StoreError;

/// Changes in one commit.
const BATCH: usize = 256;
/// Changes that may wait; beyond it the disk is not keeping up, and callers are told so.
const QUEUE: usize = 4096;

/// One change, which returns how to tell its caller once the commit is decided.
type Change = Box<dyn FnOnce(&mut Tables<'_>) -> Result<Tell, StorageError> + Send>;
type Tell = Box<dyn FnOnce(Result<(), NotCommitted>) + Send>;

#[derive(Clone, Copy)]
enum NotCommitted {
    /// The transaction was given up before its commit.
    Aborted,
    /// The commit itself failed: it may be on disk or not.
    Unknown,
}

/// The open file. Empty while it could not be opened again after an error.
pub(super) type Shared = Arc<RwLock<Option<Database>>>;

/// Reopens the file after a failed commit; redb refuses writes until then.
pub(super) type Reopen = Box<dyn Fn() -> Result<Database, OpenFileError> + Send>;

/// Handle to the thread; dropping it finishes what is queued and closes the file.
pub(super) struct Writer {
    changes: Option<SyncSender<Change>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(database: Shared, reopen: Reopen) -> std::io::Result<Self> {
        let (changes, queue) = sync_channel(QUEUE);
        let thread = thread::Builder::new()
            .name("file-writer".to_owned())
            .spawn(move || write_all(&queue, &database, &reopen))?;
        Ok(Self { changes: Some(changes), thread: Some(thread) })
    }

    /// Makes a change; returns when it is on disk.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Tables<'_>) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, outcome) = oneshot::channel();
        let change: Change = Box::new(move |tables| {
            let result = change(tables)?;
            Ok(Box::new(move |committed: Result<(), NotCommitted>| {
                // Fails when the caller went away; the change stands.
                drop(reply.send(committed.map(|()| result)));
            }))
        });
        let gone = || StoreError::Unavailable("the file's writer has stopped".to_owned());
        match self.changes.as_ref().ok_or_else(gone)?.try_send(change) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                return Err(StoreError::Unavailable("the disk does not keep up with the writes".to_owned()));
            }
            Err(TrySendError::Disconnected(_)) => return Err(gone()),
        }
        match outcome.await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(NotCommitted::Unknown)) => {
                Err(StoreError::OutcomeUnknown("the commit to the file failed".to_owned()))
            }
            // Aborted, or dropped with the transaction that it was part of.
            Ok(Err(NotCommitted::Aborted)) | Err(_) => {
                Err(StoreError::Unavailable("the write to the file failed".to_owned()))
            }
        }
    }

    /// Has the file looked at, and opened again if need be: for a reader that met an error. Nobody waits for it.
    pub(super) fn look_at_file(&self) {
        let nothing: Change = Box::new(|_| Ok(Box::new(|_| {})));
        if let Some(changes) = &self.changes {
            // When the queue is full, others will find out.
            drop(changes.try_send(nothing));
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.changes.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the file's writer panicked");
        }
    }
}

fn write_all(queue: &Receiver<Change>, database: &Shared, reopen: &Reopen) {
    while let Ok(first) = queue.recv() {
        let batch = std::iter::once(first).chain(queue.try_iter().take(BATCH - 1));
        if let Err(error) = write_batch(batch, database) {
            tracing::error!(%error, "a write to the embedded store's file failed");
            let mut database = database.write().unwrap_or_else(PoisonError::into_inner);
            // Closed before it is opened again: the file lock is exclusive.
            *database = None;
            match reopen() {
                Ok(opened) => *database = Some(opened),
                Err(error) => tracing::error!(%error, "the embedded store's file does not open again"),
            }
        }
    }
}

fn write_batch(batch: impl Iterator<Item = Change>, database: &Shared) -> Result<(), redb::Error> {
    let database = database.read().unwrap_or_else(PoisonError::into_inner);
    let database = database.as_ref().ok_or(redb::Error::DatabaseClosed)?;
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    let mut told = Vec::new();
    let applied = apply(batch, &transaction, &mut told);
    let committed = match applied {
        Ok(()) => transaction.commit().map_err(|error| (NotCommitted::Unknown, error.into())),
        Err(error) => transaction
            .abort()
            .map_err(redb::Error::from)
            .and(Err(error))
            .map_err(|error| (NotCommitted::Aborted, error)),
    };
    let outcome = match &committed {
        Ok(()) => Ok(()),
        Err((not_committed, _)) => Err(*not_committed),
    };
    for tell in told {
        tell(outcome);
    }
    committed.map_err(|(_, error)| error)
}

fn apply(
    batch: impl Iterator<Item = Change>,
    transaction: &redb::WriteTransaction,
    told: &mut Vec<Tell>,
) -> Result<(), redb::Error> {
    let mut tables = Tables::open(transaction)?;
    for change in batch {
        told.push(change(&mut tables)?);
    }
    Ok(())
}
