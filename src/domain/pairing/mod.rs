//! The use cases of pairing (SPAKE2): what each endpoint does, between a parsed request and a typed answer.

mod error;
mod records;

use std::sync::Arc;
use std::time::Duration;

pub use error::{Malformed, PairingError, Refusal};
use spake_protocol::spake2::{AwaitingConfirmationA, ConfirmationA, PartyB, Setting, ShareA, ShareB, W};
use spake_protocol::stretch::Kdf;
use spake_protocol::{Password, SharedSecret};

use crate::domain::codec::Formats;
use crate::domain::fingerprint::Fingerprint;
use crate::domain::ids::{ClientId, SessionId};
use crate::domain::keyspace::Facts;
use crate::domain::pairing::records::Records;
use crate::domain::ports::{Created, Cursor, Lifetime, ListError, Page, SessionStore, StoreError, Stored};
use crate::domain::random::{random_bytes, system_rng};
use crate::domain::sealing::Sealer;
use crate::domain::session::{Outcome, Session, Status, Step, Summary};
use crate::domain::stretching::StretchingPool;
use crate::domain::time::Clock;

/// A session changes at most three times in its life; who lost this many races in a row is not racing any more.
const MAX_RACES: usize = 8;

/// What a deployment decides about pairing.
pub struct Policy {
    /// How passwords are stretched.
    pub kdf: Kdf,
    /// How long a session lives, from its creation.
    pub session_ttl: Duration,
}

/// The pairing service of one process. Holds no session itself: any replica with the same store and keys continues.
pub struct Pairing {
    store: Arc<dyn SessionStore>,
    records: Records,
    facts: Facts,
    policy: Policy,
    stretching: StretchingPool,
    clock: Arc<dyn Clock>,
}

/// A new session, to be told to the client.
pub struct Initiated {
    /// The session's id, given or generated.
    pub session_id: SessionId,
    /// pB.
    pub share: ShareB,
    /// The identities and context that the transcript will carry.
    pub setting: Setting,
    /// How the password was stretched.
    pub kdf: Kdf,
    /// When the session ends.
    pub lifetime: Lifetime,
}

/// A session as `GET /spake/status` shows it.
pub struct State {
    /// Status and confirmation.
    pub summary: Summary,
    /// When it began and ends.
    pub lifetime: Lifetime,
}

/// A confirmed session's secret, for a backend.
pub struct ConfirmedSecret {
    state: AwaitingConfirmationA,
    client_id: ClientId,
}

impl ConfirmedSecret {
    /// The secret; the client has shown that it knows it.
    pub fn shared_secret(&self) -> &SharedSecret {
        self.state.unconfirmed_secret()
    }

    /// Party A, as the initiator named it.
    pub fn client_id(&self) -> &ClientId {
        &self.client_id
    }
}

/// The sessions of a store, a page at a time.
pub struct Listing {
    /// How many there are in all.
    pub active: u64,
    /// This page.
    pub page: Page,
}

