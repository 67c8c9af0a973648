//! `spake-service`: serve until told to stop.

use clap::Command;

use super::{Failure, run_async, say};
use crate::config::{Config, ServeArgs, StoreConfig, unknown_variable};
use crate::domain::access::Access;
use crate::logging;
use crate::server::{Server, StartError, StopSignals};

pub(super) fn serve(args: &ServeArgs, command: &Command) -> Result<(), Failure> {
    if let Some(name) = unknown_variable(command, std::env::vars_os()) {
        return Err(Failure::usage(format!("{name} is not a variable of this service (see --help)")));
    }
    logging::start(args).map_err(Failure::usage)?;
    let config = Config::from_args(args).map_err(Failure::usage)?;
    run_async(run(config))
}

async fn run(config: Config) -> Result<(), Failure> {
    let mut signals = StopSignals::listen().map_err(|error| Failure::run(StartError::Threads(error)))?;
    let kept = match &config.store {
        StoreConfig::Memory => "sessions in memory".to_owned(),
        StoreConfig::File { directory, .. } => format!("sessions in {}", directory.display()),
        StoreConfig::Redis { settings, .. } => format!("sessions in Redis under `{}:`", settings.prefix),
    };
    let access = config.access;
    let server = tokio::select! {
        // Starting may mean waiting for Redis.
        server = Server::start(config) => server.map_err(Failure::start)?,
        () = signals.next() => return Ok(()),
    };
    announce(&server, access, &kept);
    server.run(signals).await.map_err(Failure::run)?;
    tracing::info!("stopped");
    Ok(())
}

fn announce(server: &Server, access: Access, kept: &str) {
    let url = server.url();
    let program = std::env::args().next().unwrap_or_else(|| "spake-service".to_owned());
    say(format_args!(
        "spake-service {} listening on {url} ({kept})\n\
         Try it from another terminal, with both sides of a pairing:\n  \
         {program} pair --password mypassword --url {url}\n",
        env!("CARGO_PKG_VERSION"),
    ));
    if let Some(address) = server.admin_address() {
        say(format_args!("For operators: http://{address}/health/live, http://{address}/health/ready\n"));
    }
    tracing::info!(address = %server.address(), "listening");
    if access == Access::Everyone {
        tracing::warn!(
            "--insecure-no-auth: everyone who reaches this address may use the service and read secrets"
        );
    }
}
