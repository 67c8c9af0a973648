//! Accounts out of one store and into another, as JSON lines: sealed all the way.

use std::io::{BufRead, IsTerminal};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde::{Deserialize, Serialize};

use crate::commands::{Failure, run_async, say};
use crate::config::{StoreArgs, StoreConfig};
use crate::domain::accounts::decode_sealed;
use crate::domain::ids::CredentialId;
use crate::domain::keyspace;
use crate::domain::ports::{Condition, CredentialEntry, Cursor, Put};
use crate::domain::sealing::{Purpose, Sealer};
use crate::domain::time::SystemClock;
use crate::server::{OpenStore, StartError, open_store};

const PAGE: usize = 1000;

#[derive(Args)]
pub(super) struct ExportArgs {
    /// Go on after this account: the last line that an interrupted export has written
    #[arg(long, value_name = "ID")]
    after: Option<String>,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Args)]
pub(super) struct ImportArgs {
    /// SPAKE_REDIS_PREFIX of the store that the lines come from [default: that of this store]
    #[arg(long, value_name = "TEXT")]
    from_prefix: Option<String>,
    #[command(flatten)]
    store: StoreArgs,
}

/// One account. What is sealed opens under the same state keys only.
#[derive(Serialize, Deserialize)]
struct Line {
    credential_id: String,
    sealed: String,
}

pub(super) fn export(args: &ExportArgs) -> Result<(), Failure> {
    let config = config(&args.store)?;
    run_async(async {
        let opened = open(config).await?;
        // Records that these keys do not open would be no copy.
        let facts = keyspace::read(&*opened.keyspace, &opened.sealer).await;
        facts.map_err(|error| Failure::start(error.into()))?;
        let store = opened.credentials;
        let mut cursor = args.after.clone().map(Cursor);
        let mut progress = Progress::new();
        loop {
            let page = store.list_credentials(cursor.as_ref(), PAGE).await.map_err(Failure::run)?;
            for listed in page.credentials {
                // One that was removed meanwhile is no loss.
                let Some(stored) = store.get(&listed.id).await.map_err(Failure::run)? else { continue };
                let sealed = STANDARD.encode(stored.sealed);
                let line = Line { credential_id: listed.id.to_string(), sealed };
                say(format_args!("{}\n", serde_json::to_string(&line).map_err(Failure::run)?));
                progress.exported();
            }
            match page.next {
                Some(next) => cursor = Some(next),
                None => return progress.end(),
            }
        }
    })
}

pub(super) fn import(args: &ImportArgs) -> Result<(), Failure> {
    let (config, source) = (config(&args.store)?, config(&args.store)?);
    let prefix = args.from_prefix.clone().unwrap_or_else(|| source.prefix().to_owned());
    let source = match source {
        StoreConfig::File { keys, .. } | StoreConfig::Redis { keys, .. } => Sealer::new(keys.ring, &prefix),
        StoreConfig::Memory => return Err(needs_a_store()),
    };
    run_async(async {
        let store = open(config).await?;
        let mut progress = Progress::new();
        for (number, line) in (1_usize..).zip(std::io::stdin().lock().lines()) {
            let line = line.map_err(|error| Failure::run(format!("standard input: {error}")))?;
            if line.trim().is_empty() {
                continue;
            }
            let wrong = |why: &dyn std::fmt::Display| Failure::run(format!("line {number}: {why}"));
            let (id, entry) = read(&line, &source, &store.sealer).map_err(|why| wrong(&why))?;
            match store.credentials.put(&id, entry, Condition::Absent).await.map_err(|e| wrong(&e))? {
                Put::Refused => progress.skipped(),
                Put::Created(_) | Put::Replaced(_) => progress.imported(),
            }
        }
        progress.end()
    })
}

/// Opens a line's record, which shows that it is one, and seals it for its new place.
fn read(line: &str, source: &Sealer, target: &Sealer) -> Result<(CredentialId, CredentialEntry), String> {
    let line: Line =
        serde_json::from_str(line).map_err(|error| format!("not an exported account: {error}"))?;
    let id = CredentialId::parse(&line.credential_id).map_err(|error| format!("credential_id {error}"))?;
    let sealed = STANDARD.decode(line.sealed).map_err(|error| format!("sealed: {error}"))?;
    let record = source.open(Purpose::Credential, id.as_str(), &sealed).map_err(|error| error.to_string())?;
    let (generation, disabled) = decode_sealed(&record).map_err(|error| error.to_string())?;
    let sealed = target.seal(Purpose::Credential, id.as_str(), &record);
    Ok((id, CredentialEntry { sealed, generation, disabled }))
}

fn config(args: &StoreArgs) -> Result<StoreConfig, Failure> {
    match StoreConfig::from_args(args).map_err(Failure::usage)? {
        StoreConfig::Memory => Err(needs_a_store()),
        config => Ok(config),
    }
}

fn needs_a_store() -> Failure {
    Failure::usage(
        "accounts in memory end with their service: set REDIS_URL or SPAKE_DATA_DIR, and SPAKE_STATE_KEYS",
    )
}

async fn open(config: StoreConfig) -> Result<OpenStore, Failure> {
    open_store(config, Arc::new(SystemClock::start()))
        .await
        .map_err(|error: StartError| Failure::start(error))
}

/// How far it is, on a terminal now and then, and at the end.
struct Progress {
    counts: [(usize, &'static str); 3],
    told: Instant,
}

impl Progress {
    fn new() -> Self {
        let counts = [(0, "exported"), (0, "imported"), (0, "there already")];
        Self { counts, told: Instant::now() }
    }

    fn exported(&mut self) {
        self.count(0);
    }

    fn imported(&mut self) {
        self.count(1);
    }

    fn skipped(&mut self) {
        self.count(2);
    }

    fn count(&mut self, which: usize) {
        if let Some((count, _)) = self.counts.get_mut(which) {
            *count += 1;
        }
        if self.told.elapsed() > Duration::from_millis(200) && std::io::stderr().is_terminal() {
            self.told = Instant::now();
            self.tell("\r", "");
        }
    }

    fn end(&self) -> Result<(), Failure> {
        let begin = if std::io::stderr().is_terminal() { "\r" } else { "" };
        self.tell(begin, "\n");
        Ok(())
    }

    fn tell(&self, begin: &str, end: &str) {
        let counts: Vec<_> = self.counts.iter().filter(|(count, _)| *count > 0).collect();
        let texts: Vec<_> = counts.iter().map(|(count, what)| format!("{count} {what}")).collect();
        let text = if texts.is_empty() { "no accounts".to_owned() } else { texts.join(", ") };
        // Standard output has the lines.
        drop(std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("{begin}{text}{end}")));
    }
}