impl Pairing {
    /// A pairing service over `store`, whose keyspace was joined with `facts`.
    pub fn new(
        store: Arc<dyn SessionStore>,
        sealer: Arc<Sealer>,
        formats: Formats,
        facts: Facts,
        policy: Policy,
        stretching: StretchingPool,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            records: Records::new(store.clone(), sealer, formats),
            store,
            facts,
            policy,
            stretching,
            clock,
        }
    }

    /// Stretches the password, draws the service's share and opens a session.
    ///
    /// The password and what is stretched from it are wiped here; the session keeps y and w, sealed, until the
    /// exchange.
    pub async fn initiate(
        &self,
        session_id: Option<SessionId>,
        password: Password,
        client_id: ClientId,
    ) -> Result<Initiated, PairingError> {
        let session_id = session_id.unwrap_or_else(|| SessionId::generate(self.clock.now(), random_bytes()));
        // Asked before the stretching, which costs a thousand times more; decided by the creation after it.
        if self.store.read(&session_id).await?.is_some() {
            return Err(Refusal::AlreadyExists.into());
        }
        let setting = Setting::new(
            client_id.as_str().as_bytes(),
            self.facts.server_id.as_bytes(),
            self.facts.context.as_bytes(),
        )
        .map_err(|error| PairingError::Internal(error.to_string()))?;
        let kdf = self.policy.kdf.clone();
        let w = {
            let (setting, kdf) = (setting.clone(), kdf.clone());
            self.stretching.run(move || W::stretch(&password, &setting, &kdf)).await?
        }
        .map_err(|error| PairingError::Internal(error.to_string()))?;
        let party_b = PartyB::start(setting.clone(), w, &mut system_rng());
        let share = party_b.share().clone();
        let session = Session::initiated(client_id, party_b);
        match self.records.create(&session_id, &session, self.policy.session_ttl).await? {
            Created::New(lifetime) => Ok(Initiated { session_id, share, setting, kdf, lifetime }),
            Created::Exists => Err(Refusal::AlreadyExists.into()),
        }
    }

    /// Finishes the protocol with the client's share, and judges its confirmation if it sent one.
    pub async fn exchange(
        &self,
        session_id: &SessionId,
        share: Result<ShareA, Malformed>,
        confirmation: Result<Option<ConfirmationA>, Malformed>,
    ) -> Result<Outcome, PairingError> {
        let fields = [
            share.as_ref().map_or(&[][..], |share| share.as_bytes()),
            confirmation.as_ref().ok().and_then(Option::as_ref).map_or(&[][..], |c| c.as_bytes()),
        ];
        let request = Fingerprint::new(&self.facts.seed, "exchange", session_id, &fields);
        self.step(session_id, |session| {
            let confirmation = confirmation.as_ref().map(|c| c.as_ref().map(again)).map_err(|m| *m);
            session.exchange(share.clone(), confirmation, request)
        })
        .await
    }

    /// Judges the client's confirmation: the session's one guess.
    pub async fn confirm(
        &self,
        session_id: &SessionId,
        confirmation: Result<ConfirmationA, Malformed>,
    ) -> Result<Outcome, PairingError> {
        let field = confirmation.as_ref().map_or(&[][..], |confirmation| confirmation.as_bytes());
        let request = Fingerprint::new(&self.facts.seed, "confirm", session_id, &[field]);
        self.step(session_id, |session| {
            session.confirm(confirmation.as_ref().map(again).map_err(|malformed| *malformed), request)
        })
        .await
    }

    /// Where a session is in its life.
    pub async fn status(&self, session_id: &SessionId) -> Result<State, PairingError> {
        let (session, stored) = self.settled(session_id).await?;
        Ok(State { summary: session.summary(), lifetime: stored.lifetime })
    }

    /// The secret of a confirmed session.
    pub async fn secret(&self, session_id: &SessionId) -> Result<ConfirmedSecret, PairingError> {
        let (session, _) = self.settled(session_id).await?;
        let client_id = session.client_id().clone();
        Ok(ConfirmedSecret { state: session.secret()?, client_id })
    }

    /// Forgets a session and its secrets, whatever its status.
    pub async fn cleanup(&self, session_id: &SessionId) -> Result<(), PairingError> {
        if self.store.delete(session_id).await? { Ok(()) } else { Err(Refusal::NotFound.into()) }
    }

    /// A page of the sessions that are alive, and how many there are.
    pub async fn sessions(
        &self,
        cursor: Option<&Cursor>,
        limit: usize,
        status: Option<Status>,
    ) -> Result<Listing, ListError> {
        let active = self.store.count().await?;
        Ok(Listing { active, page: self.store.list(cursor, limit, status).await? })
    }

    /// Reads, steps and writes until the answer belongs to the state that is stored: an answer that depends on the
    /// password leaves only if its write has won; a loser answers as if it had come later.
    async fn step(
        &self,
        session_id: &SessionId,
        step: impl Fn(Session) -> Step + Send,
    ) -> Result<Outcome, PairingError> {
        for _ in 0..MAX_RACES {
            let (session, stored) = self.records.read(session_id).await?;
            let Step { write, answer } = step(session);
            let won = match write {
                // The answer is another request's, whose write may not be safe yet.
                None => self.records.settle(session_id, stored.revision).await?,
                Some(next) => self.records.replace(session_id, stored.revision, &next).await?,
            };
            if won {
                return Ok(answer?);
            }
        }
        Err(faster_than_read())
    }

    /// A session as it is safe to tell: what a guess has come to is an answer to it, whoever asks.
    async fn settled(&self, session_id: &SessionId) -> Result<(Session, Stored), PairingError> {
        for _ in 0..MAX_RACES {
            let (session, stored) = self.records.read(session_id).await?;
            if self.records.settle(session_id, stored.revision).await? {
                return Ok((session, stored));
            }
        }
        Err(faster_than_read())
    }
}

fn faster_than_read() -> PairingError {
    StoreError::Unavailable("a session changed faster than it could be read".to_owned()).into()
}

fn again(confirmation: &ConfirmationA) -> ConfirmationA {
    ConfirmationA::from(*confirmation.as_bytes())
}
