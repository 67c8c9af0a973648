//! The use cases of pairing (SPAKE2): initiate, exchange.

use std::sync::Arc;
use std::time::Duration;

use spake_protocol::Password;
use spake_protocol::spake2::{ConfirmationA, PartyB, Setting, ShareA, ShareB, W};
use spake_protocol::stretch::Kdf;

use crate::domain::fingerprint::Fingerprint;
use crate::domain::ids::SessionId;
use crate::domain::ports::{Created, Lifetime};
use crate::domain::random::{random_bytes, system_rng};
use crate::domain::refusal::{Malformed, Refusal, ServiceError};
use crate::domain::session::{PairingSession, Parties, Protocol, Session, SessionEvent, Step};
use crate::domain::sessions::{Sessions, Stepped};
use crate::domain::stretching::StretchingPool;
use crate::domain::time::Clock;

/// What a deployment decides about pairing.
pub struct PairingPolicy {
    /// How passwords are stretched.
    pub kdf: Kdf,
    /// How long a session lives, from its creation.
    pub session_ttl: Duration,
}

/// The pairing service of one process.
pub struct Pairing {
    sessions: Arc<Sessions>,
    policy: PairingPolicy,
    stretching: Arc<StretchingPool>,
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

impl Pairing {
    /// A pairing service for `sessions`.
    pub fn new(
        sessions: Arc<Sessions>,
        policy: PairingPolicy,
        stretching: Arc<StretchingPool>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { sessions, policy, stretching, clock }
    }

    /// Stretches the password, draws the service's share and opens a session.
    ///
    /// The password and what is stretched from it are wiped here; the session keeps y and w, sealed, until the
    /// exchange.
    pub async fn initiate(
        &self,
        session_id: Option<SessionId>,
        password: Password,
        parties: Parties,
    ) -> Result<Initiated, ServiceError> {
        let session_id = session_id.unwrap_or_else(|| SessionId::generate(self.clock.now(), random_bytes()));
        // Asked before the stretching, which costs a thousand times more; decided by the creation after it.
        if self.sessions.records.store.read(&session_id).await?.is_some() {
            return Err(Refusal::AlreadyExists.into());
        }
        let setting = Setting::new(
            parties.client_id.as_str().as_bytes(),
            self.sessions.facts.server_id.as_bytes(),
            self.sessions.facts.context.as_bytes(),
        )
        .map_err(|error| ServiceError::Internal(error.to_string()))?;
        let kdf = self.policy.kdf.clone();
        let unstretched = W::unstretched(&password, &setting, &kdf);
        drop(password);
        let w = self.stretching.run(unstretched, W::from_stretched).await?;
        let party_b = PartyB::start(setting.clone(), w, &mut system_rng());
        let share = party_b.share().clone();
        let session = Session::Pairing(PairingSession::initiated(parties, party_b));
        match self.sessions.records.create(&session_id, &session, self.policy.session_ttl).await? {
            Created::New(lifetime) => {
                self.sessions.meter.session(Protocol::Spake2, SessionEvent::Opened);
                Ok(Initiated { session_id, share, setting, kdf, lifetime })
            }
            Created::Exists => Err(Refusal::AlreadyExists.into()),
        }
    }

    /// Finishes the protocol with the client's share, and judges its confirmation if it sent one.
    pub async fn exchange(
        &self,
        session_id: &SessionId,
        share: Result<ShareA, Malformed>,
        confirmation: Result<Option<ConfirmationA>, Malformed>,
    ) -> Result<Stepped, ServiceError> {
        let fields = [
            share.as_ref().map_or(&[][..], |share| share.as_bytes()),
            confirmation.as_ref().ok().and_then(Option::as_ref).map_or(&[][..], |c| c.as_bytes()),
        ];
        let request = Fingerprint::new(&self.sessions.facts.seed, "exchange", session_id, &fields);
        self.sessions
            .step(session_id, request, |session| match session {
                Session::Pairing(session) => {
                    let confirmation = confirmation.as_ref().map(|c| c.as_ref().map(again)).map_err(|m| *m);
                    session.exchange(share.clone(), confirmation, request)
                }
                // A login has no exchange: its first request was all of it.
                Session::Login(_) => Step::refuse(Refusal::InvalidStatus),
            })
            .await
    }
}

fn again(confirmation: &ConfirmationA) -> ConfirmationA {
    ConfirmationA::from(*confirmation.as_bytes())
}
