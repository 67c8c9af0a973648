//! `spake-service`: serve until told to stop.

use std::net::{Ipv4Addr, SocketAddr};

use clap::Command;

use super::{Failure, run_async, say};
use crate::config::{Config, ServeArgs, unknown_variable};
use crate::logging;
use crate::server::{Server, StartError, StopSignals};
use crate::traces::Traces;

pub(super) fn serve(args: &ServeArgs, command: &Command) -> Result<(), Failure> {
    let (config, traces) = configured(args, command)?;
    let outcome = run_async(run(config));
    if let Some(traces) = traces {
        traces.finish();
    }
    outcome
}

/// The configuration, with the log and perhaps traces started by it.
pub(super) fn configured(args: &ServeArgs, command: &Command) -> Result<(Config, Option<Traces>), Failure> {
    if let Some(name) = unknown_variable(command, std::env::vars_os()) {
        return Err(Failure::usage(format!("{name} is not a variable of this service (see --help)")));
    }
    let traces = logging::start(args).map_err(Failure::usage)?;
    let config = Config::from_args(args).map_err(Failure::usage)?;
    // One letter less than what was meant, and the service would have no keys.
    if config.access.key_count().is_none() && std::env::var_os("SPAKE_API_KEY_FILE").is_some() {
        return Err(Failure::usage(
            "SPAKE_API_KEY_FILE is for the commands that call a service; the file of a service's keys is \
             SPAKE_API_KEYS_FILE",
        ));
    }
    Ok((config, traces))
}

async fn run(config: Config) -> Result<(), Failure> {
    let mut signals = StopSignals::listen().map_err(|error| Failure::run(StartError::Threads(error)))?;
    let (kept, warnings) = (config.store.to_string(), config.warnings());
    let example = Example::of(&config);
    let server = tokio::select! {
        // Starting may mean waiting for Redis.
        server = Server::start(config) => server.map_err(Failure::start)?,
        () = signals.next() => return Ok(()),
    };
    announce(&server, &kept, example.as_ref());
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    server.run(signals).await.map_err(Failure::run)?;
    tracing::info!("stopped");
    Ok(())
}

/// A command that tries the service out, but for the address.
struct Example {
    key: &'static str,
    speaks_tls: bool,
}

impl Example {
    /// None where it would take a certificate of the client's own.
    fn of(config: &Config) -> Option<Self> {
        let takes_certificate = config.tls.as_ref().is_some_and(|files| files.client_ca.is_some());
        let key = match config.access.key_count() {
            Some(_) => "SPAKE_API_KEY=<a key with session:initiate,session:exchange> ",
            None => "",
        };
        (!takes_certificate).then_some(Self { key, speaks_tls: config.tls.is_some() })
    }

    fn at(&self, mut address: SocketAddr) -> String {
        let program = std::env::args().next().unwrap_or_else(|| "spake-service".to_owned());
        if address.ip().is_unspecified() {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        let to = if self.speaks_tls {
            format!("--ca <its authority> --url https://<its name>:{}", address.port())
        } else {
            format!("--url http://{address}")
        };
        format!("{}{program} pair --password mypassword {to}", self.key)
    }
}

fn announce(server: &Server, kept: &str, example: Option<&Example>) {
    let version = env!("CARGO_PKG_VERSION");
    say(format_args!("spake-service {version} listening on {} ({kept})\n", server.url()));
    if let Some(example) = example {
        let example = example.at(server.address());
        say(format_args!("Try it from another terminal, with both sides of a pairing:\n  {example}\n"));
    }
    if let Some(address) = server.admin_address() {
        say(format_args!(
            "For operators: http://{address}/health/live, http://{address}/health/ready, http://{address}/metrics\n"
        ));
    }
    tracing::info!(address = %server.address(), "listening");
}
