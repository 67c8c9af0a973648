//! [`CredentialStore`] and [`LoginStore`] in memory.

use std::ops::Bound::{Excluded, Unbounded};
use std::time::Duration;

use async_trait::async_trait;

use super::{MemoryStore, lock};
use crate::domain::ids::{CredentialId, SessionId};
use crate::domain::ports::{
    AttemptId, Budget, CallerTag, Committed, Completed, Completion, Condition, CredentialEntry,
    CredentialPage, CredentialStore, Cursor, Generation, Guesses, ListError, ListedCredential, Login,
    LoginStore, LoginView, Put, Removed, StoreError, StoredCredential, Times,
};
use crate::domain::time::Timestamp;

pub(super) struct HeldCredential {
    sealed: Box<[u8]>,
    generation: Generation,
    disabled: bool,
    times: Times,
}

/// The attempts at one credential, oldest first.
#[derive(Default)]
pub(super) struct Attempts(Vec<Attempt>);

struct Attempt {
    id: AttemptId,
    at: Timestamp,
    /// When it can be forgotten.
    until: Timestamp,
}

impl Attempts {
    pub(super) fn all_are_past(&self, now: Timestamp) -> bool {
        self.0.iter().all(|attempt| attempt.until <= now)
    }

    /// Those in the window that ends now.
    fn guesses(&self, now: Timestamp, window: Duration) -> Guesses {
        Guesses::of(&self.ends(now, window, |_| true), now)
    }

    /// The budget that is used up, if one is.
    fn over(&self, now: Timestamp, budget: Budget, caller: CallerTag) -> Option<Guesses> {
        let all = self.ends(now, budget.window, |_| true);
        let theirs = self.ends(now, budget.window, |attempt| attempt.caller() == caller);
        budget.over(&all, &theirs, now)
    }

    /// When each of those that `by` picks leaves the window, if it has not.
    fn ends(&self, now: Timestamp, window: Duration, by: impl Fn(&AttemptId) -> bool) -> Vec<Timestamp> {
        let picked = self.0.iter().filter(|attempt| by(&attempt.id));
        picked.map(|attempt| attempt.at.after(window)).filter(|end| *end > now).collect()
    }
}

impl HeldCredential {
    fn stored(&self) -> StoredCredential {
        StoredCredential { sealed: self.sealed.to_vec(), generation: self.generation, times: self.times }
    }
}

fn holds(condition: Condition, there: Option<&HeldCredential>) -> bool {
    match condition {
        Condition::Always => true,
        Condition::Absent => there.is_none(),
        Condition::Is(generation) => there.is_some_and(|there| there.generation == generation),
    }
}

#[async_trait]
impl CredentialStore for MemoryStore {
    async fn put(
        &self,
        id: &CredentialId,
        entry: CredentialEntry,
        condition: Condition,
    ) -> Result<Put, StoreError> {
        let mut shard = self.shard(id.bucket());
        let there = shard.credentials.get(id);
        if !holds(condition, there) {
            return Ok(Put::Refused);
        }
        let now = self.clock.now();
        let created = there.map(|there| there.times.created);
        let times = Times { created: created.unwrap_or(now), updated: now };
        let CredentialEntry { sealed, generation, disabled } = entry;
        let held = HeldCredential { sealed: sealed.into(), generation, disabled, times };
        shard.credentials.insert(id.clone(), held);
        Ok(if created.is_some() { Put::Replaced(times) } else { Put::Created(times) })
    }

    async fn get(&self, id: &CredentialId) -> Result<Option<StoredCredential>, StoreError> {
        Ok(self.shard(id.bucket()).credentials.get(id).map(HeldCredential::stored))
    }

