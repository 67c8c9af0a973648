//! Names that callers choose, and places in listings that they carry.

use std::sync::{Arc, LazyLock};

use spake_service::domain::ids::{ClientId, CredentialId, SessionId};
use spake_service::domain::ports::{CredentialStore as _, Cursor, ListError, SessionStore as _};
use spake_service::domain::time::{ManualClock, Timestamp};
use spake_service::store::embedded::MemoryStore;
use spake_service::store::redis::RedisStore;
use unicode_normalization::is_nfc;

use crate::http::RUNTIME;

/// An id is of some length, forges no line of a log, and is the same when it comes back.
pub(crate) fn id(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let session = SessionId::parse(text).ok();
    let credential = CredentialId::parse(text).ok();
    let client = ClientId::parse(text).ok();
    if let Some(id) = &session {
        assert_eq!((id.as_str(), id.to_string().as_str()), (text, text));
        assert_eq!(id.is_login(), text.starts_with("login-"));
        is_segment(text, SessionId::MAX_LEN);
        let _ = id.bucket();
        assert!(client.is_some(), "what names a session may name a client");
    }
    if let Some(id) = &credential {
        assert!(is_nfc(id.as_str()) && (id.as_str() == text || !is_nfc(text)));
        assert_eq!(CredentialId::parse(id.as_str()).as_ref(), Ok(id));
        is_segment(id.as_str(), CredentialId::MAX_LEN);
        let _ = id.bucket();
    }
    if let Some(id) = &client {
        assert_eq!(id.as_str(), text);
        assert!(text.len() <= ClientId::MAX_LEN && !text.chars().any(char::is_control));
    }
    session.is_some() || credential.is_some()
}

fn is_segment(id: &str, max_len: usize) {
    assert!((1..=max_len).contains(&id.len()));
    assert!(!id.contains('/') && id != "." && id != "..");
    assert!(!id.chars().any(char::is_control));
}

static EMBEDDED: LazyLock<MemoryStore> =
    LazyLock::new(|| MemoryStore::new(Arc::new(ManualClock::at(Timestamp::from_millis(0)))));

/// A cursor is one that a store has written, to the letter.
pub(crate) fn cursor(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let cursor = Cursor(text.to_owned());
    let in_redis = match RedisStore::reread(&cursor) {
        Ok(again) => {
            assert_eq!(again, cursor);
            true
        }
        Err(error) => is_refused(&error),
    };
    RUNTIME.block_on(async {
        let sessions = EMBEDDED.list(Some(&cursor), 10, None).await;
        let credentials = EMBEDDED.list_credentials(Some(&cursor), 10).await;
        let embedded = match &sessions {
            Ok(page) => {
                assert!(page.sessions.is_empty() && page.next.is_none());
                assert!(EMBEDDED.list(Some(&Cursor(format!("0{text}"))), 10, None).await.is_err());
                true
            }
            Err(error) => is_refused(error),
        };
        let of_credentials = match &credentials {
            Ok(page) => {
                assert!(page.credentials.is_empty() && page.next.is_none());
                assert!(CredentialId::parse(text).is_ok());
                true
            }
            Err(error) => is_refused(error),
        };
        in_redis || embedded || of_credentials
    })
}

fn is_refused(error: &ListError) -> bool {
    assert!(matches!(error, ListError::BadCursor));
    false
}
