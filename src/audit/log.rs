//! Events in the log, as tracing events of the target `audit`.

use super::line::{caller, key};
use crate::domain::audit::{AuditLog, Event};

/// Events go to the log, and `RUST_LOG` decides about them like about the rest.
pub struct ToLog;

impl AuditLog for ToLog {
    fn record(&self, event: &Event<'_>) {
        tracing::info!(
            target: "audit",
            request_id = event.request_id,
            action = event.action,
            caller = caller(event.who),
            key = key(event.who),
            address = event.address.map(tracing::field::display),
            session = event.session.map(tracing::field::display),
            credential = event.credential.map(tracing::field::display),
            outcome = event.outcome.code,
            status = event.outcome.status,
        );
    }
}
