//! Where sessions live: the variables and flags that every command with a store takes.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{ArgAction, Args};

use super::secrets::{self, Found};
use super::{InvalidConfig, parse};
use crate::domain::sealing::{KeyRing, Sealer};
use crate::store::redis::{SentinelLogin, Settings, Tls, Topology};

/// The name of the embedded store's keyspace; one file holds one.
const EMBEDDED_PREFIX: &str = "spake";

/// Which store, and how to reach it.
#[derive(Args)]
pub struct StoreArgs {
    /// Directory of the embedded store's file; without it sessions live in memory
    #[arg(long, env = "SPAKE_DATA_DIR", value_name = "DIR", value_parser = parse::directory)]
    data_dir: Option<PathBuf>,

    /// File with the keys that seal what is stored, as `spake-service keygen` prints them; re-read when it changes
    #[arg(long, env = "SPAKE_STATE_KEYS_FILE", value_name = "FILE")]
    state_keys_file: Option<PathBuf>,

    /// File with the REDIS_URL
    #[arg(long, env = "REDIS_URL_FILE", value_name = "FILE")]
    redis_url_file: Option<PathBuf>,

    #[command(flatten)]
    redis: RedisArgs,
}

#[derive(Args)]
struct RedisArgs {
    /// Name of the master that the Sentinels in REDIS_URL watch
    #[arg(long, env = "SPAKE_REDIS_SENTINEL_MASTER", value_name = "NAME", value_parser = parse::name)]
    redis_sentinel_master: Option<String>,

    /// ACL user at the Sentinels; user and password in REDIS_URL are those of Redis itself
    #[arg(long, env = "SPAKE_REDIS_SENTINEL_USERNAME", value_name = "USER")]
    redis_sentinel_username: Option<String>,

    /// File with the password at the Sentinels
    #[arg(long, env = "SPAKE_REDIS_SENTINEL_PASSWORD_FILE", value_name = "FILE")]
    redis_sentinel_password_file: Option<PathBuf>,

    /// PEM file with the certificates that may sign that of Redis [default: the system's]
    #[arg(long, env = "SPAKE_REDIS_CA", value_name = "FILE")]
    redis_ca: Option<PathBuf>,

    /// PEM file with our certificate, for a Redis that asks for one
    #[arg(long, env = "SPAKE_REDIS_CERT", value_name = "FILE")]
    redis_cert: Option<PathBuf>,

    /// PEM file with the key of our certificate
    #[arg(long, env = "SPAKE_REDIS_KEY", value_name = "FILE")]
    redis_key: Option<PathBuf>,

    /// Time for a request to Redis: connecting, waiting and answering together
    #[arg(long, env = "SPAKE_REDIS_TIMEOUT", default_value = "2s", value_name = "DURATION", value_parser = parse::redis_timeout)]
    redis_timeout: Duration,

    /// Connections to Redis, which all requests share
    #[arg(long, env = "SPAKE_REDIS_CONNECTIONS", default_value = "2", value_name = "N", value_parser = parse::connections)]
    redis_connections: usize,

    /// First part of every key in Redis
    #[arg(long, env = "SPAKE_REDIS_PREFIX", default_value = "spake", value_name = "TEXT", value_parser = parse::prefix)]
    redis_prefix: String,

    /// Replicas of Redis that must have a guess before its answer leaves
    #[arg(long, env = "SPAKE_REDIS_WAIT_REPLICAS", default_value = "0", value_name = "N", value_parser = parse::replicas)]
    redis_wait_replicas: usize,

    /// Apply pending migrations at start; otherwise `spake-service migrate` does
    #[arg(long, env = "SPAKE_REDIS_MIGRATE", default_value = "true", value_name = "BOOL",
        action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = parse::boolean)]
    redis_migrate: bool,
}

/// Where sessions live, and the keys that seal them.
pub enum StoreConfig {
    /// In this process, under a key that ends with it.
    Memory,
    /// In a file in this directory.
    File {
        /// The directory.
        directory: PathBuf,
        /// The operator's keys.
        keys: StateKeys,
    },
    /// In Redis.
    Redis {
        /// Which, and how.
        settings: Box<Settings>,
        /// Whether a start applies pending migrations.
        migrate: bool,
        /// The operator's keys.
        keys: StateKeys,
    },
}

/// The operator's keys, and the file to look at for newer ones.
pub struct StateKeys {
    /// The keys as they were read.
    pub ring: KeyRing,
    /// Where they came from, unless from a variable.
    pub file: Option<PathBuf>,
}

impl StateKeys {
    /// Reads a key file again, into `sealer`.
    pub fn reread(file: &Path, sealer: &Sealer) -> Result<(), InvalidConfig> {
        let found = secrets::STATE_KEYS.read_file(file)?;
        let ring = KeyRing::parse(&found.text);
        ring.and_then(|ring| sealer.replace_ring(ring)).map_err(|error| found.wrong(error))
    }
}

