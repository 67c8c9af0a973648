//! `spake-service pair`: the client of a pairing, small enough to read as an example of one.

use clap::Args;
use serde_json::json;
use spake_protocol::Password;
use spake_protocol::spake2::{ConfirmationB, PartyA, Setting, ShareB, W};
use spake_protocol::stretch::Kdf;
use zeroize::Zeroizing;

use super::client::{PasswordArgs, Service, ServiceArgs, field};
use super::{Failure, say};
use crate::domain::random::system_rng;

#[derive(Args)]
pub(super) struct PairArgs {
    #[command(flatten)]
    service: ServiceArgs,
    #[command(flatten)]
    password: PasswordArgs,
    /// The session to join, or to make [default: the service names it]
    #[arg(long, value_name = "ID")]
    session_id: Option<String>,
    /// The public_key of the session's initiation; without it the session is initiated here, to show both sides
    #[arg(long, value_name = "HEX", requires = "session_id")]
    public_key: Option<String>,
    /// Identity of this client, as it was given at the initiation
    #[arg(long, default_value = "", value_name = "ID")]
    client_id: String,
    /// Identity of the service
    #[arg(long = "expect-server-id", default_value = "spake-service", value_name = "ID")]
    server_id: String,
    /// Context of the service
    #[arg(long = "expect-context", default_value = "spake-service/1", value_name = "TEXT")]
    context: String,
    /// Iterations of PBKDF2 that the service uses
    #[arg(long, default_value_t = 600_000, value_name = "N")]
    iterations: u32,
}

pub(super) fn pair(args: &PairArgs) -> Result<(), Failure> {
    let text = args.password.read()?;
    let password = Password::prepare(&text).map_err(Failure::usage)?;
    let kdf =
        Kdf::pbkdf2(args.iterations).map_err(|error| Failure::usage(format!("--iterations: {error}")))?;
    let setting = Setting::new(args.client_id.as_bytes(), args.server_id.as_bytes(), args.context.as_bytes())
        .map_err(Failure::usage)?;
    let service = Service::new(&args.service)?;

    let (session_id, public_key) = match (&args.session_id, &args.public_key) {
        (Some(session_id), Some(public_key)) => (session_id.clone(), public_key.clone()),
        (session_id, _) => initiate(&service, args, session_id.as_deref(), &text)?,
    };
    let share_b = hex::decode(&public_key).map_err(|_| Failure::usage("--public-key: not hex"))?;
    let share_b =
        ShareB::try_from(&*share_b).map_err(|error| Failure::usage(format!("public key: {error}")))?;

    let w = W::stretch(&password, &setting, &kdf).map_err(Failure::run)?;
    let (party_a, share_a) = PartyA::start(setting, w, &mut system_rng());
    let (awaiting, confirmation_a) = party_a.finish(&share_b).map_err(Failure::run)?;
    let answer = service.post(
        "/spake/exchange",
        &json!({
            "session_id": session_id,
            "client_public_key": hex::encode(share_a.as_bytes()),
            "client_confirmation": hex::encode(confirmation_a.as_bytes()),
        }),
    )?;
    let mut confirmation_b = [0; 32];
    hex::decode_to_slice(field(&answer, "server_confirmation")?, &mut confirmation_b)
        .map_err(|_| Failure::run("the service's confirmation is not 64 hex digits"))?;
    let secret = awaiting.confirm(&ConfirmationB::from(confirmation_b)).map_err(|_| {
        Failure::run(
            "the service's confirmation is wrong: it does not know the password; do not use this session",
        )
    })?;
    let shared_secret = Zeroizing::new(hex::encode(secret.expose()));
    say(format_args!(
        "session_id     {session_id}\nconfirmed      true (each side has shown the other that it knows the password)\n\
         shared_secret  {} (derived here, never sent)\n",
        *shared_secret
    ));
    Ok(())
}

/// Plays the trusted backend: hands the password to the service, and compares what comes back with our own settings.
fn initiate(
    service: &Service,
    args: &PairArgs,
    session_id: Option<&str>,
    password: &str,
) -> Result<(String, String), Failure> {
    let mut request = json!({ "password": password, "client_id": args.client_id });
    if let (Some(session_id), Some(fields)) = (session_id, request.as_object_mut()) {
        fields.insert("session_id".to_owned(), session_id.into());
    }
    let answer = service.post("/spake/initiate", &request)?;
    let pinned = [
        ("server_id", answer.get("server_id"), json!(args.server_id), "--expect-server-id"),
        ("context", answer.get("context"), json!(args.context), "--expect-context"),
        ("kdf.iterations", answer.pointer("/kdf/iterations"), json!(args.iterations), "--iterations"),
    ];
    for (name, theirs, ours, flag) in pinned {
        if theirs != Some(&ours) {
            let theirs = theirs.cloned().unwrap_or_default();
            return Err(Failure::run(format!(
                "the service's {name} is {theirs}, expected {ours}: see {flag}"
            )));
        }
    }
    Ok((field(&answer, "session_id")?.to_owned(), field(&answer, "public_key")?.to_owned()))
}
