//! [`KeyspaceStore`] on Redis.

use async_trait::async_trait;
use redis::cmd;

use super::RedisStore;
use super::call::{self, Call};
use crate::domain::ports::{KeyspaceStore, StoreError, Swap};

#[async_trait]
impl KeyspaceStore for RedisStore {
    async fn fact(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let mut command = cmd("HGET");
        command.arg(self.keys.facts()).arg(name);
        self.link.read(&Call::command(command)).await
    }

    async fn create_fact(&self, name: &str, sealed: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let call = Call::script(&call::CREATE_FACT, &[&self.keys.facts()]).arg(name).arg(sealed);
        self.link.write(&call).await
    }

    async fn replace_fact(&self, name: &str, expected: &[u8], sealed: Vec<u8>) -> Result<Swap, StoreError> {
        let call =
            Call::script(&call::REPLACE_FACT, &[&self.keys.facts()]).arg(name).arg(expected).arg(sealed);
        let won = self.link.write(&call).await?;
        Ok(if won { Swap::Won } else { Swap::Lost })
    }
}
