//! What clap has to say, in one line that names the variable or flag.

use clap::error::{ContextKind, ContextValue};
use clap::{Command, Error};

pub(super) fn describe(error: &Error, command: &Command) -> String {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => texts.first().cloned(),
        _ => None,
    };
    let value = text(ContextKind::InvalidValue).filter(|value| !value.is_empty());
    if let (Some(argument), Some(value)) = (text(ContextKind::InvalidArg), value) {
        let flag = argument.split_whitespace().next().unwrap_or(&argument).trim_end_matches("[=<BOOL>]");
        let reason = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
        return format!("{}: `{value}` is not accepted{reason}", named(command, flag));
    }
    // Clap's own first paragraph; what follows is usage, which --help shows better.
    let rendered = error.render().to_string();
    let first = rendered.lines().next().unwrap_or_default().trim_start_matches("error: ");
    format!("{first} (see --help)")
}

/// `SPAKE_SESSION_TTL (--session-ttl)`: whichever of the two it was set by.
fn named(command: &Command, flag: &str) -> String {
    let long = flag.trim_start_matches("--").split(['=', '[']).next().unwrap_or_default();
    let variable = command
        .get_arguments()
        .find(|argument| argument.get_long() == Some(long))
        .and_then(|argument| argument.get_env())
        .map(|variable| variable.to_string_lossy().into_owned());
    match variable {
        Some(variable) => format!("{variable} (--{long})"),
        None => flag.to_owned(),
    }
}
