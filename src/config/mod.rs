//! Configuration: environment variables, each with a flag of the same name, into values that cannot be wrong.
//!
//! `args` and `store` declare the variables, `secrets` those without a flag, `parse` their formats, `unknown` finds
//! misspelt ones. The first thing
//! that is wrong stops the start with one line that names it.

mod args;
mod parse;
mod secrets;
mod store;
mod unknown;

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use ipnet::IpNet;

pub use self::args::{Listener, LogFormat, ServeArgs};
pub use self::parse::kdf as parse_kdf;
pub use self::store::{StateKeys, StoreArgs, StoreConfig};
pub use self::unknown::unknown_variable;
use crate::domain::access::Access;
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
    /// Who may call.
    pub access: Access,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How much the service takes on.
    pub limits: Limits,
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
        let access = access(args.host, args.insecure_no_auth)?;
        Ok(Self {
            address: SocketAddr::new(args.host, args.port),
            access,
            trusted_proxies: args.trusted_proxies.clone(),
            limits: limits(args)?,
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

fn access(host: IpAddr, insecure_no_auth: bool) -> Result<Access, InvalidConfig> {
    match (insecure_no_auth, host.is_loopback()) {
        (true, _) => Ok(Access::Everyone),
        (false, true) => Ok(Access::Loopback),
        (false, false) => Err(InvalidConfig(format!(
            "SPAKE_HOST={host} would open the service, secrets included, to everyone who reaches it: it has no API \
             keys; listen on 127.0.0.1, or say --insecure-no-auth (SPAKE_INSECURE_NO_AUTH=true)"
        ))),
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
