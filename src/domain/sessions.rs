//! The use cases of every session, whatever its protocol: confirm, status, secret, cleanup, list; and the loop by which
//! a session goes from one state to the next.

use std::sync::Arc;

use spake_protocol::SharedSecret;

use crate::domain::access::{Caller, Owner, Scope};
use crate::domain::codec::Formats;
use crate::domain::fingerprint::Fingerprint;
use crate::domain::ids::{ClientId, CredentialId, SessionId};
use crate::domain::keyspace::Facts;
use crate::domain::pending::Pending;
use crate::domain::ports::{
    Completed, Completion, Cursor, Lifetime, ListError, LoginStore, Meter, Page, Revision, SessionStore,
    StoreError, Stored, Swap, Unmetered,
};
use crate::domain::records::Records;
use crate::domain::refusal::{Malformed, Refusal, ServiceError};
use crate::domain::sealing::Sealer;
use crate::domain::session::{
    Confirmation, LoginSession, Outcome, Session, SessionEvent, Status, Step, Summary, Write,
};

/// A session changes at most three times in its life; who lost this many races in a row is not racing any more.
pub(in crate::domain) const MAX_RACES: usize = 8;

/// What all use cases of sessions share. Holds no session itself: any replica with the same store and keys continues.
pub struct Sessions {
    pub(in crate::domain) records: Records,
    pub(in crate::domain) logins: Arc<dyn LoginStore>,
    pub(in crate::domain) facts: Arc<Facts>,
    pub(in crate::domain) meter: Arc<dyn Meter>,
}

/// A session as `GET /spake/status` shows it.
pub struct State {
    /// Protocol, status and confirmation.
    pub summary: Summary,
    /// When it began and ends.
    pub lifetime: Lifetime,
}

/// What an exchange or a confirmation has come to, and whose the session is.
pub struct Stepped {
    /// The outcome.
    pub outcome: Outcome,
    /// `None`: nobody's.
    owner: Option<Owner>,
}

/// A confirmed session's secret, for a backend.
pub struct ConfirmedSecret {
    /// The secret; the client has shown that it knows it.
    pub secret: SharedSecret,
    /// Who the client is.
    pub client: Client,
}

/// Who is on the other side of a session.
pub enum Client {
    /// Party A of a pairing, as the initiator named it.
    Pairing(ClientId),
    /// The owner of a credential.
    Login(CredentialId),
}

/// The sessions of a store, a page at a time.
pub struct Listing {
    /// How many there are in all.
    pub active: u64,
    /// This page.
    pub page: Page,
}

impl Stepped {
    /// The shared secret, if `caller` may have it: one that may read secrets, of a session that shows to it, and
    /// before the confirmation only one that may have it unconfirmed.
    pub fn secret_for(&self, caller: &Caller) -> Option<&SharedSecret> {
        let may = caller.may(Scope::SecretRead)
            && (self.outcome.is_confirmed() || caller.may(Scope::SecretUnconfirmed))
            && self.owner.as_ref().is_none_or(|owner| owner.shows_to(caller));
        may.then(|| self.outcome.shared_secret())
    }
}

/// What became of a write.
enum Written {
    Won,
    Lost,
    /// Something else was written in its place, and the answer is this.
    Instead(Refusal),
}

impl Sessions {
    /// Sessions in `store`, whose keyspace was joined with `facts`.
    pub fn new(
        store: Arc<dyn SessionStore>,
        logins: Arc<dyn LoginStore>,
        sealer: Arc<Sealer>,
        formats: Formats,
        facts: impl Into<Arc<Facts>>,
    ) -> Self {
        let records = Records::new(store, sealer, formats);
        Self { records, logins, facts: facts.into(), meter: Arc::new(Unmetered) }
    }

    /// The same, and `meter` is told what becomes of sessions and logins.
    #[must_use]
    pub fn metered(self, meter: Arc<dyn Meter>) -> Self {
        Self { meter, ..self }
    }

    /// Judges the client's confirmation: the session's one guess. For a caller that may be no client of such a session it
    /// is not there.
    pub async fn confirm(
        &self,
        id: &SessionId,
        caller: &Caller,
        confirmation: Result<Confirmation, Malformed>,
    ) -> Result<Stepped, ServiceError> {
        let field = confirmation.as_ref().map_or(&[][..], |Confirmation(bytes)| bytes);
        let request = Fingerprint::new(&self.facts.seed, "confirm", id, &[field]);
        self.step(id, request, |session| match session.is_confirmed_by(caller) {
            true => session.confirm(confirmation, request),
            false => Step::refuse(Refusal::NotFound),
        })
        .await
    }

    /// Where a session is in its life, for a caller that may know of it.
    pub async fn status(&self, id: &SessionId, caller: &Caller) -> Result<State, ServiceError> {
        let (session, stored) = self.settled(id, caller).await?;
        Ok(State { summary: session.summary(), lifetime: stored.lifetime })
    }

    /// The secret of a confirmed session, for a caller that may know of it.
    pub async fn secret(&self, id: &SessionId, caller: &Caller) -> Result<ConfirmedSecret, ServiceError> {
        match self.settled(id, caller).await?.0 {
            Session::Pairing(session) => {
                let client = Client::Pairing(session.parties().client_id.clone());
                Ok(ConfirmedSecret { secret: session.secret()?, client })
            }
            Session::Login(session) => {
                let client = Client::Login(session.credential().clone());
                Ok(ConfirmedSecret { secret: session.secret()?, client })
            }
        }
    }

