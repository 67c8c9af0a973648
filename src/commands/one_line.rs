//! What clap has to say, in one line that names the variable or flag.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error};

pub(super) fn describe(error: &Error, command: &Command) -> String {
    let arguments = texts(error, ContextKind::InvalidArg);
    let argument = arguments.first().map_or("", String::as_str);
    match error.kind() {
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            let value = texts(error, ContextKind::InvalidValue).concat();
            let valid = texts(error, ContextKind::ValidValue).join(" or ");
            let reason = match std::error::Error::source(error) {
                Some(source) => format!(": {source}"),
                None if valid.is_empty() => String::new(),
                None => format!(": must be {valid}"),
            };
            format!("{}: `{value}` is not accepted{reason}", named(command, argument))
        }
        ErrorKind::MissingRequiredArgument => format!("{} is required (see --help)", arguments.join(", ")),
        _ => {
            // Clap's own first line; what follows is usage, which --help shows better.
            let rendered = error.render().to_string();
            let first = rendered.lines().next().unwrap_or_default().trim_start_matches("error: ");
            format!("{first} (see --help)")
        }
    }
}

fn texts(error: &Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    }
}

/// `SPAKE_SESSION_TTL (--session-ttl)`: whichever of the two it was set by. Clap calls it `--session-ttl <DURATION>`.
fn named(command: &Command, argument: &str) -> String {
    let flag = argument.split([' ', '=', '[']).next().unwrap_or_default();
    let variable = command
        .get_arguments()
        .find(|known| known.get_long() == flag.strip_prefix("--"))
        .and_then(clap::Arg::get_env)
        .map(|variable| variable.to_string_lossy());
    match variable {
        Some(variable) => format!("{variable} ({flag})"),
        None => flag.to_owned(),
    }
}
