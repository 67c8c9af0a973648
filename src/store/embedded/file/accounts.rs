//! Credentials and attempts in the file: tables, rows, and the steps on them inside one transaction.

use std::time::Duration;

use redb::{
    ReadTransaction, ReadableTable, StorageError, Table, TableDefinition, TableError, WriteTransaction,
};

use crate::domain::ids::CredentialId;
use crate::domain::ports::{
    AttemptId, Budget, CallerTag, Condition, CredentialEntry, Generation, Guesses, Put, Removed,
    StoredCredential, Times,
};
use crate::domain::time::Timestamp;

/// generation, created, updated, disabled, sealed
pub(super) type CredentialRow<'a> = (u64, u64, u64, bool, &'a [u8]);
/// credential, time, attempt
type AttemptKey<'a> = (&'a str, u64, [u8; 32]);

pub(super) const CREDENTIALS: TableDefinition<'_, &str, CredentialRow<'_>> =
    TableDefinition::new("credentials");
/// To the time when the attempt can be forgotten.
pub(super) const ATTEMPTS: TableDefinition<'_, AttemptKey<'_>, u64> = TableDefinition::new("attempts");
/// By the time when they can be forgotten: (time, attempt) to (credential, time of the attempt).
const ATTEMPTS_BY_END: TableDefinition<'_, (u64, [u8; 32]), (&str, u64)> =
    TableDefinition::new("attempts by end");

/// The tables of accounts in one write transaction.
pub(super) struct AccountTables<'txn> {
    credentials: Table<'txn, &'static str, CredentialRow<'static>>,
    attempts: Table<'txn, AttemptKey<'static>, u64>,
    attempts_by_end: Table<'txn, (u64, [u8; 32]), (&'static str, u64)>,
}

impl<'txn> AccountTables<'txn> {
    pub(super) fn open(transaction: &'txn WriteTransaction) -> Result<Self, TableError> {
        Ok(Self {
            credentials: transaction.open_table(CREDENTIALS)?,
            attempts: transaction.open_table(ATTEMPTS)?,
            attempts_by_end: transaction.open_table(ATTEMPTS_BY_END)?,
        })
    }

    pub(super) fn put(
        &mut self,
        id: &str,
        entry: &CredentialEntry,
        condition: Condition,
        now: Timestamp,
    ) -> Result<Put, StorageError> {
        let there = self.credentials.get(id)?.map(|row| {
            let (generation, created, ..) = row.value();
            (Generation(generation), Timestamp::from_millis(created))
        });
        if !holds(condition, there.map(|(generation, _)| generation)) {
            return Ok(Put::Refused);
        }
        let times = Times { created: there.map_or(now, |(_, created)| created), updated: now };
        self.write(id, entry.generation, times, entry.disabled, &entry.sealed)?;
        Ok(if there.is_some() { Put::Replaced(times) } else { Put::Created(times) })
    }

    pub(super) fn reseal(&mut self, id: &str, expected: &[u8], sealed: &[u8]) -> Result<bool, StorageError> {
        let there = self.credentials.get(id)?.and_then(|row| {
            let (generation, created, updated, disabled, there) = row.value();
            (there == expected).then_some((generation, created, updated, disabled))
        });
        let Some((generation, created, updated, disabled)) = there else { return Ok(false) };
        self.write(id, Generation(generation), times(created, updated), disabled, sealed)?;
        Ok(true)
    }

    pub(super) fn remove(&mut self, id: &str, condition: Condition) -> Result<Removed, StorageError> {
        let Some(there) = self.generation(id)? else { return Ok(Removed::Absent) };
        if !holds(condition, Some(there)) {
            return Ok(Removed::Refused);
        }
        self.credentials.remove(id)?;
        Ok(Removed::Gone)
    }

    pub(super) fn generation(&self, id: &str) -> Result<Option<Generation>, StorageError> {
        Ok(self.credentials.get(id)?.map(|row| Generation(row.value().0)))
    }

    /// Counts an attempt, or says how many there are when they are as many as allowed.
    pub(super) fn debit(
        &mut self,
        id: &CredentialId,
        attempt: AttemptId,
        budget: Budget,
        now: Timestamp,
    ) -> Result<Result<(), Guesses>, StorageError> {
        if let Some(guesses) = over(&self.attempts, id.as_str(), attempt.caller(), budget, now)? {
            return Ok(Err(guesses));
        }
        let until = now.after(budget.window).as_millis();
        self.attempts.insert((id.as_str(), now.as_millis(), attempt.0), until)?;
        self.attempts_by_end.insert((until, attempt.0), (id.as_str(), now.as_millis()))?;
        Ok(Ok(()))
    }

