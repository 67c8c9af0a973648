//! A store whose every answer is timed, and a part of its request's trace.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tracing::Instrument;
use tracing::field::Empty;

use crate::domain::ids::{CredentialId, SessionId};
use crate::domain::ports::{
    Budget, CallerTag, Committed, Completed, Completion, Condition, Created, CredentialEntry, CredentialPage,
    CredentialStore, Cursor, Entry, Guesses, ListError, Login, LoginStore, LoginView, Page, Put, Readiness,
    Removed, Revision, SessionStore, StoreError, Stored, StoredCredential, Swap,
};
use crate::domain::session::Status;
use crate::metrics::{Operation, Operations};

/// The store `S`, and what is kept of its work.
pub struct Metered<S: ?Sized> {
    store: Arc<S>,
    operations: Arc<Operations>,
}

impl<S: ?Sized> Metered<S> {
    /// `store`, with its work told to `operations`.
    pub fn new(store: Arc<S>, operations: Arc<Operations>) -> Self {
        Self { store, operations }
    }

    async fn timed<T, E: OfStore>(
        &self,
        operation: Operation,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let mut timing =
            Timing { operations: &self.operations, operation, begun: Instant::now(), is_over: false };
        // For traces; the log has it at level debug.
        let span = tracing::debug_span!(
            "store",
            otel.kind = "client",
            otel.name = operation.name(),
            outcome = Empty
        );
        let outcome = work.instrument(span.clone()).await;
        let error = outcome.as_ref().err().and_then(E::of_store);
        span.record("outcome", timing.end(error));
        outcome
    }
}

/// Work under way, which is timed whether or not somebody waits for its end.
struct Timing<'a> {
    operations: &'a Operations,
    operation: Operation,
    begun: Instant,
    is_over: bool,
}

impl Timing<'_> {
    fn end(&mut self, error: Option<&StoreError>) -> &'static str {
        self.is_over = true;
        self.operations.done(self.operation, error, self.begun.elapsed())
    }
}

impl Drop for Timing<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.operations.abandoned(self.operation, self.begun.elapsed());
        }
    }
}

/// An error that may be the store's.
trait OfStore {
    fn of_store(&self) -> Option<&StoreError>;
}

impl OfStore for StoreError {
    fn of_store(&self) -> Option<&StoreError> {
        Some(self)
    }
}

impl OfStore for ListError {
    fn of_store(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::BadCursor => None,
        }
    }
}

#[async_trait]
impl<S: SessionStore + ?Sized> SessionStore for Metered<S> {
    async fn create(&self, id: &SessionId, entry: Entry, ttl: Duration) -> Result<Created, StoreError> {
        self.timed(Operation::CreateSession, self.store.create(id, entry, ttl)).await
    }

    async fn read(&self, id: &SessionId) -> Result<Option<Stored>, StoreError> {
        self.timed(Operation::ReadSession, self.store.read(id)).await
    }

    async fn replace(&self, id: &SessionId, expected: Revision, entry: Entry) -> Result<Swap, StoreError> {
        self.timed(Operation::ReplaceSession, self.store.replace(id, expected, entry)).await
    }

    async fn settle(&self, id: &SessionId, read: Revision) -> Result<Swap, StoreError> {
        // Nothing, unless writes wait for replicas; then those tell how long.
        self.store.settle(id, read).await
    }

    async fn delete(&self, id: &SessionId, expected: Option<Revision>) -> Result<Swap, StoreError> {
        self.timed(Operation::DeleteSession, self.store.delete(id, expected)).await
    }

    async fn count(&self) -> Result<u64, StoreError> {
        self.timed(Operation::CountSessions, self.store.count()).await
    }

    async fn list(
        &self,
        cursor: Option<&Cursor>,
        limit: usize,
        status: Option<Status>,
    ) -> Result<Page, ListError> {
        self.timed(Operation::ListSessions, self.store.list(cursor, limit, status)).await
    }

    fn permitted_format(&self) -> u8 {
        self.store.permitted_format()
    }

    fn locate(&self, id: &SessionId) -> String {
        self.store.locate(id)
    }
}

#[async_trait]
impl<S: CredentialStore + ?Sized> CredentialStore for Metered<S> {
    async fn put(
        &self,
        id: &CredentialId,
        entry: CredentialEntry,
        condition: Condition,
    ) -> Result<Put, StoreError> {
        self.timed(Operation::PutCredential, self.store.put(id, entry, condition)).await
    }

    async fn get(&self, id: &CredentialId) -> Result<Option<StoredCredential>, StoreError> {
        self.timed(Operation::GetCredential, self.store.get(id)).await
    }

    async fn reseal(
        &self,
        id: &CredentialId,
        expected: &StoredCredential,
        sealed: Vec<u8>,
    ) -> Result<bool, StoreError> {
        self.timed(Operation::ResealCredential, self.store.reseal(id, expected, sealed)).await
    }

    async fn remove(&self, id: &CredentialId, condition: Condition) -> Result<Removed, StoreError> {
        self.timed(Operation::RemoveCredential, self.store.remove(id, condition)).await
    }

    async fn list_credentials(
        &self,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<CredentialPage, ListError> {
        self.timed(Operation::ListCredentials, self.store.list_credentials(cursor, limit)).await
    }
}

#[async_trait]
impl<S: LoginStore + ?Sized> LoginStore for Metered<S> {
    async fn view(
        &self,
        credential: &CredentialId,
        session: &SessionId,
        caller: CallerTag,
        budget: Budget,
    ) -> Result<LoginView, StoreError> {
        self.timed(Operation::ViewLogin, self.store.view(credential, session, caller, budget)).await
    }

    async fn commit(
        &self,
        credential: &CredentialId,
        login: Login,
        budget: Budget,
    ) -> Result<Committed, StoreError> {
        self.timed(Operation::CommitLogin, self.store.commit(credential, login, budget)).await
    }

    async fn complete(
        &self,
        credential: &CredentialId,
        completion: Completion,
    ) -> Result<Completed, StoreError> {
        self.timed(Operation::CompleteLogin, self.store.complete(credential, completion)).await
    }

    async fn guesses(&self, credential: &CredentialId, window: Duration) -> Result<Guesses, StoreError> {
        self.timed(Operation::ReadGuesses, self.store.guesses(credential, window)).await
    }

    async fn clear_guesses(&self, credential: &CredentialId) -> Result<bool, StoreError> {
        self.timed(Operation::ClearGuesses, self.store.clear_guesses(credential)).await
    }
}

#[async_trait]
impl<S: Readiness + ?Sized> Readiness for Metered<S> {
    async fn check(&self) -> Result<(), String> {
        let (store, operations) = (Arc::clone(&self.store), Arc::clone(&self.operations));
        // In a task of its own: who asks may be less patient than the store is given time, and what came of it counts.
        let check = tokio::spawn(async move {
            let begun = Instant::now();
            let outcome = store.check().await;
            operations.checked(outcome.is_ok(), begun.elapsed());
            outcome
        });
        check.await.unwrap_or_else(|error| Err(format!("the check ended without a result: {error}")))
    }
}
