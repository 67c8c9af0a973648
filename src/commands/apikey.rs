//! `spake-service apikey`: make, list and check API keys. The keys file is the operator's; only `new --append` writes it.

use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use zeroize::Zeroizing;

use super::{Failure, say};
use crate::config::{parse_expiry, read_api_keys};
use crate::domain::access::{ApiKey, ApiKeys, InvalidKeysFile, KeyEntry, KeyName, NewKey, Scopes};
use crate::domain::time::Timestamp;

#[derive(Args)]
pub(super) struct ApiKeyArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a key: prints it, once, and the line for the keys file
    New(NewArgs),
    /// Show the keys in the keys file: names, scopes and expiry
    List(FileArgs),
    /// Read a key from standard input, and say what it allows
    Check(FileArgs),
}

#[derive(Args)]
struct NewArgs {
    /// Name of the key: whose sessions are whose, and who did what in the audit log
    #[arg(value_parser = KeyName::parse)]
    name: KeyName,
    /// What it allows, as in `session:initiate,secret:read`
    #[arg(long, value_name = "SCOPES")]
    scopes: Scopes,
    /// How long it is accepted, as in `90days` [default: for ever]
    #[arg(long, value_name = "DURATION", value_parser = parse_expiry)]
    expires_in: Option<Duration>,
    /// Append the line to this keys file, made if it is not there, and print the key alone
    #[arg(long, value_name = "FILE")]
    append: Option<PathBuf>,
}

#[derive(Args)]
struct FileArgs {
    /// The keys file
    #[arg(long, env = "SPAKE_API_KEYS_FILE", value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn apikey(args: &ApiKeyArgs) -> Result<(), Failure> {
    match &args.command {
        Command::New(args) => new(args),
        Command::List(FileArgs { file }) => list(file),
        Command::Check(FileArgs { file }) => check(file),
    }
}

fn new(args: &NewArgs) -> Result<(), Failure> {
    if args.scopes.is_empty() {
        return Err(Failure::usage(format!("--scopes: name at least one of {}", Scopes::ALL)));
    }
    let key = NewKey::generate(&args.name);
    let entry = KeyEntry {
        name: args.name.clone(),
        hash: key.hash(),
        scopes: args.scopes,
        expires: args.expires_in.map(|duration| Timestamp::wall().after(duration)),
    };
    match &args.append {
        Some(file) => {
            append(file, &entry).map_err(|error| Failure::run(format!("{}: {error}", file.display())))?;
            say(format_args!("{}\n", key.expose()));
        }
        None => say(format_args!(
            "The key, shown this once; the caller sends it as `Authorization: Bearer …`:\n\n{}\n\n\
             The line for SPAKE_API_KEYS_FILE:\n\n{entry}\n",
            key.expose()
        )),
    }
    Ok(())
}

fn append(file: &Path, entry: &KeyEntry) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let mut open = options.read(true).append(true).create(true).mode(0o600).open(file)?;
    let mut text = String::new();
    open.read_to_string(&mut text)?;
    if let Err(invalid @ InvalidKeysFile::Line { .. }) = ApiKeys::parse(&format!("{text}\n")) {
        return Err(std::io::Error::other(format!("is no keys file, and was left as it is: {invalid}")));
    }
    let separator = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    // In one write: a service may be reading.
    open.write_all(format!("{separator}{entry}\n").as_bytes())?;
    open.sync_all()
}

fn list(file: &Path) -> Result<(), Failure> {
    let now = Timestamp::wall();
    for entry in read_api_keys(file).map_err(Failure::usage)?.iter() {
        say(format_args!("{}  {}  {}\n", entry.name, entry.scopes, state(entry, now)));
    }
    Ok(())
}

fn check(file: &Path) -> Result<(), Failure> {
    let keys = read_api_keys(file).map_err(Failure::usage)?;
    let mut text = Zeroizing::new(String::new());
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Failure::usage(format!("standard input: {error}")))?;
    let key = ApiKey::parse(text.trim());
    let key = key.ok_or_else(|| Failure::run("this has not the form of a key, spk_<name>_<secret>"))?;
    let now = Timestamp::wall();
    match keys.entry(&key) {
        Some(entry) if entry.is_accepted_at(now) => {
            say(format_args!("{}  {}  {}\n", entry.name, entry.scopes, state(entry, now)));
            Ok(())
        }
        Some(entry) => Err(Failure::run(format!("the key of {} has {}", entry.name, state(entry, now)))),
        None => Err(Failure::run(format!("no key named {} in this file has this secret", key.name()))),
    }
}

fn state(entry: &KeyEntry, now: Timestamp) -> String {
    match entry.expires {
        None => "does not expire".to_owned(),
        Some(expires) if entry.is_accepted_at(now) => format!("expires {expires}"),
        Some(expires) => format!("expired {expires}"),
    }
}
