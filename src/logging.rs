//! Where log lines go and how they look.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{InvalidConfig, LogFormat, ServeArgs};

/// Starts logging to standard error. `RUST_LOG` decides what is logged, else `FLASK_DEBUG`.
pub fn start(args: &ServeArgs) -> Result<(), InvalidConfig> {
    let default = if args.flask_debug { "info,spake_service=debug" } else { "info" };
    let filter = match args.rust_log.as_deref().filter(|filter| !filter.is_empty()) {
        Some(filter) => {
            EnvFilter::try_new(filter).map_err(|error| InvalidConfig(format!("RUST_LOG: {error}")))?
        }
        None => EnvFilter::new(default),
    };
    let terminal = stderr().is_terminal();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        // It would tell of a failed write by eprintln!, which panics when nobody reads: a log that is full or gone
        // must not cost anybody an answer.
        .log_internal_errors(false);
    let started = match args.log_format.unwrap_or(if terminal { LogFormat::Text } else { LogFormat::Json }) {
        LogFormat::Text => builder.with_ansi(terminal).finish().try_init(),
        LogFormat::Json => builder.json().flatten_event(true).with_span_list(false).finish().try_init(),
    };
    started.map_err(|error| InvalidConfig(format!("logging: {error}")))
}
