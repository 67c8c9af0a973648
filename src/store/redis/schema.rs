//! Which versions a keyspace is at, who may use it, and how it gets from one to the next.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, Ordering};

use futures_util::future::try_join_all;
use redis::cmd;

use super::RedisStore;
use super::call::{self, Call};
use super::checks::Unfit;
use super::keys::{BUCKETS, Bucket};
use super::release::{Migration, Release};
use crate::domain::ports::StoreError;

/// Entries that one step of a migration touches: a millisecond or so.
const STEP: usize = 100;

/// Number of the newest migration that all buckets have.
const VERSION: &str = "version";
/// Lowest level of a release that may use the keyspace.
const MIN_READER: &str = "min_reader";
/// Newest record version that services may write.
const RECORDS: &str = "records";

/// The record version that services write at the moment: the lowest until the keyspace has said more.
pub(super) struct Permitted(AtomicU8);

/// How far a keyspace is, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Each migration of this release, and how many of the 256 buckets have it.
    pub migrations: Vec<(String, usize)>,
    /// The record version that services write.
    pub records: u8,
    /// The lowest level of a release that may start.
    pub min_reader: u64,
}

/// The schema hash, read once.
struct Schema(HashMap<String, String>);

impl Default for Permitted {
    fn default() -> Self {
        Self(AtomicU8::new(1))
    }
}

impl Permitted {
    pub(super) fn get(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Schema {
    fn number(&self, field: &str) -> u64 {
        self.0.get(field).and_then(|number| number.parse().ok()).unwrap_or(0)
    }

    fn records(&self) -> u8 {
        u8::try_from(self.number(RECORDS)).unwrap_or(u8::MAX).max(1)
    }

    /// Whether `release` may use this keyspace.
    fn admits(&self, release: &Release) -> Result<(), Unfit> {
        let needed = self.number(MIN_READER);
        if needed > release.level() {
            return Err(Unfit::TooOld { needed, ours: release.level() });
        }
        let edited = |migration: &&Migration| {
            self.0.get(&*migration.name).is_some_and(|recorded| *recorded != migration.checksum())
        };
        match release.migrations.iter().find(edited) {
            Some(migration) => Err(Unfit::Edited(migration.name.to_string())),
            None => Ok(()),
        }
    }
}

impl RedisStore {
    /// Looks whether this release may use the keyspace, and takes over what it permits by now. A new keyspace is set
    /// to this release.
    pub async fn join_schema(&self) -> Result<(), Unfit> {
        let mut schema = self.schema().await?;
        if schema.0.is_empty() {
            self.raise(&[
                (MIN_READER, self.release.level()),
                (RECORDS, self.release.formats.newest().into()),
            ])
            .await?;
            schema = self.schema().await?;
        }
        schema.admits(&self.release)?;
        self.permitted.0.store(schema.records(), Ordering::Relaxed);
        Ok(())
    }

    /// Applies what the keyspace does not have yet. Any number of these may run at once, and beside services; one that
    /// is interrupted is taken up again where it stopped.
    pub async fn migrate(&self) -> Result<(), Unfit> {
        let schema = self.schema().await?;
        schema.admits(&self.release)?;
        let done = schema.number(VERSION);
        for (number, migration) in (1..).zip(&self.release.migrations).filter(|(number, _)| *number > done) {
            self.record(migration).await?;
            let steps = Script::of(migration);
            try_join_all(Bucket::all().map(|bucket| self.migrate_bucket(bucket, number, &steps))).await?;
            self.raise(&[(VERSION, number)]).await?;
            tracing::info!(migration = &*migration.name, "applied");
        }
        Ok(())
    }

    /// Whether all migrations of this release have been applied.
    pub async fn is_migrated(&self) -> Result<bool, StoreError> {
        Ok(self.schema().await?.number(VERSION) >= self.release.level())
    }

    /// Lets services write this release's records, which older releases cannot read: from now on those do not start.
    pub async fn finish(&self) -> Result<(), Unfit> {
        self.schema().await?.admits(&self.release)?;
        let records = self.release.formats.newest().into();
        self.raise(&[(MIN_READER, self.release.level()), (RECORDS, records)]).await?;
        Ok(())
    }

    /// How far the keyspace is.
    pub async fn progress(&self) -> Result<Progress, Unfit> {
        let schema = self.schema().await?;
        schema.admits(&self.release)?;
        let versions = try_join_all(Bucket::all().map(|bucket| async move {
            let mut command = cmd("HGET");
            command.arg(self.keys.migration(bucket)).arg(VERSION);
            self.link.read::<Option<u64>>(&Call::command(command)).await
        }));
        let versions = versions.await?;
        let buckets_with = |number| versions.iter().flatten().filter(|version| **version >= number).count();
        let migrations = (1..).zip(&self.release.migrations);
        Ok(Progress {
            migrations: migrations
                .map(|(number, migration)| (migration.name.to_string(), buckets_with(number)))
                .collect(),
            records: schema.records(),
            min_reader: schema.number(MIN_READER),
        })
    }

    async fn migrate_bucket(&self, bucket: Bucket, number: u64, steps: &Script) -> Result<(), Unfit> {
        loop {
            let keys = [self.keys.migration(bucket), self.keys.index(bucket)];
            let call =
                steps.call(&[&keys[0], &keys[1]]).arg(number).arg(STEP).arg(self.keys.sessions_of(bucket));
            match &*self.link.write::<String>(&call).await? {
                "more" => {}
                "done" => return Ok(()),
                other => {
                    let why = format!("{} is {other} for migration {number}", keys[0]);
                    return Err(StoreError::Corrupt(why).into());
                }
            }
        }
    }

    async fn schema(&self) -> Result<Schema, StoreError> {
        let mut command = cmd("HGETALL");
        command.arg(self.keys.schema());
        self.link.read(&Call::command(command)).await.map(Schema)
    }

    async fn record(&self, migration: &Migration) -> Result<(), StoreError> {
        let mut command = cmd("HSETNX");
        command.arg(self.keys.schema()).arg(&*migration.name).arg(migration.checksum());
        let _: bool = self.link.write(&Call::command(command)).await?;
        Ok(())
    }

    async fn raise(&self, fields: &[(&str, u64)]) -> Result<(), StoreError> {
        let mut call = Call::script(&call::RAISE, &[&self.keys.schema()]);
        for (field, number) in fields {
            call = call.arg(*field).arg(*number);
        }
        let _: u8 = self.link.write(&call).await?;
        Ok(())
    }
}

/// A migration as a script.
struct Script {
    hash: String,
    source: String,
}

impl Script {
    fn of(migration: &Migration) -> Self {
        let source = call::MIGRATE.replace("--[[body]]\n", &migration.body);
        Self { hash: redis::Script::new(&source).get_hash().to_owned(), source }
    }

    fn call(&self, keys: &[&str]) -> Call {
        Call::evalsha(&self.hash, self.source.clone().into(), keys)
    }
}

const _: () = assert!(BUCKETS == 256, "progress is told in 256 buckets");