    async fn reseal(
        &self,
        id: &CredentialId,
        expected: &StoredCredential,
        sealed: Vec<u8>,
    ) -> Result<bool, StoreError> {
        match self.shard(id.bucket()).credentials.get_mut(id) {
            Some(there) if *there.sealed == *expected.sealed => {
                there.sealed = sealed.into();
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn remove(&self, id: &CredentialId, condition: Condition) -> Result<Removed, StoreError> {
        let mut shard = self.shard(id.bucket());
        match shard.credentials.get(id) {
            None => Ok(Removed::Absent),
            there if !holds(condition, there) => Ok(Removed::Refused),
            Some(_) => {
                shard.credentials.remove(id);
                Ok(Removed::Gone)
            }
        }
    }

    async fn list_credentials(
        &self,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<CredentialPage, ListError> {
        let after = cursor.map(|Cursor(text)| CredentialId::parse(text)).transpose();
        let after = after.map_err(|_| ListError::BadCursor)?;
        let start = after.as_ref().map_or(Unbounded, Excluded);
        // The first `limit` of all shards are among the first `limit` of each.
        let mut credentials = Vec::new();
        for shard in &self.shards {
            let shard = lock(shard);
            let first = shard.credentials.range((start, Unbounded)).take(limit.saturating_add(1));
            credentials.extend(first.map(|(id, held)| ListedCredential {
                id: id.clone(),
                disabled: held.disabled,
                times: held.times,
            }));
        }
        credentials.sort_unstable_by(|one, two| one.id.cmp(&two.id));
        let more = credentials.len() > limit;
        credentials.truncate(limit);
        let next = credentials.last().filter(|_| more).map(|last| Cursor(last.id.to_string()));
        Ok(CredentialPage { credentials, next })
    }
}

#[async_trait]
impl LoginStore for MemoryStore {
    async fn view(
        &self,
        credential: &CredentialId,
        session: &SessionId,
        caller: CallerTag,
        budget: Budget,
    ) -> Result<LoginView, StoreError> {
        let shard = self.shard(credential.bucket());
        let now = self.clock.now();
        let attempts = shard.attempts.get(credential);
        Ok(LoginView {
            credential: shard.credentials.get(credential).map(HeldCredential::stored),
            over_budget: attempts.and_then(|attempts| attempts.over(now, budget, caller)),
            earlier: shard.live(session, now).map(super::Held::stored),
        })
    }

    async fn commit(
        &self,
        credential: &CredentialId,
        login: Login,
        budget: Budget,
    ) -> Result<Committed, StoreError> {
        let mut shard = self.shard(credential.bucket());
        let now = self.clock.now();
        if shard.live(&login.session, now).is_some() {
            return Ok(Committed::Earlier);
        }
        let attempts = shard.attempts.entry(credential.clone()).or_default();
        attempts.0.retain(|attempt| attempt.at.after(budget.window) > now);
        if let Some(guesses) = attempts.over(now, budget, login.attempt.caller()) {
            return Ok(Committed::OverBudget(guesses));
        }
        // A right login takes its attempt back, so most lists never have a second: no room for four.
        attempts.0.reserve_exact(1);
        attempts.0.push(Attempt { id: login.attempt, at: now, until: now.after(budget.window) });
        let sequence = self.next_sequence();
        Ok(Committed::New(shard.insert(&login.session, login.entry, now, login.ttl, sequence)))
    }

    async fn complete(
        &self,
        credential: &CredentialId,
        completion: Completion,
    ) -> Result<Completed, StoreError> {
        let mut shard = self.shard(credential.bucket());
        let now = self.clock.now();
        let Completion { session, expected, entry, attempt, generation } = completion;
        if shard.live(&session, now).is_none_or(|held| held.revision != expected.0) {
            return Ok(Completed::Lost);
        }
        if shard.credentials.get(credential).is_none_or(|there| there.generation != generation) {
            return Ok(Completed::Stale);
        }
        shard.replace(&session, expected, entry, now, self.next_sequence());
        if let Some(attempts) = shard.attempts.get_mut(credential) {
            attempts.0.retain(|there| there.id != attempt);
        }
        Ok(Completed::Won)
    }

    async fn guesses(&self, credential: &CredentialId, window: Duration) -> Result<Guesses, StoreError> {
        let shard = self.shard(credential.bucket());
        let attempts = shard.attempts.get(credential);
        let now = self.clock.now();
        Ok(attempts.map_or(Guesses { used: 0, frees_in: None }, |all| all.guesses(now, window)))
    }

    async fn clear_guesses(&self, credential: &CredentialId) -> Result<bool, StoreError> {
        Ok(self.shard(credential.bucket()).attempts.remove(credential).is_some())
    }
}