impl StoreConfig {
    /// The name of the keyspace, which everything sealed is bound to.
    pub fn prefix(&self) -> &str {
        match self {
            Self::Memory | Self::File { .. } => EMBEDDED_PREFIX,
            Self::Redis { settings, .. } => &settings.prefix,
        }
    }

    /// Checks what the arguments mean together.
    pub fn from_args(args: &StoreArgs) -> Result<Self, InvalidConfig> {
        let keys = secrets::STATE_KEYS.read(args.state_keys_file.as_deref())?;
        let keys =
            keys.map(|found| KeyRing::parse(&found.text).map_err(|error| found.wrong(error))).transpose()?;
        let keys = keys.map(|ring| StateKeys { ring, file: args.state_keys_file.clone() });
        let url = secrets::REDIS_URL.read(args.redis_url_file.as_deref())?;
        match (url, &args.data_dir) {
            (None, None) => Ok(Self::Memory),
            (None, Some(directory)) => {
                let keys = keys.ok_or_else(|| needs_keys("SPAKE_DATA_DIR"))?;
                Ok(Self::File { directory: directory.clone(), keys })
            }
            (Some(url), None) => {
                let settings = settings(&url, &args.redis)?;
                let migrate = args.redis.redis_migrate;
                Ok(Self::Redis {
                    settings: Box::new(settings),
                    migrate,
                    keys: keys.ok_or_else(|| needs_keys(&url.variable))?,
                })
            }
            (Some(url), Some(_)) => Err(InvalidConfig(format!(
                "{} and SPAKE_DATA_DIR are both set; sessions live in one place: set one",
                url.variable
            ))),
        }
    }
}

fn needs_keys(variable: &str) -> InvalidConfig {
    InvalidConfig(format!(
        "{variable} needs SPAKE_STATE_KEYS, the keys that seal what is stored; `spake-service keygen` prints one"
    ))
}

fn settings(url: &Found, args: &RedisArgs) -> Result<Settings, InvalidConfig> {
    let password = secrets::SENTINEL_PASSWORD.read(args.redis_sentinel_password_file.as_deref())?;
    let login = SentinelLogin {
        username: args.redis_sentinel_username.clone(),
        password: password.map(|found| found.text.to_string()),
    };
    if args.redis_sentinel_master.is_none() && (login.username.is_some() || login.password.is_some()) {
        return Err(InvalidConfig(
            "SPAKE_REDIS_SENTINEL_USERNAME and _PASSWORD are of no use without SPAKE_REDIS_SENTINEL_MASTER"
                .to_owned(),
        ));
    }
    let sentinel = args.redis_sentinel_master.clone().map(|master| (master, login));
    let topology = Topology::parse(&url.text, sentinel).map_err(|error| url.wrong(error))?;
    if !topology.uses_tls() && (args.redis_ca.is_some() || args.redis_cert.is_some()) {
        return Err(url.wrong("begins with redis://, which uses no SPAKE_REDIS_CA or _CERT: write rediss://"));
    }
    Ok(Settings {
        topology,
        tls: tls(args)?,
        timeout: args.redis_timeout,
        connections: args.redis_connections,
        prefix: args.redis_prefix.clone(),
        wait_replicas: args.redis_wait_replicas,
    })
}

fn tls(args: &RedisArgs) -> Result<Tls, InvalidConfig> {
    let client = match (&args.redis_cert, &args.redis_key) {
        (None, None) => None,
        (Some(cert), Some(key)) => Some((
            read_pem("SPAKE_REDIS_CERT", cert, "CERTIFICATE")?,
            read_pem("SPAKE_REDIS_KEY", key, "PRIVATE KEY")?,
        )),
        _ => {
            let sentence = "SPAKE_REDIS_CERT and SPAKE_REDIS_KEY belong together; set both";
            return Err(InvalidConfig(sentence.to_owned()));
        }
    };
    let ca = args.redis_ca.as_deref().map(|path| read_pem("SPAKE_REDIS_CA", path, "CERTIFICATE"));
    Ok(Tls { ca: ca.transpose()?, client })
}

fn read_pem(variable: &str, path: &Path, kind: &str) -> Result<Vec<u8>, InvalidConfig> {
    let wrong =
        |what: &dyn std::fmt::Display| InvalidConfig(format!("{variable}: {}: {what}", path.display()));
    let pem = std::fs::read(path).map_err(|error| wrong(&error))?;
    // The TLS library takes a file without any for an empty list.
    if String::from_utf8_lossy(&pem).contains(&format!("{kind}-----")) {
        Ok(pem)
    } else {
        Err(wrong(&format_args!("holds no {} in PEM", kind.to_lowercase())))
    }
}

/// Where sessions are, for people.
impl fmt::Display for StoreConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("sessions in memory"),
            Self::File { directory, .. } => write!(f, "sessions in {}", directory.display()),
            Self::Redis { settings, .. } => write!(f, "sessions in Redis under `{}:`", settings.prefix),
        }
    }
}
