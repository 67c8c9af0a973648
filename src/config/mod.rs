//! Configuration: environment variables, each with a flag of the same name, into values that cannot be wrong.
//!
//! `args`, `access`, `admin`, `store`, `tls` and `traces` declare the variables, `secrets` those without a flag, `parse`
//! their formats, `authorities` reads certificates, `unknown` finds misspelt variables. The first thing that is wrong
//! stops the start with one line that names it.

mod access;
mod admin;
mod args;
mod authorities;
mod parse;
mod secrets;
mod store;
mod tls;
mod traces;
mod unknown;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use self::access::AccessConfig;
pub use self::access::read_api_keys;
pub use self::admin::{AdminArgs, Listener};
pub use self::args::{LogFormat, ServeArgs};
pub use self::authorities::authorities;
pub use self::parse::{expiry as parse_expiry, kdf as parse_kdf, request_timeout as parse_timeout};
pub use self::secrets::read_api_key;
pub use self::store::{StateKeys, StoreArgs, StoreConfig};
pub use self::tls::{TlsArgs, TlsFiles};
pub use self::unknown::unknown_variable;
use crate::domain::access::{Access, Reach};
use crate::domain::accounts::AccountPolicy;
use crate::domain::limits::{Limits, Quota};
use crate::domain::pairing::PairingPolicy;
use crate::domain::ports::Budget;

/// How many seconds' worth of requests a key may make at once, unless that was said.
const BURST_SECONDS: u32 = 5;

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
    /// TLS of that listener, if it speaks it.
    pub tls: Option<TlsFiles>,
    /// Who may call.
    pub access: Access,
    /// The file of the API keys, to be read again.
    pub api_keys_file: Option<PathBuf>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How much the service takes on.
    pub limits: Limits,
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
    /// How long a service that was told to stop goes on accepting connections.
    pub drain_delay: Duration,
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
            tls: TlsFiles::from_args(&args.tls)?,
            trusted_proxies: args.trusted_proxies.clone(),
            limits: limits(args)?,
            audit_file: args.audit_file.clone(),
            store: StoreConfig::from_args(&args.store)?,
            admin: args.admin.admin_addr,
            server_id: args.server_id.clone(),
            context: args.context.clone(),
            pairing: PairingPolicy { kdf: args.pbkdf2_iterations.clone(), session_ttl: args.session_ttl },
            accounts: accounts(args)?,
            stretch_threads: args.stretch_threads.unwrap_or_else(cores),
            stretch_queue: args.stretch_queue,
            request_timeout: args.request_timeout,
            drain_delay: args.drain_delay,
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
        if self.access.reach() == Reach::Loopback && !self.trusted_proxies.is_empty() {
            warnings.push("SPAKE_TRUSTED_PROXIES: without API keys, what a proxy forwards is refused");
        }
        let is_seen = !self.address.ip().is_loopback() && self.tls.is_none();
        if is_seen && self.access.key_count().is_some() && self.trusted_proxies.is_empty() {
            warnings.push(
                "without TLS, keys and passwords cross the network in the clear: set SPAKE_TLS_CERT and SPAKE_TLS_KEY, \
                 unless a balancer in front ends TLS (then name it in SPAKE_TRUSTED_PROXIES)",
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

fn limits(args: &ServeArgs) -> Result<Limits, InvalidConfig> {
    let quota = |per_second: u32, burst: Option<NonZeroU32>| {
        let default = || NonZeroU32::new(per_second.saturating_mul(BURST_SECONDS));
        Some(Quota { per_second: NonZeroU32::new(per_second)?, burst: burst.or_else(default)? })
    };
    let per_key = quota(args.key_rate_limit_per_second, args.key_rate_limit_burst);
    if per_key.is_none() && args.key_rate_limit_burst.is_some() {
        return Err(InvalidConfig(
            "SPAKE_KEY_RATE_LIMIT_BURST limits nothing without SPAKE_KEY_RATE_LIMIT_PER_SECOND; set both"
                .to_owned(),
        ));
    }
    Ok(Limits {
        per_address: quota(args.rate_limit_per_second, Some(args.rate_limit_burst)),
        per_key,
        in_flight: args.max_in_flight,
    })
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
