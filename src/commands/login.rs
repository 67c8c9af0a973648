//! `spake-service login`: the client of a login, and what it has in common with a registration.

use clap::Args;
use serde_json::{Value, json};
use spake_protocol::Password;
use spake_protocol::spake2plus::{ConfirmV, Prover, ProverSecret, Setting, ShareV};
use spake_protocol::stretch::{Kdf, Salt};
use zeroize::Zeroizing;

use super::client::{PasswordArgs, Service, ServiceArgs, field, segment};
use super::{Failure, say};
use crate::config::parse_kdf;
use crate::domain::ids::CredentialId;
use crate::domain::random::system_rng;

/// Who someone is, and what they expect of the service.
#[derive(Args)]
pub(super) struct AccountArgs {
    #[command(flatten)]
    pub(super) service: ServiceArgs,
    /// The account
    #[arg(long, value_name = "ID")]
    pub(super) id: String,
    #[command(flatten)]
    password: PasswordArgs,
    /// Identity of the service
    #[arg(long = "expect-server-id", default_value = "spake-service", value_name = "ID")]
    server_id: String,
    /// Context of the service
    #[arg(long = "expect-context", default_value = "spake-service/1", value_name = "TEXT")]
    context: String,
    /// How the password is stretched, as SPAKE_ACCOUNT_KDF has it
    #[arg(long, default_value = "pbkdf2-hmac-sha256:600000", value_name = "KDF", value_parser = parse_kdf)]
    kdf: Kdf,
}

#[derive(Args)]
pub(super) struct LoginArgs {
    #[command(flatten)]
    account: AccountArgs,
}

/// A stretched password, for one account.
pub(super) struct Stretched {
    pub(super) id: CredentialId,
    pub(super) setting: Setting,
    pub(super) secret: ProverSecret,
    /// The service's own words for how it was stretched, to be said with a registration.
    pub(super) kdf: Value,
}

impl AccountArgs {
    /// Asks the service for the salt, and compares everything else with what was expected.
    pub(super) fn stretch(&self, service: &Service) -> Result<Stretched, Failure> {
        let id = CredentialId::parse(&self.id).map_err(|error| Failure::usage(format!("--id {error}")))?;
        let password = Password::prepare(&self.password.read()?).map_err(Failure::usage)?;
        let answer = service.get(&format!("/spake/credentials/{}/kdf", segment(id.as_str())))?;
        let pinned = [
            ("server_id", answer.get("server_id"), json!(self.server_id), "--expect-server-id"),
            ("context", answer.get("context"), json!(self.context), "--expect-context"),
        ];
        for (name, theirs, ours, flag) in pinned {
            if theirs != Some(&ours) {
                let theirs = theirs.cloned().unwrap_or_default();
                return Err(Failure::run(format!(
                    "the service's {name} is {theirs}, expected {ours}: see {flag}"
                )));
            }
        }
        let kdf = answer.get("kdf").cloned().unwrap_or_default();
        if !is(&self.kdf, &kdf) {
            return Err(Failure::run(format!("the service's kdf is {kdf}, which is not that of --kdf")));
        }
        let salt = kdf.get("salt").and_then(Value::as_str).and_then(|salt| hex::decode(salt).ok());
        let salt = salt.and_then(|salt| Salt::new(&salt).ok());
        let salt = salt.ok_or_else(|| Failure::run("the service's salt is not 16 to 64 bytes in hex"))?;
        let (server_id, context) = (self.server_id.as_bytes(), self.context.as_bytes());
        let setting = Setting::new(id.as_str().as_bytes(), server_id, context).map_err(Failure::usage)?;
        let secret = ProverSecret::stretch(&password, &setting, &salt, &self.kdf).map_err(Failure::run)?;
        Ok(Stretched { id, setting, secret, kdf })
    }
}

pub(super) fn login(LoginArgs { account }: &LoginArgs) -> Result<(), Failure> {
    let service = Service::new(&account.service)?;
    let Stretched { id, setting, secret, .. } = account.stretch(&service)?;
    let (prover, share_p) = Prover::start(setting, secret, &mut system_rng());
    let request =
        json!({ "credential_id": id.as_str(), "client_public_key": hex::encode(share_p.as_bytes()) });
    let answer = service.post("/spake/login", &request)?;
    let share_v = hex::decode(field(&answer, "public_key")?);
    let share_v = share_v.map_err(|_| Failure::run("the service's public key is not hex"))?;
    let share_v =
        ShareV::try_from(&*share_v).map_err(|error| Failure::run(format!("public key: {error}")))?;
    let mut confirm_v = [0; 32];
    hex::decode_to_slice(field(&answer, "server_confirmation")?, &mut confirm_v)
        .map_err(|_| Failure::run("the service's confirmation is not 64 hex digits"))?;
    let confirming = prover.finish(&share_v).map_err(Failure::run)?;
    // Before confirmP leaves: a service that does not hold the verifier gets nothing.
    let (confirm_p, secret) = confirming.confirm(&ConfirmV::from(confirm_v)).map_err(|_| {
        Failure::run("the password is wrong, or the service does not hold its verifier; nothing was sent")
    })?;
    let session_id = field(&answer, "session_id")?;
    let confirmation = hex::encode(confirm_p.as_bytes());
    let confirmation = json!({ "session_id": session_id, "client_confirmation": confirmation });
    service.post("/spake/confirm", &confirmation)?;
    let shared_secret = Zeroizing::new(hex::encode(secret.expose()));
    say(format_args!(
        "session_id     {session_id}\nconfirmed      true (each side has shown the other what it knows)\n\
         shared_secret  {} (derived here, never sent)\n",
        *shared_secret
    ));
    Ok(())
}

/// Whether the service's description is of the kdf that we expect; the salt is its own.
fn is(kdf: &Kdf, theirs: &Value) -> bool {
    let text = |name: &str| theirs.get(name).and_then(Value::as_str);
    let number = |name: &str| theirs.get(name).and_then(Value::as_u64);
    let named = |algorithm: &str, numbers: &[(&str, u32)]| {
        text("algorithm") == Some(algorithm)
            && numbers.iter().all(|(name, ours)| number(name) == Some(u64::from(*ours)))
    };
    match kdf {
        Kdf::Pbkdf2HmacSha256(kdf) => named("pbkdf2-hmac-sha256", &[("iterations", kdf.iterations())]),
        Kdf::Argon2id(kdf) => {
            let numbers = [("memory_kib", kdf.m_kib()), ("passes", kdf.t()), ("parallelism", kdf.p())];
            named("argon2id", &numbers)
        }
        Kdf::Scrypt(kdf) => named("scrypt", &[("n", kdf.n()), ("r", kdf.r()), ("p", kdf.p())]),
    }
}
