//! Configuration: environment variables, each with a flag of the same name, into values that cannot be wrong.
//!
//! `args`, `access` and `store` declare the variables, `secrets` those without a flag, `parse` their formats, `unknown` finds
//! misspelt ones. The first thing
//! that is wrong stops the start with one line that names it.

mod access;
mod args;
mod parse;
mod secrets;
mod store;
mod unknown;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use self::access::AccessConfig;
pub use self::access::read_api_keys;
pub use self::args::{Listener, LogFormat, ServeArgs};
pub use self::parse::{expiry as parse_expiry, kdf as parse_kdf};
pub use self::secrets::read_api_key;
pub use self::store::{StateKeys, StoreArgs, StoreConfig};
pub use self::unknown::unknown_variable;
use crate::domain::access::Access;
use crate::domain::accounts::AccountPolicy;
use crate::domain::pairing::PairingPolicy;
use crate::domain::ports::Budget;

/// What is wrong with the configuration, in one line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvalidConfig(pub String);

/// Everything the service needs to know to start.
pub struct Config {
    /// Where to listen.
    pub address: SocketAddr,
    /// Where operators may ask, if it was said.
    pub admin: Option<Listener>,
    /// Who may call.
    pub access: Access,
    /// The file of the API keys, to be read again.
    pub api_keys_file: Option<PathBuf>,
    /// Where audit events go, if not to the log.
    pub audit_file: Option<PathBuf>,
    /// Where sessions live.
    pub store: StoreConfig,
    /// The service's identity, B in every transcript.
    pub server_id: String,
    /// The context of every transcript.
    pub context: String,
    /// How passwords are stretched and how long a session lives.
    pub pairing: PairingPolicy,
    /// The same for accounts, and how often one may guess.
    pub accounts: AccountPolicy,
    /// Threads that stretch.
    pub stretch_threads: usize,
    /// Passwords that may wait for them.
    pub stretch_queue: usize,
    /// How long a request's head and body may take to arrive, and a connection may wait for the next.
    pub request_timeout: Duration,
    /// How long a stopping service lets requests finish.
    pub drain_timeout: Duration,
}

impl Config {
    /// Checks what the arguments mean together.
    pub fn from_args(args: &ServeArgs) -> Result<Self, InvalidConfig> {
        let access = AccessConfig::from_args(&args.access)?;
        Ok(Self {
            address: SocketAddr::new(access.host, args.port),
            access: access.access,
            api_keys_file: access.keys_file,
            audit_file: args.audit_file.clone(),
            store: StoreConfig::from_args(&args.store)?,
            admin: args.admin_addr,
            server_id: args.server_id.clone(),
            context: args.context.clone(),
            pairing: PairingPolicy { kdf: args.pbkdf2_iterations.clone(), session_ttl: args.session_ttl },
            accounts: accounts(args)?,
            stretch_threads: args.stretch_threads.unwrap_or_else(cores),
            stretch_queue: args.stretch_queue,
            request_timeout: args.request_timeout,
            drain_timeout: args.drain_timeout,
        })
    }
}

impl Config {
    /// What an operator should know, though it is no reason not to start.
    pub fn warnings(&self) -> Vec<&'static str> {
        let mut warnings = Vec::new();
        if self.access.is_open_to_everyone() {
            warnings.push(
                "--insecure-no-auth: everyone who reaches this address may use the service and read secrets",
            );
        }
        warnings
    }
}

fn accounts(args: &ServeArgs) -> Result<AccountPolicy, InvalidConfig> {
    if args.login_ttl >= args.guess_window {
        return Err(InvalidConfig(
            "SPAKE_LOGIN_TTL must be less than SPAKE_GUESS_WINDOW: a login's guess must count for as long as it lives"
                .to_owned(),
        ));
    }
    Ok(AccountPolicy {
        kdf: args.account_kdf.as_ref().unwrap_or(&args.pbkdf2_iterations).clone(),
        mixed: args.kdf_mixed,
        login_ttl: args.login_ttl,
        budget: Budget {
            limit: args.guess_limit,
            window: args.guess_window,
            per_caller: Some(args.guess_limit_per_address).filter(|limit| *limit > 0),
        },
    })
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
