//! [`CredentialStore`] and [`LoginStore`] in the file.

use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::FileStore;
use super::accounts::{ATTEMPTS, CREDENTIALS, guesses, over, stored, times};
use super::schema::SESSIONS;
use super::sessions;
use crate::domain::ids::{CredentialId, SessionId};
use crate::domain::ports::{
    Budget, CallerTag, Committed, Completed, Completion, Condition, Created, CredentialEntry, CredentialPage,
    CredentialStore, Cursor, Guesses, ListError, ListedCredential, Login, LoginStore, LoginView, Put,
    Removed, StoreError, StoredCredential,
};

#[async_trait]
impl CredentialStore for FileStore {
    async fn put(
        &self,
        id: &CredentialId,
        entry: CredentialEntry,
        condition: Condition,
    ) -> Result<Put, StoreError> {
        let (id, clock) = (id.clone(), Arc::clone(&self.clock));
        self.write(move |tables| tables.accounts.put(id.as_str(), &entry, condition, clock.now())).await
    }

    async fn get(&self, id: &CredentialId) -> Result<Option<StoredCredential>, StoreError> {
        let id = id.clone();
        self.read_in(move |transaction| {
            let row = transaction.open_table(CREDENTIALS)?.get(id.as_str())?;
            Ok(row.map(|row| stored(row.value())))
        })
        .await
    }

    async fn reseal(
        &self,
        id: &CredentialId,
        expected: &StoredCredential,
        sealed: Vec<u8>,
    ) -> Result<bool, StoreError> {
        let (id, expected) = (id.clone(), expected.sealed.clone());
        self.write(move |tables| tables.accounts.reseal(id.as_str(), &expected, &sealed)).await
    }

    async fn remove(&self, id: &CredentialId, condition: Condition) -> Result<Removed, StoreError> {
        let id = id.clone();
        self.write(move |tables| tables.accounts.remove(id.as_str(), condition)).await
    }

    async fn list_credentials(
        &self,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<CredentialPage, ListError> {
        let after = cursor.map(|Cursor(text)| CredentialId::parse(text)).transpose();
        let after = after.map_err(|_| ListError::BadCursor)?;
        let page = self.read_in(move |transaction| {
            let start = after.as_ref().map_or(Unbounded, |id| Excluded(id.as_str()));
            let table = transaction.open_table(CREDENTIALS)?;
            let (mut credentials, mut next, mut last) = (Vec::new(), None, String::new());
            for (index, entry) in table.range::<&str>((start, Unbounded))?.enumerate() {
                if index == limit {
                    next = Some(Cursor(last));
                    break;
                }
                let (id, row) = entry?;
                id.value().clone_into(&mut last);
                let (_, created, updated, disabled, _) = row.value();
                if let Ok(id) = CredentialId::parse(&last) {
                    credentials.push(ListedCredential { id, disabled, times: times(created, updated) });
                }
            }
            Ok(CredentialPage { credentials, next })
        });
        Ok(page.await?)
    }
}

#[async_trait]
impl LoginStore for FileStore {
    async fn view(
        &self,
        credential: &CredentialId,
        session: &SessionId,
        caller: CallerTag,
        budget: Budget,
    ) -> Result<LoginView, StoreError> {
        let (credential, session, now) = (credential.clone(), session.clone(), self.clock.now());
        self.read_in(move |transaction| {
            let earlier = transaction.open_table(SESSIONS)?.get(session.as_str())?;
            let there = transaction.open_table(CREDENTIALS)?.get(credential.as_str())?;
            let attempts = transaction.open_table(ATTEMPTS)?;
            Ok(LoginView {
                credential: there.map(|row| stored(row.value())),
                over_budget: over(&attempts, credential.as_str(), caller, budget, now)?,
                earlier: earlier.and_then(|row| sessions::stored(row.value(), now)),
            })
        })
        .await
    }

    async fn commit(
        &self,
        credential: &CredentialId,
        login: Login,
        budget: Budget,
    ) -> Result<Committed, StoreError> {
        let (credential, clock) = (credential.clone(), Arc::clone(&self.clock));
        self.write(move |tables| {
            let now = clock.now();
            if tables.is_alive(login.session.as_str(), now)? {
                return Ok(Committed::Earlier);
            }
            if let Err(guesses) = tables.accounts.debit(&credential, login.attempt, budget, now)? {
                return Ok(Committed::OverBudget(guesses));
            }
            match tables.create(login.session.as_str(), &login.entry, login.ttl, now)? {
                Created::New(lifetime) => Ok(Committed::New(lifetime)),
                Created::Exists => Ok(Committed::Earlier),
            }
        })
        .await
    }

    async fn complete(
        &self,
        credential: &CredentialId,
        completion: Completion,
    ) -> Result<Completed, StoreError> {
        let (credential, clock) = (credential.clone(), Arc::clone(&self.clock));
        self.write(move |tables| {
            let now = clock.now();
            let Completion { session, expected, entry, attempt, generation } = completion;
            if !tables.is_in_state(session.as_str(), expected, now)? {
                return Ok(Completed::Lost);
            }
            if tables.accounts.generation(credential.as_str())? != Some(generation) {
                return Ok(Completed::Stale);
            }
            tables.replace(session.as_str(), expected, &entry, now)?;
            tables.accounts.refund(credential.as_str(), attempt)?;
            Ok(Completed::Won)
        })
        .await
    }

    async fn guesses(&self, credential: &CredentialId, window: Duration) -> Result<Guesses, StoreError> {
        let (credential, now) = (credential.clone(), self.clock.now());
        self.read_in(move |transaction| {
            Ok(guesses(&transaction.open_table(ATTEMPTS)?, credential.as_str(), window, now)?)
        })
        .await
    }

    async fn clear_guesses(&self, credential: &CredentialId) -> Result<bool, StoreError> {
        let credential = credential.clone();
        self.write(move |tables| tables.accounts.clear(credential.as_str())).await
    }
}
