//! Where audit events go: into the log like everything else, or as JSON lines into a file of their own.

mod file;
mod line;
mod log;
mod queue;

pub use self::file::{CannotOpen, ToFile};
pub use self::log::ToLog;
