//! [`CredentialStore`] and [`LoginStore`] on Redis.

use std::time::Duration;

use async_trait::async_trait;
use redis::cmd;

use super::RedisStore;
use super::call::{self, Call};
use super::keys::Bucket;
use super::sessions::{self, confirmed_name, lifetime, millis};
use crate::domain::ids::{CredentialId, SessionId};
use crate::domain::ports::{
    Budget, CallerTag, Committed, Completed, Completion, Condition, CredentialEntry, CredentialPage,
    CredentialStore, Cursor, Generation, Guesses, ListError, Login, LoginStore, LoginView, Put, Removed,
    StoreError, StoredCredential, Times,
};
use crate::domain::time::Timestamp;

/// `sealed`, `generation`, `created`, `updated`.
type CredentialRow = (Option<Vec<u8>>, Option<String>, Option<u64>, Option<u64>);
/// Attempts in the window, and milliseconds until the oldest leaves it.
type GuessesRow = (u32, u64);

#[async_trait]
impl CredentialStore for RedisStore {
    async fn put(
        &self,
        id: &CredentialId,
        entry: CredentialEntry,
        condition: Condition,
    ) -> Result<Put, StoreError> {
        let index = self.keys.credential_index(Bucket::of_credential(id));
        let call = Call::script(&call::PUT_CREDENTIAL, &[&self.keys.credential(id), &index])
            .arg(id.as_str())
            .arg(entry.sealed)
            .arg(generation_name(entry.generation))
            .arg(confirmed_name(entry.disabled))
            .arg(condition_name(condition));
        let slot = Bucket::of_credential(id).slot();
        Ok(match self.link.write_to_replicas::<Option<(u64, u64, bool)>>(&call, slot).await? {
            None => Put::Refused,
            Some((created, updated, true)) => Put::Created(times(created, updated)),
            Some((created, updated, false)) => Put::Replaced(times(created, updated)),
        })
    }

    async fn get(&self, id: &CredentialId) -> Result<Option<StoredCredential>, StoreError> {
        let key = self.keys.credential(id);
        let mut command = cmd("HMGET");
        command.arg(&key).arg(&["sealed", "generation", "created", "updated"]);
        stored_credential(self.link.read(&Call::command(command)).await?, &key)
    }

    async fn reseal(
        &self,
        id: &CredentialId,
        expected: &StoredCredential,
        sealed: Vec<u8>,
    ) -> Result<bool, StoreError> {
        let call = Call::script(&call::RESEAL_CREDENTIAL, &[&self.keys.credential(id)])
            .arg(&expected.sealed)
            .arg(sealed);
        self.link.write(&call).await
    }

    async fn remove(&self, id: &CredentialId, condition: Condition) -> Result<Removed, StoreError> {
        let index = self.keys.credential_index(Bucket::of_credential(id));
        let call = Call::script(&call::REMOVE_CREDENTIAL, &[&self.keys.credential(id), &index])
            .arg(id.as_str())
            .arg(condition_name(condition));
        match &*self.link.write_to_replicas::<String>(&call, Bucket::of_credential(id).slot()).await? {
            "gone" => Ok(Removed::Gone),
            "refused" => Ok(Removed::Refused),
            _ => Ok(Removed::Absent),
        }
    }

    async fn list_credentials(
        &self,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<CredentialPage, ListError> {
        self.list_all_credentials(cursor, limit).await
    }
}

#[async_trait]
impl LoginStore for RedisStore {
    async fn view(
        &self,
        credential: &CredentialId,
        session: &SessionId,
        caller: CallerTag,
        budget: Budget,
    ) -> Result<LoginView, StoreError> {
        let (key, session_key) = (self.keys.credential(credential), self.keys.session(session));
        let keys = [&*key, &self.keys.guesses(credential), &*session_key];
        let call = Call::script(&call::VIEW_LOGIN, &keys)
            .arg(millis(budget.window))
            .arg(budget.limit)
            .arg(&caller.0)
            .arg(budget.per_caller.unwrap_or(0));
        let (row, used, earlier): (CredentialRow, GuessesRow, sessions::Row) = self.link.read(&call).await?;
        Ok(LoginView {
            credential: stored_credential(row, &key)?,
            over_budget: Some(guesses(used)).filter(|guesses| guesses.used > 0),
            earlier: sessions::stored(earlier, &session_key)?,
        })
    }