    /// Takes an attempt back.
    pub(super) fn refund(&mut self, id: &str, attempt: AttemptId) -> Result<(), StorageError> {
        let found = self.attempts_of(id)?.into_iter().find(|(_, there, _)| *there == attempt.0);
        if let Some(found) = found {
            self.forget(id, found)?;
        }
        Ok(())
    }

    /// Forgets all attempts at a credential; whether there were any.
    pub(super) fn clear(&mut self, id: &str) -> Result<bool, StorageError> {
        let all = self.attempts_of(id)?;
        for attempt in &all {
            self.forget(id, *attempt)?;
        }
        Ok(!all.is_empty())
    }

    /// Forgets up to `limit` attempts that no window reaches any more; how many it forgot.
    pub(super) fn drop_past(&mut self, now: Timestamp, limit: usize) -> Result<usize, StorageError> {
        for dropped in 0..limit {
            let Some(first) = self.attempts_by_end.first()? else { return Ok(dropped) };
            let ((until, attempt), (id, at)) = (first.0.value(), first.1.value());
            let id = id.to_owned();
            drop(first);
            if until > now.as_millis() {
                return Ok(dropped);
            }
            self.forget(&id, (at, attempt, until))?;
        }
        Ok(limit)
    }

    fn attempts_of(&self, id: &str) -> Result<Vec<(u64, [u8; 32], u64)>, StorageError> {
        let all = self.attempts.range((id, 0, [0; 32])..=(id, u64::MAX, [0xff; 32]))?;
        all.map(|entry| {
            let (key, until) = entry?;
            let (_, at, attempt) = key.value();
            Ok((at, attempt, until.value()))
        })
        .collect()
    }

    fn forget(&mut self, id: &str, (at, attempt, until): (u64, [u8; 32], u64)) -> Result<(), StorageError> {
        self.attempts.remove((id, at, attempt))?;
        self.attempts_by_end.remove((until, attempt))?;
        Ok(())
    }

    fn write(
        &mut self,
        id: &str,
        generation: Generation,
        times: Times,
        disabled: bool,
        sealed: &[u8],
    ) -> Result<(), StorageError> {
        let row = (generation.0, times.created.as_millis(), times.updated.as_millis(), disabled, sealed);
        self.credentials.insert(id, row)?;
        Ok(())
    }
}

/// Whether there are attempts that no window reaches any more.
pub(super) fn any_past(transaction: &ReadTransaction, now: Timestamp) -> Result<bool, redb::Error> {
    let table = transaction.open_table(ATTEMPTS_BY_END)?;
    let first = table.first()?;
    Ok(first.is_some_and(|(key, _)| key.value().0 <= now.as_millis()))
}

/// The attempts in the window that ends now.
pub(super) fn guesses(
    attempts: &impl ReadableTable<AttemptKey<'static>, u64>,
    id: &str,
    window: Duration,
    now: Timestamp,
) -> Result<Guesses, StorageError> {
    Ok(Guesses::of(&ends(attempts, id, window, now, |_| true)?, now))
}

/// The budget that is used up, if one is.
pub(super) fn over(
    attempts: &impl ReadableTable<AttemptKey<'static>, u64>,
    id: &str,
    caller: CallerTag,
    budget: Budget,
    now: Timestamp,
) -> Result<Option<Guesses>, StorageError> {
    let all = ends(attempts, id, budget.window, now, |_| true)?;
    let theirs = ends(attempts, id, budget.window, now, |attempt| attempt.caller() == caller)?;
    Ok(budget.over(&all, &theirs, now))
}

/// When each of the attempts that `by` picks leaves the window, if it has not.
fn ends(
    attempts: &impl ReadableTable<AttemptKey<'static>, u64>,
    id: &str,
    window: Duration,
    now: Timestamp,
    by: impl Fn(AttemptId) -> bool,
) -> Result<Vec<Timestamp>, StorageError> {
    let mut ends = Vec::new();
    for entry in attempts.range((id, 0, [0; 32])..=(id, u64::MAX, [0xff; 32]))? {
        let (key, _) = entry?;
        let (_, at, attempt) = key.value();
        let end = Timestamp::from_millis(at).after(window);
        if end > now && by(AttemptId(attempt)) {
            ends.push(end);
        }
    }
    Ok(ends)
}

pub(super) fn stored((generation, created, updated, _, sealed): CredentialRow<'_>) -> StoredCredential {
    StoredCredential {
        sealed: sealed.to_vec(),
        generation: Generation(generation),
        times: times(created, updated),
    }
}

pub(super) fn times(created: u64, updated: u64) -> Times {
    Times { created: Timestamp::from_millis(created), updated: Timestamp::from_millis(updated) }
}

fn holds(condition: Condition, there: Option<Generation>) -> bool {
    match condition {
        Condition::Always => true,
        Condition::Absent => there.is_none(),
        Condition::Is(generation) => there == Some(generation),
    }
}
