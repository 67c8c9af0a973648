//! What an error of Redis means: was the command executed, and is the connection still good?

use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::checks::Unfit;
use crate::domain::ports::StoreError;

/// Why a command gave no value, by what can be known about its effect.
#[derive(Debug)]
pub(super) enum Failure {
    /// It never left.
    NotSent(String),
    /// The server did not let us in: it does not know our user or password, or wants one that we do not have.
    Login(String),
    /// The server refused it and changed nothing.
    Refused(String),
    /// Our user may not do this.
    Forbidden(String),
    /// The server refused it, and will refuse all on this connection: it is no master any more.
    Demoted(String),
    /// The key holds something that is not ours.
    WrongType(String),
    /// It left, and no answer came.
    Cut(String),
}

impl Failure {
    /// An error before anything of ours was sent.
    pub(super) fn of_connecting(error: RedisError) -> Self {
        match Self::from(error) {
            login @ Self::Login(_) => login,
            other => Self::NotSent(other.why()),
        }
    }

    /// Whether other commands on the same connection would fare no better.
    pub(super) const fn breaks_connection(&self) -> bool {
        matches!(self, Self::Login(_) | Self::Demoted(_) | Self::Cut(_))
    }

    /// What stands between us and the server and will stand there later too; to be asked of a `PING`'s failure.
    ///
    /// By its text: a Cluster's client gives no more than that, and an alert of TLS comes as an I/O error.
    pub(super) fn lasting(self) -> Option<Unfit> {
        if matches!(self, Self::Forbidden(_)) {
            // Who may not ping may do the rest.
            return None;
        }
        let is_login = matches!(self, Self::Login(_));
        let why = self.why();
        let says = |texts: &[&str]| texts.iter().any(|text| why.contains(text));
        if is_login || says(&["AuthenticationFailed", "NOAUTH", "NoPerm"]) {
            Some(Unfit::Login(why))
        } else if says(&["invalid peer certificate"])
            || says(&["received fatal alert"]) && says(&["Certificate", "UnknownCA", "AccessDenied"])
        {
            Some(Unfit::Certificate(why))
        } else if says(&["refused to switch database"]) {
            Some(Unfit::Database(why))
        } else {
            None
        }
    }

    /// What happened, for the log.
    pub(super) fn why(self) -> String {
        match self {
            Self::NotSent(why)
            | Self::Login(why)
            | Self::Refused(why)
            | Self::Forbidden(why)
            | Self::Demoted(why)
            | Self::WrongType(why)
            | Self::Cut(why) => why,
        }
    }

    /// For a command that changes nothing.
    pub(super) fn of_read(self) -> StoreError {
        match self {
            Self::WrongType(why) => StoreError::Corrupt(why),
            other => StoreError::Unavailable(other.why()),
        }
    }

    /// For a command that may have changed something.
    pub(super) fn of_write(self) -> StoreError {
        match self {
            Self::Cut(why) => StoreError::OutcomeUnknown(why),
            other => other.of_read(),
        }
    }
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        let why = error.to_string();
        match (error.kind(), error.code()) {
            (ErrorKind::Server(ServerErrorKind::ReadOnly), _) | (_, Some("UNBLOCKED")) => Self::Demoted(why),
            (ErrorKind::AuthenticationFailed, _) | (_, Some("NOAUTH")) => Self::Login(why),
            (ErrorKind::Server(ServerErrorKind::NoPerm), _) => Self::Forbidden(why),
            (_, Some("WRONGTYPE")) => Self::WrongType(why),
            // Before Redis 7 an error inside a script carries the code in its text.
            (ErrorKind::Server(_), _) if why.contains("WRONGTYPE") => Self::WrongType(why),
            (ErrorKind::Server(_), _) if why.contains("READONLY") => Self::Demoted(why),
            (ErrorKind::Server(_) | ErrorKind::Extension, _) => Self::Refused(why),
            (
                ErrorKind::InvalidClientConfig
                | ErrorKind::MasterNameNotFoundBySentinel
                | ErrorKind::EmptySentinelList,
                _,
            ) => Self::NotSent(why),
            // An I/O error, or one that the client makes up: it may have left.
            _ => Self::Cut(why),
        }
    }
}
