//! The variables and flags of `serve`.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, ValueEnum};
use ipnet::IpNet;
use spake_protocol::stretch::Kdf;

use super::access::AccessArgs;
use super::admin::AdminArgs;
use super::parse;
use super::store::StoreArgs;
use super::tls::TlsArgs;
use super::traces::TracesArgs;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// What `serve` can be told. Every flag has a variable of the same name.
#[derive(Args)]
pub struct ServeArgs {
    /// Port of the public listener; 0 takes a free one
    #[arg(long, env = "PORT", default_value_t = 5000, value_name = "PORT")]
    pub port: u16,

    /// Where to listen, and to whom.
    #[command(flatten)]
    pub access: AccessArgs,

    /// TLS of the public listener.
    #[command(flatten)]
    pub tls: TlsArgs,

    /// The operators' listener.
    #[command(flatten)]
    pub admin: AdminArgs,

    /// Networks and addresses of proxies whose X-Forwarded-For is believed, separated by commas [default: none]
    #[arg(long, env = "SPAKE_TRUSTED_PROXIES", value_delimiter = ',', value_name = "CIDR", value_parser = parse::proxies)]
    pub trusted_proxies: Vec<IpNet>,

    /// Requests a second that one address may make (IPv6: one /64), without a verified key; 0: any number
    #[arg(long, env = "SPAKE_RATE_LIMIT_PER_SECOND", default_value = "20", value_name = "N", value_parser = parse::rate)]
    pub rate_limit_per_second: u32,

    /// Of these, those that it may make at once
    #[arg(long, env = "SPAKE_RATE_LIMIT_BURST", default_value = "100", value_name = "N", value_parser = parse::burst)]
    pub rate_limit_burst: NonZeroU32,

    /// Requests a second that one verified API key may make; 0: any number
    #[arg(long, env = "SPAKE_KEY_RATE_LIMIT_PER_SECOND", default_value = "0", value_name = "N", value_parser = parse::rate)]
    pub key_rate_limit_per_second: u32,

    /// Of these, those that it may make at once [default: what it may make in five seconds]
    #[arg(long, env = "SPAKE_KEY_RATE_LIMIT_BURST", value_name = "N", value_parser = parse::burst)]
    pub key_rate_limit_burst: Option<NonZeroU32>,

    /// Requests in work at once; more get a 503
    #[arg(long, env = "SPAKE_MAX_IN_FLIGHT", default_value = "1024", value_name = "N", value_parser = parse::in_flight)]
    pub max_in_flight: usize,

    /// Log at debug level
    #[arg(long, env = "FLASK_DEBUG", default_value = "false", value_name = "BOOL",
        action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = parse::boolean)]
    pub flask_debug: bool,

    /// What to log, as in `info,spake_service=debug` [default: info]
    #[arg(long, env = "RUST_LOG", value_name = "FILTER")]
    pub rust_log: Option<String>,

    /// How log lines look [default: text on a terminal, else json]
    #[arg(long, env = "SPAKE_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,

    /// File that audit events are appended to, one JSON object a line, and opened anew when it was moved away
    /// [default: they go to the log]
    #[arg(long, env = "SPAKE_AUDIT_FILE", value_name = "FILE", value_parser = parse::file)]
    pub audit_file: Option<PathBuf>,

    /// Where traces go.
    #[command(flatten)]
    pub traces: TracesArgs,

    /// Where sessions live.
    #[command(flatten)]
    pub store: StoreArgs,

    /// Identity of this service, B in every transcript; clients pin it
    #[arg(long, env = "SPAKE_SERVER_ID", default_value = "spake-service", value_name = "ID", value_parser = parse::server_id)]
    pub server_id: String,

    /// Context of every transcript; clients pin it
    #[arg(long, env = "SPAKE_CONTEXT", default_value = "spake-service/1", value_name = "TEXT", value_parser = parse::context)]
    pub context: String,

    /// Life of a session, from its creation
    #[arg(long, env = "SPAKE_SESSION_TTL", default_value = "300s", value_name = "DURATION", value_parser = parse::session_ttl)]
    pub session_ttl: Duration,

    /// Iterations of PBKDF2 for pairing passwords; clients must use the same
    #[arg(long, env = "SPAKE_PBKDF2_ITERATIONS", default_value = "600000", value_name = "N", value_parser = parse::iterations)]
    pub pbkdf2_iterations: Kdf,

    /// How accounts' passwords are stretched: `pbkdf2-hmac-sha256:ITERATIONS`, `argon2id:MEMORY_KIB,PASSES,PARALLELISM`
    /// or `scrypt:N,R,P` [default: PBKDF2 with the iterations above]
    #[arg(long, env = "SPAKE_ACCOUNT_KDF", value_name = "KDF", value_parser = parse::kdf)]
    pub account_kdf: Option<Kdf>,

    /// Accept credentials with another kdf
    #[arg(long, env = "SPAKE_KDF_MIXED", default_value = "false", value_name = "BOOL",
        action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = parse::boolean)]
    pub kdf_mixed: bool,

    /// Life of a login, from its first request to its confirmation; less than the guess window
    #[arg(long, env = "SPAKE_LOGIN_TTL", default_value = "120s", value_name = "DURATION", value_parser = parse::session_ttl)]
    pub login_ttl: Duration,

    /// Unconfirmed logins that a credential allows in any window
    #[arg(long, env = "SPAKE_GUESS_LIMIT", default_value = "10", value_name = "N", value_parser = parse::guess_limit)]
    pub guess_limit: u32,

    /// Of these, those that one address is allowed (IPv6: one /64), so that a stranger does not lock the owner out; 0: all
    #[arg(long, env = "SPAKE_GUESS_LIMIT_PER_ADDRESS", default_value = "0", value_name = "N", value_parser = parse::guess_limit_per_address)]
    pub guess_limit_per_address: u32,

    /// The window
    #[arg(long, env = "SPAKE_GUESS_WINDOW", default_value = "15m", value_name = "DURATION", value_parser = parse::guess_window)]
    pub guess_window: Duration,

    /// Threads that stretch passwords, at the lowest priority [default: one a core]
    #[arg(long, env = "SPAKE_STRETCH_THREADS", value_name = "N", value_parser = parse::threads)]
    pub stretch_threads: Option<usize>,

    /// Passwords that may wait to be stretched; more get a 503
    #[arg(long, env = "SPAKE_STRETCH_QUEUE", default_value = "64", value_name = "N", value_parser = parse::queue)]
    pub stretch_queue: usize,

    /// Time for a TLS handshake, for the head of a request, for its body, and for a connection to wait for the next one
    #[arg(long, env = "SPAKE_REQUEST_TIMEOUT", default_value = "15s", value_name = "DURATION", value_parser = parse::request_timeout)]
    pub request_timeout: Duration,

    /// How long a service that was told to stop goes on accepting connections, while /health/ready says that it is not ready
    #[arg(long, env = "SPAKE_DRAIN_DELAY", default_value = "0s", value_name = "DURATION", value_parser = parse::drain_timeout)]
    pub drain_delay: Duration,

    /// How long a stopping service lets requests finish
    #[arg(long, env = "SPAKE_DRAIN_TIMEOUT", default_value = "30s", value_name = "DURATION", value_parser = parse::drain_timeout)]
    pub drain_timeout: Duration,
}
