//! `spake-service check-config`: what a start with this configuration would do, without doing it.

use std::path::Path;

use clap::{Args, Command};

use super::{Failure, say, serve};
use crate::config::{Config, Listener, ServeArgs, TlsFiles};
use crate::domain::access::{Origins, Reach};
use crate::domain::time::Timestamp;
use crate::server::check_files;

#[derive(Args)]
pub(super) struct CheckConfigArgs {
    #[command(flatten)]
    serve: ServeArgs,
}

/// Reads every file that a start reads; binds nothing, and asks no Redis.
pub(super) fn check_config(args: &CheckConfigArgs, command: &Command) -> Result<(), Failure> {
    let (config, _) = serve::configured(&args.serve, command)?;
    check_files(&config).map_err(Failure::start)?;
    say(format_args!("listens on       {}\n", listener(&config)));
    say(format_args!("operators        {}\n", operators(config.admin)));
    say(format_args!("callers          {}\n", callers(&config)));
    say(format_args!("without a key    {}\n", without_a_key(&config)));
    if config.access.origins() != &Origins::Nobodys {
        say(format_args!("pages of         {}\n", config.access.origins()));
    }
    say(format_args!("trusted proxies  {}\n", proxies(&config)));
    say(format_args!("limits           {}\n", config.limits));
    say(format_args!("store            {}\n", config.store));
    say(format_args!("audit events     {}\n", audit(config.audit_file.as_deref())));
    let traces = args.serve.traces.settings().map_err(Failure::usage)?;
    say(format_args!(
        "traces           {}\n",
        traces.map_or("none".to_owned(), |traces| format!("to {}", traces.place()))
    ));
    say(format_args!("identity         {} ({})\n", config.server_id, config.context));
    for warning in config.warnings() {
        say(format_args!("warning          {warning}\n"));
    }
    Ok(())
}

fn listener(config: &Config) -> String {
    match &config.tls {
        None => format!("http://{}", config.address),
        Some(TlsFiles { client_ca: None, .. }) => format!("https://{}", config.address),
        Some(TlsFiles { client_ca: Some(_), .. }) => {
            format!("https://{}; clients need a certificate", config.address)
        }
    }
}

fn proxies(config: &Config) -> String {
    let proxies: Vec<_> = config.trusted_proxies.iter().map(ToString::to_string).collect();
    if proxies.is_empty() { "none".to_owned() } else { proxies.join(", ") }
}

fn operators(admin: Option<Listener>) -> String {
    match admin {
        Some(Listener::At(address)) => format!("on {address}"),
        Some(Listener::Off) => "have no listener".to_owned(),
        None => "on 127.0.0.1:9464, if it is free".to_owned(),
    }
}

fn callers(config: &Config) -> String {
    match (config.access.key_count(), config.access.reach()) {
        (Some(count), _) => match config.access.expired_keys(Timestamp::wall()) {
            0 => format!("{count} API keys"),
            expired => format!("{count} API keys, {expired} of them expired"),
        },
        (None, Reach::Loopback) => "this machine only; there are no API keys".to_owned(),
        (None, Reach::Everyone) => "everyone who reaches the address; there are no API keys".to_owned(),
    }
}

fn audit(file: Option<&Path>) -> String {
    file.map_or("in the log".to_owned(), |file| format!("in {}", file.display()))
}

fn without_a_key(config: &Config) -> String {
    match config.access.anonymous() {
        scopes if scopes.is_empty() => "nothing".to_owned(),
        scopes => scopes.to_string(),
    }
}