    async fn commit(
        &self,
        credential: &CredentialId,
        login: Login,
        budget: Budget,
    ) -> Result<Committed, StoreError> {
        let bucket = Bucket::of_credential(credential);
        let keys =
            [&*self.keys.session(&login.session), &self.keys.index(bucket), &self.keys.guesses(credential)];
        let summary = login.entry.summary;
        let call = Call::script(&call::COMMIT_LOGIN, &keys)
            .arg(login.session.as_str())
            .arg(millis(login.ttl))
            .arg(login.entry.sealed)
            .arg(summary.status.name())
            .arg(summary.protocol.name())
            .arg(confirmed_name(summary.confirmed))
            .arg(&login.attempt.0)
            .arg(millis(budget.window))
            .arg(budget.limit)
            .arg(&login.attempt.caller().0)
            .arg(budget.per_caller.unwrap_or(0));
        let answer: (String, Option<u64>, Option<u64>) = self.committed(&call, bucket).await?;
        match answer {
            (what, Some(created), Some(expires)) if what == "new" => {
                Ok(Committed::New(lifetime(created, expires)))
            }
            (what, Some(used), Some(frees_in)) if what == "over" => {
                let used = u32::try_from(used).unwrap_or(u32::MAX);
                Ok(Committed::OverBudget(guesses((used, frees_in))))
            }
            _ => Ok(Committed::Earlier),
        }
    }

    async fn complete(
        &self,
        credential: &CredentialId,
        completion: Completion,
    ) -> Result<Completed, StoreError> {
        let keys = [
            &*self.keys.session(&completion.session),
            &self.keys.credential(credential),
            &self.keys.guesses(credential),
        ];
        let summary = completion.entry.summary;
        let call = Call::script(&call::COMPLETE_LOGIN, &keys)
            .arg(completion.expected.0.to_be_bytes().as_slice())
            .arg(completion.entry.sealed)
            .arg(summary.status.name())
            .arg(confirmed_name(summary.confirmed))
            .arg(&completion.attempt.0)
            .arg(generation_name(completion.generation));
        let slot = Bucket::of_credential(credential).slot();
        match &*self.link.write_to_replicas::<String>(&call, slot).await? {
            "won" => Ok(Completed::Won),
            "stale" => Ok(Completed::Stale),
            _ => Ok(Completed::Lost),
        }
    }

    async fn guesses(&self, credential: &CredentialId, window: Duration) -> Result<Guesses, StoreError> {
        let call = Call::script(&call::GUESSES, &[&self.keys.guesses(credential)]).arg(millis(window));
        Ok(guesses(self.link.read(&call).await?))
    }

    async fn clear_guesses(&self, credential: &CredentialId) -> Result<bool, StoreError> {
        let mut command = cmd("DEL");
        command.arg(self.keys.guesses(credential));
        self.link.write(&Call::command(command)).await
    }
}

impl RedisStore {
    /// A commit's answer, which has as many elements as it has something to say.
    async fn committed(
        &self,
        call: &Call,
        bucket: Bucket,
    ) -> Result<(String, Option<u64>, Option<u64>), StoreError> {
        let answer: Vec<String> = self.link.write_to_replicas(call, bucket.slot()).await?;
        let number = |at: usize| answer.get(at).and_then(|text| text.parse().ok());
        Ok((answer.first().cloned().unwrap_or_default(), number(1), number(2)))
    }
}

pub(super) fn times(created: u64, updated: u64) -> Times {
    Times { created: Timestamp::from_millis(created), updated: Timestamp::from_millis(updated) }
}

fn guesses((used, frees_in): GuessesRow) -> Guesses {
    Guesses { used, frees_in: (used > 0).then(|| Duration::from_millis(frees_in)) }
}

fn generation_name(generation: Generation) -> String {
    format!("{:016x}", generation.0)
}

fn condition_name(condition: Condition) -> String {
    match condition {
        Condition::Always => "always".to_owned(),
        Condition::Absent => "absent".to_owned(),
        Condition::Is(generation) => generation_name(generation),
    }
}

fn stored_credential(row: CredentialRow, key: &str) -> Result<Option<StoredCredential>, StoreError> {
    match row {
        (None, None, None, None) => Ok(None),
        (Some(sealed), Some(generation), Some(created), Some(updated)) => {
            let generation = u64::from_str_radix(&generation, 16).map_err(|_| incomplete(key))?;
            let times = times(created, updated);
            Ok(Some(StoredCredential { sealed, generation: Generation(generation), times }))
        }
        _ => Err(incomplete(key)),
    }
}

/// The id at the key's end may be a person's name: the log learns the bucket only.
fn incomplete(key: &str) -> StoreError {
    let bucket = key.split_once('}').map_or("", |(bucket, _)| bucket);
    StoreError::Corrupt(format!(
        "one of {bucket}}}:credential:* is not a record of ours: fields are missing or changed"
    ))
}
