//! Envelopes, and the keys that open them.

use std::sync::LazyLock;

use spake_service::domain::sealing::{KeyRing, OpenError, Purpose, Sealer};

const KEY: &str = "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const RECORD: &[u8] = b"a record that is sealed";

/// A secret shorter than this may be part of any sentence.
const TELLING: usize = 16;

static SEALER: LazyLock<Sealer> = LazyLock::new(|| Sealer::new(KeyRing::parse(KEY).expect("a key"), "spake"));
static SEALED: LazyLock<Vec<u8>> = LazyLock::new(|| SEALER.seal(Purpose::Session, "s1", RECORD));

/// No bytes from elsewhere open, not even an envelope that was sealed for another place; and of ours only the one that
/// was not touched.
pub(crate) fn envelope(bytes: &[u8]) -> bool {
    opens(Purpose::Session, "s1", bytes, false);
    let edited = edit(&SEALED, bytes);
    opens(Purpose::Session, "s1", &edited, edited == *SEALED);
    for (purpose, id) in
        [(Purpose::Session, "s2"), (Purpose::Credential, "s1"), (Purpose::KeyspaceFact, "s1")]
    {
        opens(purpose, id, &edited, false);
    }
    edited == *SEALED
}

fn opens(purpose: Purpose, id: &str, envelope: &[u8], expected: bool) {
    match SEALER.open(purpose, id, envelope) {
        Ok(record) => assert!(expected && record.as_slice() == RECORD),
        Err(error) => {
            assert!(!expected);
            // It goes to the log and to a terminal, and whoever writes to the store has written it.
            if let OpenError::RetiredKey(id) = error {
                let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
                assert!((1..=32).contains(&id.len()) && id.chars().all(allowed), "no key is called {id:?}");
            }
        }
    }
}

/// `bytes` as changes to `envelope`: three at a time, where (two bytes) and what to flip; one that is left over is an
/// end to cut off, two are put behind it.
fn edit(envelope: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut edited = envelope.to_vec();
    let (changes, rest) = bytes.as_chunks::<3>();
    for [high, low, flip] in changes {
        let at = usize::from(u16::from_be_bytes([*high, *low])) % envelope.len();
        if let Some(byte) = edited.get_mut(at) {
            *byte ^= flip;
        }
    }
    match rest {
        [cut] => edited.truncate(envelope.len() - usize::from(*cut) % envelope.len()),
        more => edited.extend_from_slice(more),
    }
    edited
}

/// A list of keys that is accepted seals and opens; one that is refused is not repeated in the message.
pub(crate) fn state_keys(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    match KeyRing::parse(text) {
        Ok(ring) => {
            let sealer = Sealer::new(ring, "spake");
            let envelope = sealer.seal(Purpose::Session, "s1", RECORD);
            let opened = sealer.open(Purpose::Session, "s1", &envelope).expect("sealed by the same ring");
            assert!(opened.as_slice() == RECORD && sealer.is_current(&envelope));
            assert!(KeyRing::parse(&format!("{text}\n{}:", sealer.sealing_key_id())).is_err());
            // Opened by whoever has that key among others.
            let later = Sealer::new(
                KeyRing::parse(&format!("zz:{}\n{text}", &KEY["a:".len()..])).expect("keys"),
                "spake",
            );
            assert!(later.open(Purpose::Session, "s1", &envelope).is_ok());
            true
        }
        Err(error) => {
            let message = error.to_string();
            let entries = text.split([',', '\n']).filter_map(|entry| entry.split_once(':'));
            for (id, key) in entries.map(|(id, key)| (id.trim(), key.trim())) {
                let is_like_one = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
                let told = key.len() >= TELLING && key.chars().all(is_like_one) && message.contains(key);
                assert!(!told || id.contains(key), "a key is in: {message}");
            }
            false
        }
    }
}
