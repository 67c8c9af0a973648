//! What stands in the file: tables, rows, and the steps on them inside one transaction.

use std::time::Duration;

use redb::{ReadableTable, StorageError, Table, TableDefinition, TableError, WriteTransaction};

use super::super::cursor::Place;
use super::accounts::AccountTables;
use crate::domain::ports::{Created, Entry, Lifetime, Revision, Swap};
use crate::domain::session::{Protocol, Status, Summary};
use crate::domain::time::Timestamp;

/// revision, created, expires, sequence, status, confirmed, sealed
pub(super) type Row<'a> = (u64, u64, u64, u64, u8, bool, &'a [u8]);

pub(super) const SESSIONS: TableDefinition<'_, &str, Row<'_>> = TableDefinition::new("sessions");
/// By the order of expiry: (expires, sequence) to id.
pub(super) const BY_EXPIRY: TableDefinition<'_, (u64, u64), &str> =
    TableDefinition::new("sessions by expiry");
pub(super) const FACTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("keyspace facts");
const COUNTERS: TableDefinition<'_, &str, u64> = TableDefinition::new("counters");

const SEQUENCE: &str = "sequence";
const FORMAT: &str = "format";
/// Raised when the tables change in a way that older releases misread.
const CURRENT_FORMAT: u64 = 1;

/// The tables of one write transaction.
pub(super) struct Tables<'txn> {
    sessions: Table<'txn, &'static str, Row<'static>>,
    by_expiry: Table<'txn, (u64, u64), &'static str>,
    facts: Table<'txn, &'static str, &'static [u8]>,
    counters: Table<'txn, &'static str, u64>,
    pub(super) accounts: AccountTables<'txn>,
}

impl<'txn> Tables<'txn> {
    pub(super) fn open(transaction: &'txn WriteTransaction) -> Result<Self, TableError> {
        Ok(Self {
            sessions: transaction.open_table(SESSIONS)?,
            by_expiry: transaction.open_table(BY_EXPIRY)?,
            facts: transaction.open_table(FACTS)?,
            counters: transaction.open_table(COUNTERS)?,
            accounts: AccountTables::open(transaction)?,
        })
    }

    /// Marks a new file as ours, or tells the format of an old one.
    pub(super) fn check_format(&mut self) -> Result<Result<(), u64>, StorageError> {
        let found = self.counters.get(FORMAT)?.map(|format| format.value());
        match found {
            None => self.counters.insert(FORMAT, CURRENT_FORMAT).map(|_| Ok(())),
            Some(CURRENT_FORMAT) => Ok(Ok(())),
            Some(other) => Ok(Err(other)),
        }
    }

