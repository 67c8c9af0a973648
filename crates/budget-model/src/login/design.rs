//! Which scripts a replica calls.

use super::scripts::{self, Committed, Completed, Judged, Login, View};
use super::store::{Share, Store};

/// The scripts of a design, where designs differ.
#[derive(Debug, Clone, Copy)]
pub struct Design {
    /// What a login reads.
    pub view: fn(&Store, Share) -> View,
    /// The writes of a login, one after another; each is atomic, all together are not.
    pub commit: &'static [fn(&mut Store, &Login) -> Committed],
    /// The write of a right confirmP.
    pub complete: fn(&mut Store, &Judged) -> Completed,
}

/// The design as it is.
pub const AS_DESIGNED: Design =
    Design { view: scripts::view, commit: &[scripts::commit_login], complete: scripts::complete };
