//! One audit event for every request to a route under `/spake`, refused ones included.
//!
//! [`audited`] stands outside of all that may refuse a request. It knows the route, so that no handler can forget its
//! event; what is in paths it reads itself, and what is in bodies is noted on the [`Trail`] where it is parsed.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::RequestExt;
use axum::extract::{MatchedPath, RawPathParams, Request};
use axum::http::{Extensions, Method};
use axum::response::Response;

use super::client_address::ClientAddress;
use super::context::RequestId;
use super::error::ApiError;
use crate::domain::audit::{AuditLog, Event, Outcome, Tag, Who};
use crate::domain::ids::{CredentialId, SessionId};
use crate::domain::sessions::Sessions;
use crate::domain::time::Timestamp;

/// What the `{id}` of a route names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    Nothing,
    Session,
    Credential,
}

/// A fixed word for each route and method.
const ACTIONS: [(&str, &str, &str, Named); 16] = [
    ("POST", "/spake/initiate", "session.initiate", Named::Nothing),
    ("POST", "/spake/exchange", "session.exchange", Named::Nothing),
    ("POST", "/spake/confirm", "session.confirm", Named::Nothing),
    ("GET", "/spake/status/{id}", "session.status", Named::Session),
    ("GET", "/spake/secret/{id}", "secret.read", Named::Session),
    ("DELETE", "/spake/cleanup/{id}", "session.cleanup", Named::Session),
    ("GET", "/spake/sessions", "session.list", Named::Nothing),
    ("POST", "/spake/login", "login", Named::Nothing),
    ("GET", "/spake/credentials", "credential.list", Named::Nothing),
    ("PUT", "/spake/credentials/{id}", "credential.put", Named::Credential),
    ("PATCH", "/spake/credentials/{id}", "credential.patch", Named::Credential),
    ("GET", "/spake/credentials/{id}", "credential.get", Named::Credential),
    ("DELETE", "/spake/credentials/{id}", "credential.delete", Named::Credential),
    ("GET", "/spake/credentials/{id}/kdf", "credential.kdf", Named::Credential),
    ("GET", "/spake/credentials/{id}/guesses", "guesses.get", Named::Credential),
    ("DELETE", "/spake/credentials/{id}/guesses", "guesses.clear", Named::Credential),
];

/// What becomes known of a request on its way.
#[derive(Clone)]
pub(super) struct Trail(Arc<Shared>);

struct Shared {
    sessions: Arc<Sessions>,
    noted: Mutex<Noted>,
}

#[derive(Default)]
struct Noted {
    who: Who,
    session: Option<Tag>,
    credential: Option<Tag>,
}

impl Trail {
    /// The trail of a request; every one under `/spake` has one.
    pub(super) fn of(extensions: &Extensions) -> Result<&Self, ApiError> {
        extensions.get().ok_or_else(|| ApiError::internal("nobody keeps this request's trail".to_owned()))
    }

    pub(super) fn note_caller(&self, who: Who) {
        self.noted().who = who;
    }

    pub(super) fn note_session(&self, id: &SessionId) {
        let tag = self.0.sessions.session_tag(id);
        self.noted().session = Some(tag);
    }

    pub(super) fn note_credential(&self, id: &CredentialId) {
        let tag = self.0.sessions.credential_tag(id);
        self.noted().credential = Some(tag);
    }

    /// An id that is none is no subject.
    fn note(&self, named: Named, id: &str) {
        match named {
            Named::Nothing => {}
            Named::Session => drop(SessionId::parse(id).map(|id| self.note_session(&id))),
            Named::Credential => drop(CredentialId::parse(id).map(|id| self.note_credential(&id))),
        }
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that will have its event, whatever becomes of it.
struct Entry {
    log: Arc<dyn AuditLog>,
    trail: Trail,
    request_id: Option<RequestId>,
    action: &'static str,
    address: Option<IpAddr>,
    is_written: bool,
}

impl Entry {
    fn write(&mut self, outcome: Outcome) {
        self.is_written = true;
        let noted = self.trail.noted();
        self.log.record(&Event {
            time: Timestamp::wall(),
            request_id: self.request_id.as_ref().map_or("", |RequestId(id)| id),
            action: self.action,
            who: &noted.who,
            address: self.address,
            session: noted.session,
            credential: noted.credential,
            outcome,
        });
    }
}

/// A caller that goes away takes its request with it, not the event.
impl Drop for Entry {
    fn drop(&mut self) {
        if !self.is_written {
            self.write(Outcome::ABANDONED);
        }
    }
}

/// The answer of `work`, with an event of it in `log` if there is to be one.
pub(super) async fn audited<F>(
    log: &Arc<dyn AuditLog>,
    sessions: &Arc<Sessions>,
    mut request: Request,
    work: impl FnOnce(Request) -> F,
) -> Response
where
    F: Future<Output = Response>,
{
    let Some((action, named)) = action_of(&request) else { return work(request).await };
    let trail = Trail(Arc::new(Shared { sessions: Arc::clone(sessions), noted: Mutex::default() }));
    if named != Named::Nothing
        && let Ok(parameters) = request.extract_parts::<RawPathParams>().await
        && let Some((_, id)) = parameters.iter().next()
    {
        trail.note(named, id);
    }
    let extensions = request.extensions_mut();
    extensions.insert(trail.clone());
    let (request_id, address) = (extensions.get().cloned(), address_of(extensions));
    let log = Arc::clone(log);
    let mut entry = Entry { log, trail, request_id, action, address, is_written: false };
    let response = work(request).await;
    let code = response.extensions().get::<ApiError>().map_or("ok", |error| error.code);
    entry.write(Outcome { code, status: Some(response.status().as_u16()) });
    response
}

/// The action of a route under `/spake`, and what its path names; a method that no route has is no action.
fn action_of(request: &Request) -> Option<(&'static str, Named)> {
    let path = request.extensions().get::<MatchedPath>()?.as_str();
    if !path.starts_with("/spake") {
        return None;
    }
    // What answers GET answers HEAD, and does the same.
    let method = if request.method() == Method::HEAD { "GET" } else { request.method().as_str() };
    let row = ACTIONS.iter().find(|(of_method, of_path, ..)| *of_path == path && *of_method == method);
    row.map(|(.., action, named)| (*action, *named))
}

fn address_of(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get().map(|ClientAddress(address)| *address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::endpoints;

    #[test]
    fn every_route_has_an_action_of_its_own_and_says_what_its_id_names() {
        let routes: Vec<_> = endpoints::all().map(|endpoint| endpoint.name()).collect();
        let routes: Vec<_> = routes.iter().filter(|(_, path)| path.starts_with("/spake")).collect();
        assert_eq!(routes.len(), ACTIONS.len(), "{routes:?}");
        for (method, path) in routes {
            let row = ACTIONS.iter().find(|row| row.0 == *method && row.1 == *path);
            let (.., action, named) = row.unwrap_or_else(|| panic!("{method} {path} has no action"));
            assert_eq!(ACTIONS.iter().filter(|row| row.2 == *action).count(), 1, "{action}");
            assert_eq!(*named != Named::Nothing, path.contains('{'), "{method} {path}");
        }
    }
}
