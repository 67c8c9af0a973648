//! What lies in the store, once its envelope is open.

use spake_service::domain::codec::{self, Formats};
use spake_service::domain::session::Session;
use unicode_normalization::is_nfc;

/// Where the id is in a record of a login: after the version, the kind of session and its own length.
const ID_AT: usize = 1 + 4 + 8;

/// A session's record is written again as it was read, and it can be asked.
pub(crate) fn session(bytes: &[u8]) -> bool {
    let Ok(session) = codec::decode_session(bytes, Formats::CURRENT) else { return false };
    let _ = session.summary();
    let &version = bytes.first().expect("an accepted record has a version");
    let written = codec::encode_session(&session, Formats::CURRENT, version).expect("it was read");
    // Credential ids are read into NFC, which those that we write are in.
    let is_as_written = match &session {
        Session::Login(login) => {
            let id = login.credential().as_str();
            assert!(is_nfc(id));
            bytes.get(ID_AT..).is_some_and(|rest| rest.starts_with(id.as_bytes()))
        }
        Session::Pairing(_) => true,
    };
    assert!(!is_as_written || written.as_slice() == bytes);
    assert!(codec::decode_session(&written, Formats::CURRENT).is_ok());
    true
}

/// A credential's record is written again as it was read.
pub(crate) fn credential(bytes: &[u8]) -> bool {
    let Ok(credential) = codec::decode_credential(bytes) else { return false };
    assert_eq!(codec::encode_credential(&credential).expect("it was read").as_slice(), bytes);
    true
}

/// So are the facts of a keyspace.
pub(crate) fn facts(bytes: &[u8]) -> bool {
    let Ok(facts) = codec::decode_facts(bytes) else { return false };
    assert_eq!(codec::encode_facts(&facts).expect("it was read").as_slice(), bytes);
    true
}
