//! `spake-service rotate`.

use std::sync::Arc;

use clap::Args;

use super::{Failure, run_async, say};
use crate::config::{StoreArgs, StoreConfig};
use crate::domain::accounts::reseal_all;
use crate::domain::keyspace::{self, KeyspaceError, Resealed};
use crate::domain::time::SystemClock;
use crate::server::open_store;

#[derive(Args)]
pub(super) struct RotateArgs {
    #[command(flatten)]
    store: StoreArgs,
}

pub(super) fn rotate(args: &RotateArgs) -> Result<(), Failure> {
    let config = StoreConfig::from_args(&args.store).map_err(Failure::usage)?;
    if matches!(config, StoreConfig::Memory) {
        return Err(Failure::usage(
            "rotate needs a store that lasts: set REDIS_URL or SPAKE_DATA_DIR, and SPAKE_STATE_KEYS",
        ));
    }
    run_async(async {
        let store = open_store(config, Arc::new(SystemClock::start())).await.map_err(Failure::start)?;
        let facts = keyspace::reseal(&*store.keyspace, &store.sealer).await;
        let facts = facts.map_err(|error| Failure::start(error.into()))?;
        let key = store.sealer.sealing_key_id();
        let facts = match facts {
            Resealed::Absent => "none yet".to_owned(),
            Resealed::Current => format!("already sealed under `{key}`"),
            Resealed::Done => format!("now sealed under `{key}`"),
        };
        let credentials = reseal_all(&*store.credentials, &store.sealer).await;
        let credentials = credentials.map_err(|error| Failure::start(KeyspaceError::from(error).into()))?;
        say(format_args!(
            "keyspace facts: {facts}\n\
             credentials: {} of {} now sealed under `{key}`, the others were already\n\
             Sessions end by themselves: wait the longest TTL before you remove the old key.\n",
            credentials.resealed, credentials.seen
        ));
        Ok(())
    })
}