    pub(super) fn create(
        &mut self,
        id: &str,
        entry: &Entry,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Created, StorageError> {
        let there = self.place_of(id)?;
        if let Some(place) = there {
            if place.expires > now.as_millis() {
                return Ok(Created::Exists);
            }
            self.by_expiry.remove((place.expires, place.sequence))?;
        }
        let sequence = self.next_sequence()?;
        let expires = now.after(ttl);
        let (status, confirmed) = encode_summary(entry.summary);
        let row =
            (sequence, now.as_millis(), expires.as_millis(), sequence, status, confirmed, &*entry.sealed);
        self.sessions.insert(id, row)?;
        self.by_expiry.insert((expires.as_millis(), sequence), id)?;
        Ok(Created::New(Lifetime { created: now, expires }))
    }

    pub(super) fn replace(
        &mut self,
        id: &str,
        expected: Revision,
        entry: &Entry,
        now: Timestamp,
    ) -> Result<Swap, StorageError> {
        let found = self.sessions.get(id)?.map(|row| {
            let (revision, created, expires, sequence, ..) = row.value();
            (revision, created, expires, sequence)
        });
        match found {
            Some((revision, created, expires, sequence))
                if revision == expected.0 && expires > now.as_millis() =>
            {
                let revision = self.next_sequence()?;
                let (status, confirmed) = encode_summary(entry.summary);
                let row = (revision, created, expires, sequence, status, confirmed, &*entry.sealed);
                self.sessions.insert(id, row)?;
                Ok(Swap::Won)
            }
            _ => Ok(Swap::Lost),
        }
    }

    pub(super) fn is_alive(&self, id: &str, now: Timestamp) -> Result<bool, StorageError> {
        Ok(self.place_of(id)?.is_some_and(|place| place.expires > now.as_millis()))
    }

    pub(super) fn is_in_state(
        &self,
        id: &str,
        expected: Revision,
        now: Timestamp,
    ) -> Result<bool, StorageError> {
        Ok(self.sessions.get(id)?.is_some_and(|row| {
            let (revision, _, expires, ..) = row.value();
            revision == expected.0 && expires > now.as_millis()
        }))
    }

    pub(super) fn delete(
        &mut self,
        id: &str,
        expected: Option<Revision>,
        now: Timestamp,
    ) -> Result<Swap, StorageError> {
        let is_it = match expected {
            Some(expected) => self.is_in_state(id, expected, now)?,
            None => self.is_alive(id, now)?,
        };
        let Some(place) = self.place_of(id)?.filter(|_| is_it) else { return Ok(Swap::Lost) };
        self.sessions.remove(id)?;
        self.by_expiry.remove((place.expires, place.sequence))?;
        Ok(Swap::Won)
    }

    pub(super) fn create_fact(&mut self, name: &str, sealed: Vec<u8>) -> Result<Vec<u8>, StorageError> {
        if let Some(there) = self.facts.get(name)? {
            return Ok(there.value().to_vec());
        }
        self.facts.insert(name, &*sealed)?;
        Ok(sealed)
    }

    pub(super) fn replace_fact(
        &mut self,
        name: &str,
        expected: &[u8],
        sealed: &[u8],
    ) -> Result<Swap, StorageError> {
        if self.facts.get(name)?.is_none_or(|there| there.value() != expected) {
            return Ok(Swap::Lost);
        }
        self.facts.insert(name, sealed)?;
        Ok(Swap::Won)
    }

    /// Removes up to `limit` sessions whose time has passed; how many it removed.
    pub(super) fn drop_expired(&mut self, now: Timestamp, limit: usize) -> Result<usize, StorageError> {
        for dropped in 0..limit {
            let Some(first) = self.by_expiry.first()? else { return Ok(dropped) };
            let ((expires, sequence), id) = (first.0.value(), first.1.value().to_owned());
            drop(first);
            if expires > now.as_millis() {
                return Ok(dropped);
            }
            self.by_expiry.remove((expires, sequence))?;
            self.sessions.remove(&*id)?;
        }
        Ok(limit)
    }

    fn place_of(&self, id: &str) -> Result<Option<Place>, StorageError> {
        Ok(self.sessions.get(id)?.map(|row| {
            let (_, _, expires, sequence, ..) = row.value();
            Place { expires, sequence }
        }))
    }

    fn next_sequence(&mut self) -> Result<u64, StorageError> {
        let next = self.counters.get(SEQUENCE)?.map_or(1, |last| last.value().saturating_add(1));
        self.counters.insert(SEQUENCE, next)?;
        Ok(next)
    }
}

const fn encode_summary(summary: Summary) -> (u8, bool) {
    let protocol = match summary.protocol {
        Protocol::Spake2 => 0,
        Protocol::Spake2Plus => 0x10,
    };
    let status = match summary.status {
        Status::Initiated => 0,
        Status::Completed => 1,
        Status::Failed => 2,
    };
    (protocol | status, summary.confirmed)
}

/// `None` for a protocol or status that this release does not know.
pub(super) const fn decode_summary(byte: u8, confirmed: bool) -> Option<Summary> {
    let protocol = match byte >> 4 {
        0 => Protocol::Spake2,
        1 => Protocol::Spake2Plus,
        _ => return None,
    };
    let status = match byte & 0xf {
        0 => Status::Initiated,
        1 => Status::Completed,
        2 => Status::Failed,
        _ => return None,
    };
    Some(Summary { protocol, status, confirmed })
}
