//! The command line: one file a command; without one, it serves.

mod keygen;
mod one_line;
mod pair;
mod serve;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::config::ServeArgs;

/// Something in the configuration or on the command line is wrong; also what clap uses.
const EXIT_USAGE: u8 = 2;

#[derive(Parser)]
#[command(version, about, args_conflicts_with_subcommands = true, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
}

const AFTER_HELP: &str = "\
Without a command it serves. The state keys have no flag, for flags can be read by everyone on the machine:
  SPAKE_STATE_KEYS=<id:base64,...>  keys that seal what is stored; the first seals, all open";

#[derive(Subcommand)]
enum Command {
    /// Play the client of a pairing: derive the shared secret from the password, over HTTP
    Pair(pair::PairArgs),
    /// Print a fresh key for SPAKE_STATE_KEYS
    Keygen(keygen::KeygenArgs),
}

/// Runs what the command line asks for.
pub fn run() -> ExitCode {
    let done = match Cli::try_parse() {
        Ok(Cli { command: None, serve }) => serve::serve(&serve, &Cli::command()),
        Ok(Cli { command: Some(Command::Pair(args)), .. }) => pair::pair(&args),
        Ok(Cli { command: Some(Command::Keygen(args)), .. }) => keygen::keygen(&args),
        Err(error) if error.use_stderr() => Err(Failure::usage(one_line::describe(&error, &Cli::command()))),
        Err(help_or_version) => {
            drop(help_or_version.print());
            Ok(())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { code, line }) => {
            // The log may be off or elsewhere; this line is for who started the command.
            drop(std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("error: {line}\n")));
            ExitCode::from(code)
        }
    }
}

/// Why a command ended: the exit code, and the one line to say.
struct Failure {
    code: u8,
    line: String,
}

impl Failure {
    fn usage(line: impl ToString) -> Self {
        Self { code: EXIT_USAGE, line: line.to_string() }
    }

    fn run(line: impl ToString) -> Self {
        Self { code: 1, line: line.to_string() }
    }
}

/// Prints to standard output; a reader that went away is no error.
fn say(text: std::fmt::Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    drop(std::io::Write::write_fmt(&mut out, text));
    drop(std::io::Write::flush(&mut out));
}
