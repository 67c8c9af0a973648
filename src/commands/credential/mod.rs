//! `spake-service credential`: over HTTP, put, list, delete; beside the service, import and export of the store.

mod transfer;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::{Service, ServiceArgs, segment};
use super::login::{AccountArgs, Stretched};
use super::{Failure, say};

#[derive(Args)]
pub(super) struct CredentialArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Register an account, or give it another password; the password is stretched here and not sent
    Put(PutArgs),
    /// List the accounts
    List(ListArgs),
    /// Delete an account
    Delete(DeleteArgs),
    /// Write all accounts of a store, sealed, as JSON lines to standard output
    Export(transfer::ExportArgs),
    /// Read accounts from such lines on standard input; those that are there already stay as they are
    Import(transfer::ImportArgs),
}

#[derive(Args)]
struct PutArgs {
    #[command(flatten)]
    account: AccountArgs,
}

#[derive(Args)]
struct ListArgs {
    #[command(flatten)]
    service: ServiceArgs,
}

#[derive(Args)]
struct DeleteArgs {
    #[command(flatten)]
    service: ServiceArgs,
    /// The account
    #[arg(long, value_name = "ID")]
    id: String,
}

pub(super) fn credential(args: &CredentialArgs) -> Result<(), Failure> {
    match &args.command {
        Command::Put(args) => put(args),
        Command::List(args) => list(args),
        Command::Delete(args) => delete(args),
        Command::Export(args) => transfer::export(args),
        Command::Import(args) => transfer::import(args),
    }
}

fn put(PutArgs { account }: &PutArgs) -> Result<(), Failure> {
    let service = Service::new(&account.service)?;
    let Stretched { id, secret, kdf, .. } = account.stretch(&service)?;
    let record = secret.verifier();
    let verifier = json!({ "w0": hex::encode(*record.w0_bytes()), "L": hex::encode(*record.l_bytes()) });
    let path = format!("/spake/credentials/{}", segment(id.as_str()));
    let answer = service.call("PUT", &path, Some(&json!({ "verifier": verifier, "kdf": kdf })))?;
    let is_new = answer.get("created_at") == answer.get("updated_at");
    say(format_args!("{id}: {}\n", if is_new { "registered" } else { "replaced" }));
    Ok(())
}

fn list(args: &ListArgs) -> Result<(), Failure> {
    let service = Service::new(&args.service)?;
    let mut path = "/spake/credentials?limit=1000".to_owned();
    loop {
        let page = service.get(&path)?;
        for line in page.get("credentials").and_then(Value::as_array).into_iter().flatten() {
            let text = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let disabled = if line.get("disabled") == Some(&json!(true)) { "  disabled" } else { "" };
            say(format_args!("{}  {}{disabled}\n", text("updated_at"), text("credential_id")));
        }
        match page.get("next_cursor").and_then(Value::as_str) {
            Some(cursor) => path = format!("/spake/credentials?limit=1000&cursor={}", segment(cursor)),
            None => return Ok(()),
        }
    }
}

fn delete(args: &DeleteArgs) -> Result<(), Failure> {
    let path = format!("/spake/credentials/{}", segment(&args.id));
    Service::new(&args.service)?.call("DELETE", &path, None)?;
    say(format_args!("{}: deleted\n", args.id));
    Ok(())
}
