//! What is asked of the store: how long it took and what came of it.

use std::sync::OnceLock;
use std::time::Duration;

use prometheus::{Histogram, HistogramOpts, HistogramVec, IntGauge, Registry};

use super::added;
use crate::domain::ports::StoreError;

/// From a look into memory to the longest time-out that is of use, in seconds.
const BUCKETS: [f64; 13] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 2.5];

const DONE: &str = "ok";

/// What a store is asked.
#[expect(missing_docs, reason = "their names say it")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    CreateSession,
    ReadSession,
    ReplaceSession,
    DeleteSession,
    CountSessions,
    ListSessions,
    PutCredential,
    GetCredential,
    ResealCredential,
    RemoveCredential,
    ListCredentials,
    ViewLogin,
    CommitLogin,
    CompleteLogin,
    ReadGuesses,
    ClearGuesses,
    Check,
}

impl Operation {
    const COUNT: usize = Self::Check as usize + 1;

    /// As metrics and traces spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CreateSession => "create_session",
            Self::ReadSession => "read_session",
            Self::ReplaceSession => "replace_session",
            Self::DeleteSession => "delete_session",
            Self::CountSessions => "count_sessions",
            Self::ListSessions => "list_sessions",
            Self::PutCredential => "put_credential",
            Self::GetCredential => "get_credential",
            Self::ResealCredential => "reseal_credential",
            Self::RemoveCredential => "remove_credential",
            Self::ListCredentials => "list_credentials",
            Self::ViewLogin => "view_login",
            Self::CommitLogin => "commit_login",
            Self::CompleteLogin => "complete_login",
            Self::ReadGuesses => "read_guesses",
            Self::ClearGuesses => "clear_guesses",
            Self::Check => "check",
        }
    }
}

/// Durations and outcomes of the store's work, and whether it does any.
pub struct Operations {
    durations: HistogramVec,
    /// Those of work that was done, found without a lock and a hash.
    done: [OnceLock<Histogram>; Operation::COUNT],
    up: IntGauge,
}

impl Operations {
    pub(super) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let durations = HistogramOpts::new(
            "spake_store_request_duration_seconds",
            "Time that the store took, by what it was asked and what came of it.",
        );
        let durations = HistogramVec::new(durations.buckets(BUCKETS.to_vec()), &["operation", "outcome"])?;
        let up = IntGauge::new("spake_store_up", "Whether the store did what it was last asked.")?;
        let (durations, up) = (added(registry, durations)?, added(registry, up)?);
        // It was opened, or the service would not have started.
        up.set(1);
        Ok(Self { durations, done: [const { OnceLock::new() }; Operation::COUNT], up })
    }

    /// The store has answered, or has not; what came of it in a word.
    pub fn done(&self, operation: Operation, error: Option<&StoreError>, took: Duration) -> &'static str {
        let (outcome, up) = match error {
            None => (DONE, 1),
            Some(StoreError::Unavailable(_)) => ("unavailable", 0),
            Some(StoreError::OutcomeUnknown(_)) => ("outcome_unknown", 0),
            // Something unreadable is that request's trouble.
            Some(StoreError::Corrupt(_)) => ("corrupt", 1),
        };
        self.observe(operation, outcome, took);
        self.note_up(up);
        outcome
    }

    /// Whoever asked has gone before the store answered, which says nothing of the store.
    pub fn abandoned(&self, operation: Operation, took: Duration) {
        self.observe(operation, "abandoned", took);
    }

    /// The store was looked at as a whole.
    pub fn checked(&self, works: bool, took: Duration) {
        let outcome = if works { DONE } else { "unavailable" };
        self.observe(Operation::Check, outcome, took);
        self.note_up(works.into());
    }

    fn observe(&self, operation: Operation, outcome: &str, took: Duration) {
        let series = || self.durations.with_label_values(&[operation.name(), outcome]);
        let took = took.as_secs_f64();
        match self.done.get(operation as usize) {
            Some(done) if outcome == DONE => done.get_or_init(series).observe(took),
            _ => series().observe(took),
        }
    }

    /// Written only when it changes, for all threads read it.
    fn note_up(&self, up: i64) {
        if self.up.get() != up {
            self.up.set(up);
        }
    }
}
