//! A login's first request: everything but the client's proof.

use std::net::IpAddr;

use spake_protocol::spake2plus::{ShareP, Verifier};

use super::Accounts;
use crate::domain::ids::{CredentialId, SessionId};
use crate::domain::limits::network;
use crate::domain::pending::Pending;
use crate::domain::ports::{
    AttemptId, Budget, CallerTag, Committed, Guesses, Lifetime, Login, LoginView, StoreError, Stored,
};
use crate::domain::random::{random_bytes, system_rng};
use crate::domain::refusal::{Malformed, Refusal, ServiceError};
use crate::domain::session::{Answered, LoginSession, Protocol, Session, SessionEvent};
use crate::domain::sessions::{MAX_RACES, faster_than_read};

/// A login that was answered.
pub struct LoggedIn {
    /// The session, whose id the service made.
    pub session_id: SessionId,
    /// shareV and confirmV.
    pub answered: Answered,
    /// When the session began and ends.
    pub lifetime: Lifetime,
}

impl Accounts {
    /// Answers shareP with shareV and confirmV, which give a guess away: it is counted before they leave.
    ///
    /// `address` is the caller's, if its address has a budget of its own: a caller with a key speaks for many people.
    /// A repeated login with the same share gets the stored answer and costs no second guess. Over the budget nothing
    /// is counted, so that a refusal never extends the lock.
    pub async fn login(
        &self,
        id: &CredentialId,
        share: Result<ShareP, Malformed>,
        address: Option<IpAddr>,
    ) -> Result<LoggedIn, ServiceError> {
        let share = share.map_err(Refusal::from)?;
        let caller = self.tag(id, address);
        let budget = self.budget_of(address);
        let session_id = SessionId::of_login(&self.facts().seed, id, share.as_bytes());
        for _ in 0..MAX_RACES {
            let view = self.logins.view(id, &session_id, caller, budget).await?;
            if let Some(stored) = &view.earlier {
                // A failover may have undone what was read: then it is read again.
                if self.sessions.records.settle(&session_id, stored.revision).await? {
                    return self.answer_again(id, session_id, stored, &share);
                }
                continue;
            }
            if let Some(guesses) = view.over_budget {
                return Err(self.too_many(guesses));
            }
            let attempt = AttemptId::new(random_bytes(), caller);
            let (answered, login) = self.respond(id, &session_id, &view, &share, attempt)?;
            let events = [SessionEvent::Opened, SessionEvent::Answered].into_iter();
            let counted = Pending::of(&*self.sessions.meter, Protocol::Spake2Plus, events);
            let committed = self.logins.commit(id, login, budget).await;
            counted.end(match &committed {
                Ok(committed) => matches!(committed, Committed::New(_)),
                Err(error) => error.leaves_doubt(),
            });
            match committed? {
                Committed::New(lifetime) => return Ok(LoggedIn { session_id, answered, lifetime }),
                Committed::OverBudget(guesses) => return Err(self.too_many(guesses)),
                Committed::Earlier => {}
            }
        }
        Err(faster_than_read())
    }

    fn budget_of(&self, address: Option<IpAddr>) -> Budget {
        let budget = self.policy.budget;
        Budget { per_caller: address.and(budget.per_caller), ..budget }
    }

    /// The tag of a caller's network; callers with a key have one together.
    fn tag(&self, id: &CredentialId, address: Option<IpAddr>) -> CallerTag {
        let address = match address.map(network) {
            Some(IpAddr::V4(address)) => address.octets().to_vec(),
            Some(IpAddr::V6(address)) => address.octets().to_vec(),
            None => Vec::new(),
        };
        let mac = self.facts().seed.mac("caller", &[id.as_str().as_bytes(), &address]);
        let mut tag = [0; 16];
        tag.copy_from_slice(mac.split_at(16).0);
        CallerTag(tag)
    }

    /// The verifier's whole part. For a credential that does not exist or is disabled, it is the decoy's.
    fn respond(
        &self,
        id: &CredentialId,
        session_id: &SessionId,
        view: &LoginView,
        share: &ShareP,
        attempt: AttemptId,
    ) -> Result<(Answered, Login), ServiceError> {
        let credential = self.vault.open_or_decoy(id, view.credential.as_ref())?;
        let may_log_in = !credential.disabled;
        let verifier = if may_log_in { &credential.verifier } else { self.vault.decoy() };
        let response = Verifier::respond(verifier, &self.setting(id)?, share, &mut system_rng());
        let generation = may_log_in.then_some(credential.generation);
        let session = LoginSession::answered(id.clone(), share, &response, attempt, generation);
        let entry = self.sessions.records.entry(session_id, &Session::Login(session))?;
        let login = Login { session: session_id.clone(), entry, ttl: self.policy.login_ttl, attempt };
        Ok((Answered::from(&response), login))
    }

    fn answer_again(
        &self,
        id: &CredentialId,
        session_id: SessionId,
        stored: &Stored,
        share: &ShareP,
    ) -> Result<LoggedIn, ServiceError> {
        match self.sessions.records.open(&session_id, stored)? {
            Session::Login(session) => {
                let answered = session.answer_again(id, share)?;
                Ok(LoggedIn { session_id, answered, lifetime: stored.lifetime })
            }
            Session::Pairing(_) => {
                let why = format!("{session_id} is a login's id and holds a pairing");
                Err(StoreError::Corrupt(why).into())
            }
        }
    }

    fn too_many(&self, guesses: Guesses) -> ServiceError {
        self.sessions.meter.login_refused();
        Refusal::TooManyGuesses(guesses.frees_in.unwrap_or_default()).into()
    }
}
