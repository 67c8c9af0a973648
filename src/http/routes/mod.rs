//! One file for each group of endpoints; a handler parses, calls its use case, and renders.

pub(super) mod credentials;
pub(super) mod health;
pub(super) mod login;
pub(super) mod pairing;
pub(super) mod sessions;
