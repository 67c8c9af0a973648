//! Who may call: the listener's address, the API keys, and what callers without a key may do.

use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use clap::{ArgAction, Args};
use zeroize::Zeroizing;

use super::{InvalidConfig, parse};
use crate::domain::access::{Access, ApiKeys, Origins, Reach, Scope, Scopes};

/// What a caller without a key may be allowed while others need one: to be a client, and to begin a session.
const FOR_ANONYMOUS: [Scope; 4] =
    [Scope::SessionInitiate, Scope::SessionExchange, Scope::SessionRead, Scope::Login];
/// More than any keys file; what is longer is another file.
const MAX_LEN: u64 = 1024 * 1024;

/// Where to listen, and to whom.
#[derive(Args)]
pub struct AccessArgs {
    /// Address of the public listener; another than loopback takes API keys or --insecure-no-auth
    /// [default: 127.0.0.1 without API keys, 0.0.0.0 with]
    #[arg(long, env = "SPAKE_HOST", value_name = "ADDRESS", value_parser = parse::host)]
    host: Option<IpAddr>,

    /// File with the API keys, `name hash scopes [expires]` a line, as `spake-service apikey new` makes them; re-read
    /// when it changes
    #[arg(long, env = "SPAKE_API_KEYS_FILE", value_name = "FILE")]
    api_keys_file: Option<PathBuf>,

    /// What callers without a key may do, as in `session:exchange,login` [default: nothing; everything without API keys]
    #[arg(long, env = "SPAKE_ANONYMOUS_SCOPES", value_name = "SCOPES")]
    anonymous_scopes: Option<Scopes>,

    /// Sites whose pages may call from a browser, as in `https://shop.example,http://localhost:3000`; `*` for all, with API
    /// keys only [default: none]
    #[arg(long, env = "SPAKE_CORS_ORIGINS", value_name = "ORIGINS")]
    cors_origins: Option<Origins>,

    /// Without API keys, let everyone in who reaches the listener
    #[arg(long, env = "SPAKE_INSECURE_NO_AUTH", default_value = "false", value_name = "BOOL",
        action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = parse::boolean)]
    insecure_no_auth: bool,
}

/// Where the public listener is, and who may call there.
pub(super) struct AccessConfig {
    /// The address.
    pub(super) host: IpAddr,
    /// Who may call.
    pub(super) access: Access,
    /// The file of the API keys.
    pub(super) keys_file: Option<PathBuf>,
}

impl AccessConfig {
    pub(super) fn from_args(args: &AccessArgs) -> Result<Self, InvalidConfig> {
        let origins = args.cors_origins.clone().unwrap_or_default();
        let Some(file) = &args.api_keys_file else {
            let host = args.host.unwrap_or(Ipv4Addr::LOCALHOST.into());
            let reach = reach_without_keys(host, args.insecure_no_auth)?;
            let anonymous = args.anonymous_scopes.unwrap_or(Scopes::ALL);
            if origins == Origins::Everybodys {
                return Err(InvalidConfig(
                    "SPAKE_CORS_ORIGINS=* would let a page of any site use the service, secrets included: name the \
                     sites, or give the service API keys (SPAKE_API_KEYS_FILE)"
                        .to_owned(),
                ));
            }
            let access = Access::without_keys(reach, anonymous).from_pages_of(origins);
            return Ok(Self { host, access, keys_file: None });
        };
        if args.insecure_no_auth {
            return Err(InvalidConfig(
                "SPAKE_INSECURE_NO_AUTH and SPAKE_API_KEYS_FILE are both set; with API keys nothing is insecure: leave \
                 SPAKE_INSECURE_NO_AUTH out"
                    .to_owned(),
            ));
        }
        Ok(Self {
            host: args.host.unwrap_or(Ipv4Addr::UNSPECIFIED.into()),
            access: Access::with_keys(read_api_keys(file)?, anonymous(args.anonymous_scopes)?)
                .from_pages_of(origins),
            keys_file: Some(file.clone()),
        })
    }
}

fn reach_without_keys(host: IpAddr, insecure_no_auth: bool) -> Result<Reach, InvalidConfig> {
    match (insecure_no_auth, host.is_loopback()) {
        (true, _) => Ok(Reach::Everyone),
        (false, true) => Ok(Reach::Loopback),
        (false, false) => Err(InvalidConfig(format!(
            "SPAKE_HOST={host} would open the service, secrets included, to everyone who reaches it: give it API keys \
             (SPAKE_API_KEYS_FILE, spake-service apikey new), listen on 127.0.0.1, or say --insecure-no-auth \
             (SPAKE_INSECURE_NO_AUTH=true)"
        ))),
    }
}

fn anonymous(scopes: Option<Scopes>) -> Result<Scopes, InvalidConfig> {
    let scopes = scopes.unwrap_or(Scopes::NONE);
    let too_much = scopes.without(FOR_ANONYMOUS.into_iter().collect());
    if too_much.is_empty() {
        return Ok(scopes);
    }
    Err(InvalidConfig(format!(
        "SPAKE_ANONYMOUS_SCOPES would give everyone {too_much}; without a key one may have {} at most",
        FOR_ANONYMOUS.into_iter().collect::<Scopes>()
    )))
}

/// The keys in the file at `path`, which nobody but its owner may be able to write.
pub fn read_api_keys(path: &Path) -> Result<ApiKeys, InvalidConfig> {
    let wrong = |why: String| InvalidConfig(format!("SPAKE_API_KEYS_FILE: {}: {why}", path.display()));
    let cannot_read = |error: std::io::Error| wrong(format!("cannot be read: {error}"));
    let file = File::open(path).map_err(cannot_read)?;
    let metadata = file.metadata().map_err(cannot_read)?;
    if metadata.mode() & 0o022 != 0 {
        return Err(wrong(format!(
            "others than its owner may write it (mode {:04o}) and so give themselves keys; chmod go-w",
            metadata.mode() & 0o7777
        )));
    }
    let own = rustix::process::geteuid().as_raw();
    if ![0, own].contains(&metadata.uid()) {
        return Err(wrong(format!(
            "belongs to user {}, who may write it and so give itself keys; it must be root's or this service's own",
            metadata.uid()
        )));
    }
    // Somebody may have put a key itself into it.
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_LEN + 1).read_to_string(&mut text).map_err(cannot_read)?;
    if text.len() as u64 > MAX_LEN {
        return Err(wrong("is longer than 1 MiB; is it a keys file?".to_owned()));
    }
    ApiKeys::parse(&text).map_err(|invalid| wrong(invalid.to_string()))
}
