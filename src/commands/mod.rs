//! The command line: one file a command; without one, it serves.

mod apikey;
mod audit_tag;
mod bench;
mod check_config;
mod client;
mod credential;
mod healthcheck;
mod keygen;
mod login;
mod migrate;
mod one_line;
mod openapi;
mod pair;
mod rotate;
mod serve;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::config::ServeArgs;
use crate::domain::access::ApiKey;
use crate::server::StartError;

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
Without a command it serves. Secrets have no flag, for flags can be read by everyone on the machine:
  SPAKE_STATE_KEYS=<id:base64,...>      keys that seal what is stored; the first seals, all open
  REDIS_URL=<redis[s]://...>            sessions in Redis: one server; several, separated by commas, are a Cluster,
                                        or Sentinels when SPAKE_REDIS_SENTINEL_MASTER is set
  SPAKE_REDIS_SENTINEL_PASSWORD=<text>  password at the Sentinels
The commands that call a service take the key to call it with from SPAKE_API_KEY=<key>";

#[derive(Subcommand)]
enum Command {
    /// Play the client of a pairing: derive the shared secret from the password, over HTTP
    Pair(pair::PairArgs),
    /// Log in to an account: derive the shared secret from the password, over HTTP
    Login(login::LoginArgs),
    /// Register, list and delete accounts; move them from one store to another
    Credential(credential::CredentialArgs),
    /// Make, list and check API keys
    #[command(name = "apikey")]
    ApiKey(apikey::ApiKeyArgs),
    /// Print the tag of an id, by which audit events name it
    AuditTag(audit_tag::AuditTagArgs),
    /// Measure the service on this machine, over HTTP, beside the bare computation and beside others
    Bench(bench::BenchArgs),
    /// Say what a start with this configuration would do, or what is wrong with it
    CheckConfig(Box<check_config::CheckConfigArgs>),
    /// Ask the service on this machine whether it is ready: exit 0 if it is, 1 if not
    Healthcheck(healthcheck::HealthcheckArgs),
    /// Print a fresh key for SPAKE_STATE_KEYS
    Keygen(keygen::KeygenArgs),
    /// Bring the keyspace in Redis to this release; services may run meanwhile
    Migrate(migrate::MigrateArgs),
    /// Print the API's document (OpenAPI 3.1), as GET /openapi.json serves it
    #[command(name = "openapi")]
    OpenApi,
    /// Seal what lasts under the first of SPAKE_STATE_KEYS
    Rotate(rotate::RotateArgs),
}

/// Runs what the command line asks for.
pub fn run() -> ExitCode {
    let done = match Cli::try_parse() {
        Ok(Cli { command: None, serve }) => serve::serve(&serve, &Cli::command()),
        Ok(Cli { command: Some(Command::Pair(args)), .. }) => pair::pair(&args),
        Ok(Cli { command: Some(Command::Login(args)), .. }) => login::login(&args),
        Ok(Cli { command: Some(Command::Credential(args)), .. }) => credential::credential(&args),
        Ok(Cli { command: Some(Command::ApiKey(args)), .. }) => apikey::apikey(&args),
        Ok(Cli { command: Some(Command::AuditTag(args)), .. }) => audit_tag::audit_tag(&args),
        Ok(Cli { command: Some(Command::Bench(args)), .. }) => bench::bench(&args),
        Ok(Cli { command: Some(Command::CheckConfig(args)), .. }) => {
            check_config::check_config(&args, &Cli::command())
        }
        Ok(Cli { command: Some(Command::Healthcheck(args)), .. }) => healthcheck::healthcheck(&args),
        Ok(Cli { command: Some(Command::Keygen(args)), .. }) => keygen::keygen(&args),
        Ok(Cli { command: Some(Command::Migrate(args)), .. }) => migrate::migrate(&args),
        Ok(Cli { command: Some(Command::OpenApi), .. }) => {
            openapi::openapi();
            Ok(())
        }
        Ok(Cli { command: Some(Command::Rotate(args)), .. }) => rotate::rotate(&args),
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
            let line = ApiKey::redact(&line);
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

    /// Why a start failed: mostly the configuration; a Redis that is away is not its fault.
    fn start(error: StartError) -> Self {
        if error.is_about_the_moment() { Self::run(error) } else { Self::usage(error) }
    }

    fn run(line: impl ToString) -> Self {
        Self { code: 1, line: line.to_string() }
    }
}

/// Runs the asynchronous part of a command.
fn run_async(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| Failure::run(StartError::Threads(error)))?.block_on(work)
}

/// Prints to standard output; a reader that went away is no error.
fn say(text: std::fmt::Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    drop(std::io::Write::write_fmt(&mut out, text));
    drop(std::io::Write::flush(&mut out));
}
