//! `spake-service`: serve until told to stop.

use clap::Command;

use super::{Failure, run_async, say};
use crate::config::{Config, ServeArgs, TlsFiles, unknown_variable};
use crate::logging;
use crate::server::{Server, StartError, StopSignals};

pub(super) fn serve(args: &ServeArgs, command: &Command) -> Result<(), Failure> {
    let config = configured(args, command)?;
    run_async(run(config))
}

/// The configuration, with the log started by it.
pub(super) fn configured(args: &ServeArgs, command: &Command) -> Result<Config, Failure> {
    if let Some(name) = unknown_variable(command, std::env::vars_os()) {
        return Err(Failure::usage(format!("{name} is not a variable of this service (see --help)")));
    }
    logging::start(args).map_err(Failure::usage)?;
    Config::from_args(args).map_err(Failure::usage)
}

async fn run(config: Config) -> Result<(), Failure> {
    let mut signals = StopSignals::listen().map_err(|error| Failure::run(StartError::Threads(error)))?;
    let (kept, warnings) = (config.store.to_string(), config.warnings());
    let example = example(&config);
    let server = tokio::select! {
        // Starting may mean waiting for Redis.
        server = Server::start(config) => server.map_err(Failure::start)?,
        () = signals.next() => return Ok(()),
    };
    announce(&server, &kept, example.as_deref());
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    server.run(signals).await.map_err(Failure::run)?;
    tracing::info!("stopped");
    Ok(())
}

/// A command that tries the service out, but for its URL; none where it takes a certificate of the client's own.
fn example(config: &Config) -> Option<String> {
    let program = std::env::args().next().unwrap_or_else(|| "spake-service".to_owned());
    let key = if config.access.key_count().is_some() { "SPAKE_API_KEY=<a key> " } else { "" };
    let ca = match &config.tls {
        None => "",
        Some(TlsFiles { client_ca: None, .. }) => " --ca <who signed its certificate>",
        Some(TlsFiles { client_ca: Some(_), .. }) => return None,
    };
    Some(format!("{key}{program} pair --password mypassword{ca} --url"))
}

fn announce(server: &Server, kept: &str, example: Option<&str>) {
    let url = server.url();
    say(format_args!("spake-service {} listening on {url} ({kept})\n", env!("CARGO_PKG_VERSION")));
    if let Some(example) = example {
        say(format_args!("Try it from another terminal, with both sides of a pairing:\n  {example} {url}\n"));
    }
    if let Some(address) = server.admin_address() {
        say(format_args!("For operators: http://{address}/health/live, http://{address}/health/ready\n"));
    }
    tracing::info!(address = %server.address(), "listening");
}