    /// Forgets a session and its secrets, whatever its status: for its owner, and for administrators.
    pub async fn cleanup(&self, id: &SessionId, caller: &Caller) -> Result<(), ServiceError> {
        if caller.may(Scope::SessionAdmin) {
            let removed = self.records.store.delete(id, None).await? == Swap::Won;
            return if removed { Ok(()) } else { Err(Refusal::NotFound.into()) };
        }
        for _ in 0..MAX_RACES {
            let (session, stored) = self.records.read(id).await?;
            if !session.owner().is_some_and(|owner| owner.is_removable_by(caller)) {
                return Err(Refusal::NotFound.into());
            }
            // The state that was read: under the same id there may be another's session meanwhile.
            if self.records.store.delete(id, Some(stored.revision)).await? == Swap::Won {
                return Ok(());
            }
        }
        Err(faster_than_read())
    }

    /// A page of the sessions that are alive, and how many there are.
    pub async fn list(
        &self,
        cursor: Option<&Cursor>,
        limit: usize,
        status: Option<Status>,
    ) -> Result<Listing, ListError> {
        let active = self.records.store.count().await?;
        Ok(Listing { active, page: self.records.store.list(cursor, limit, status).await? })
    }

    /// Reads, steps and writes until the answer belongs to the state that is stored: an answer that depends on the
    /// password leaves only if its write has won; a loser answers as if it had come later.
    pub(in crate::domain) async fn step(
        &self,
        id: &SessionId,
        request: Fingerprint,
        step: impl Fn(Session) -> Step + Send,
    ) -> Result<Stepped, ServiceError> {
        for _ in 0..MAX_RACES {
            let (session, stored) = self.records.read(id).await?;
            let (owner, before) = (session.owner().cloned(), session.summary());
            let Step { write, answer } = step(session);
            let written = match write {
                // The answer is another request's, whose write may not be safe yet.
                None if self.records.settle(id, stored.revision).await? => Written::Won,
                None => Written::Lost,
                Some(write) => self.write(id, stored.revision, before, write, request).await?,
            };
            match written {
                Written::Won => return Ok(Stepped { outcome: answer?, owner }),
                Written::Instead(refusal) => return Err(refusal.into()),
                Written::Lost => {}
            }
        }
        Err(faster_than_read())
    }

    /// Writes the state that follows on `before`, and has it counted if it won.
    async fn write(
        &self,
        id: &SessionId,
        expected: Revision,
        before: Summary,
        Write { session, refund }: Write,
        request: Fingerprint,
    ) -> Result<Written, ServiceError> {
        let Some(refund) = refund else {
            return self.replace(id, expected, before, &session).await;
        };
        let completion = Completion {
            session: id.clone(),
            expected,
            entry: self.records.entry(id, &session)?,
            attempt: refund.attempt,
            generation: refund.generation,
        };
        let counted = self.pending(before, &session);
        let completed = self.logins.complete(&refund.credential, completion).await;
        counted.end(match &completed {
            Ok(completed) => matches!(completed, Completed::Won),
            Err(error) => error.leaves_doubt(),
        });
        match completed? {
            Completed::Won => Ok(Written::Won),
            Completed::Lost => Ok(Written::Lost),
            Completed::Stale => {
                let burned = LoginSession::burned(refund.credential, request).session;
                Ok(match self.replace(id, expected, before, &burned).await? {
                    Written::Won => Written::Instead(Refusal::ConfirmationFailed),
                    written => written,
                })
            }
        }
    }

    async fn replace(
        &self,
        id: &SessionId,
        expected: Revision,
        before: Summary,
        after: &Session,
    ) -> Result<Written, ServiceError> {
        let counted = self.pending(before, after);
        let won = self.records.replace(id, expected, after).await;
        counted.end(match &won {
            Ok(won) => *won,
            Err(ServiceError::Store(error)) => error.leaves_doubt(),
            Err(_) => false,
        });
        Ok(if won? { Written::Won } else { Written::Lost })
    }

    fn pending(&self, before: Summary, after: &Session) -> Pending<'_, impl Iterator<Item = SessionEvent>> {
        Pending::of(&*self.meter, before.protocol, SessionEvent::between(before, after.summary()))
    }

    /// A session as it is safe to tell: what a guess has come to is an answer to it, whoever asks. To whom it does not
    /// show, it is not there.
    async fn settled(&self, id: &SessionId, caller: &Caller) -> Result<(Session, Stored), ServiceError> {
        for _ in 0..MAX_RACES {
            let (session, stored) = self.records.read(id).await?;
            if !session.shows_to(caller) {
                return Err(Refusal::NotFound.into());
            }
            if self.records.settle(id, stored.revision).await? {
                return Ok((session, stored));
            }
        }
        Err(faster_than_read())
    }
}

pub(in crate::domain) fn faster_than_read() -> ServiceError {
    StoreError::Unavailable("a session changed faster than it could be read".to_owned()).into()
}
