//! What must be true of the server before it is trusted with sessions and guesses.

use async_trait::async_trait;
use futures_util::future::try_join_all;
use redis::{Value, cmd};

use super::RedisStore;
use super::call::Call;
use super::keys::{BUCKETS, Bucket};
use crate::domain::ports::{Readiness, StoreError};

/// Buckets to which a check writes: an even share of the slots, so that every master of a usual Cluster has some.
const PROBES: usize = 8;

/// Why a server may not be used.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// It drops keys when it is full: sessions before their time, and counted guesses.
    #[error(
        "Redis has maxmemory-policy {0}, which evicts sessions and counted guesses: set it to noeviction"
    )]
    Evicts(String),
    /// A Cluster's node, addressed as a single server.
    #[error(
        "REDIS_URL names one node of a Redis Cluster: name two or more of its nodes, separated by commas"
    )]
    ClusterNode,
    /// The keyspace holds records that this release cannot read.
    #[error(
        "this keyspace takes a release of level {needed} or newer, and this one has level {ours}: start the newer release"
    )]
    TooOld {
        /// The keyspace's `min_reader`.
        needed: u64,
        /// This release's level.
        ours: u64,
    },
    /// A migration is not the one that was applied.
    #[error(
        "migration {0} was edited after it had been applied to this keyspace; use the release that it came with"
    )]
    Edited(String),
    /// It does not let us in.
    #[error("Redis refuses the user or password: {0}")]
    Login(String),
    /// One side does not trust the other.
    #[error("certificates (SPAKE_REDIS_CA, SPAKE_REDIS_CERT, SPAKE_REDIS_KEY) do not fit: {0}")]
    Certificate(String),
    /// Its user may not run what every script begins with.
    #[error(
        "Redis does not let this user ask TIME, and so not log anybody in: give it +time (docs/OPERATIONS.md has all that it needs)"
    )]
    MayNotTellTime,
    /// It has no such database, or not for us.
    #[error("Redis refuses the database: {0}")]
    Database(String),
    /// It does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RedisStore {
    /// Looks at the server's settings, as far as it lets itself be asked.
    pub async fn examine(&self) -> Result<(), Unfit> {
        if let Some(unfit) = self.link.barred().await {
            return Err(unfit);
        }
        let mut memory = cmd("INFO");
        memory.arg("memory");
        let policies = self.ask(memory, "maxmemory_policy:").await?;
        if let Some(policy) = policies.into_iter().find(|policy| policy != "noeviction") {
            return Err(Unfit::Evicts(policy));
        }
        let mut cluster = cmd("INFO");
        cluster.arg("cluster");
        let clustered = self.ask(cluster, "cluster_enabled:").await?;
        if !self.is_cluster && clustered.iter().any(|enabled| enabled == "1") {
            return Err(Unfit::ClusterNode);
        }
        Ok(())
    }

    /// The values that lines beginning with `field` have in the answers of all masters; none, from a server that does
    /// not let us ask.
    async fn ask(&self, command: redis::Cmd, field: &str) -> Result<Vec<String>, StoreError> {
        let mut found = Vec::new();
        match self.link.read_if_allowed(&Call::command(command)).await? {
            Some(answer) => collect(&answer, field, &mut found),
            None => tracing::debug!("Redis does not let this user ask INFO; maxmemory-policy is not checked"),
        }
        Ok(found)
    }

    /// Writes to a part of every master.
    async fn probe(&self) -> Result<(), StoreError> {
        let probes = Bucket::all().step_by(BUCKETS / PROBES).map(|bucket| async move {
            let mut command = cmd("SET");
            command.arg(self.keys.probe(bucket)).arg("").arg("PX").arg(60_000);
            self.link.write::<Value>(&Call::command(command)).await
        });
        try_join_all(probes).await.map(drop)
    }
}

#[async_trait]
impl Readiness for RedisStore {
    async fn check(&self) -> Result<(), String> {
        self.examine().await.map_err(|unfit| unfit.to_string())?;
        self.join_schema().await.map_err(|unfit| unfit.to_string())?;
        self.compare_clocks().await.map_err(|error| error.to_string())?;
        self.probe().await.map_err(|error| error.to_string())
    }
}

/// One text from a server, several from a Cluster.
fn collect(answer: &Value, field: &str, found: &mut Vec<String>) {
    let text = match answer {
        Value::BulkString(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::VerbatimString { text, .. } | Value::SimpleString(text) => text.clone(),
        Value::Array(answers) => return answers.iter().for_each(|answer| collect(answer, field, found)),
        Value::Map(answers) => return answers.iter().for_each(|(_, answer)| collect(answer, field, found)),
        _ => return,
    };
    found.extend(
        text.lines().filter_map(|line| line.strip_prefix(field)).map(|value| value.trim().to_owned()),
    );
}
