//! `spake-service migrate`.

use clap::Args;

use super::{Failure, run_async, say};
use crate::config::{StoreArgs, StoreConfig};
use crate::server::{StartError, reach_redis};

#[derive(Args)]
pub(super) struct MigrateArgs {
    /// Change nothing; say how far the keyspace is
    #[arg(long, conflicts_with = "finish")]
    status: bool,

    /// Then let services write this release's records: releases that cannot read them do not start any more
    #[arg(long)]
    finish: bool,

    #[command(flatten)]
    store: StoreArgs,
}

pub(super) fn migrate(args: &MigrateArgs) -> Result<(), Failure> {
    let StoreConfig::Redis { settings, .. } = StoreConfig::from_args(&args.store).map_err(Failure::usage)?
    else {
        return Err(Failure::usage("migrate is for Redis: set REDIS_URL and SPAKE_STATE_KEYS"));
    };
    run_async(async {
        let store = reach_redis(&settings).await.map_err(Failure::start)?;
        if !args.status {
            store.join_schema().await.map_err(StartError::from).map_err(Failure::start)?;
            store.migrate().await.map_err(StartError::from).map_err(Failure::start)?;
        }
        if args.finish {
            store.finish().await.map_err(StartError::from).map_err(Failure::start)?;
        }
        let progress = store.progress().await.map_err(StartError::from).map_err(Failure::start)?;
        for (name, buckets) in progress.migrations {
            say(format_args!("{name}: {buckets} of 256 buckets\n"));
        }
        say(format_args!(
            "services write record version {}; releases of level {} and newer may start\n",
            progress.records, progress.min_reader
        ));
        Ok(())
    })
}
