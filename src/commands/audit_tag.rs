//! `spake-service audit-tag`.

use std::sync::Arc;

use clap::Args;

use super::{Failure, run_async, say};
use crate::config::{StoreArgs, StoreConfig};
use crate::domain::audit::Tag;
use crate::domain::ids::{CredentialId, SessionId};
use crate::domain::keyspace;
use crate::domain::time::SystemClock;
use crate::server::open_store;

#[derive(Args)]
pub(super) struct AuditTagArgs {
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Subject {
    /// Id of a session
    #[arg(long, value_name = "ID")]
    session: Option<String>,

    /// Id of a credential, whether it exists or not
    #[arg(long, value_name = "ID")]
    credential: Option<String>,
}

enum Id {
    Session(SessionId),
    Credential(CredentialId),
}

pub(super) fn audit_tag(args: &AuditTagArgs) -> Result<(), Failure> {
    let id = args.subject.id()?;
    let mut config = StoreConfig::from_args(&args.store).map_err(Failure::usage)?;
    match &mut config {
        StoreConfig::Memory => {
            return Err(Failure::usage(
                "audit-tag needs the service's store, where the key of the tags is: set REDIS_URL or SPAKE_DATA_DIR, \
                 and SPAKE_STATE_KEYS",
            ));
        }
        // Who looks something up changes nothing.
        StoreConfig::Redis { migrate, .. } => *migrate = false,
        StoreConfig::File { .. } => {}
    }
    run_async(async {
        let store = open_store(config, Arc::new(SystemClock::start())).await.map_err(Failure::start)?;
        let facts = keyspace::read(&*store.keyspace, &store.sealer).await;
        let facts = facts.map_err(|error| Failure::start(error.into()))?;
        let facts = facts.ok_or_else(|| Failure::usage("no service has used this store yet"))?;
        let tag = match id {
            Id::Session(id) => Tag::of_session(&facts.seed, &id),
            Id::Credential(id) => Tag::of_credential(&facts.seed, &id),
        };
        say(format_args!("{tag}\n"));
        Ok(())
    })
}

impl Subject {
    fn id(&self) -> Result<Id, Failure> {
        let session = self.session.as_deref().map(|id| {
            SessionId::parse(id).map(Id::Session).map_err(|why| Failure::usage(format!("--session {why}")))
        });
        let credential = self.credential.as_deref().map(|id| {
            let parsed = CredentialId::parse(id).map(Id::Credential);
            parsed.map_err(|why| Failure::usage(format!("--credential {why}")))
        });
        session.or(credential).unwrap_or_else(|| Err(Failure::usage("--session or --credential is required")))
    }
}
