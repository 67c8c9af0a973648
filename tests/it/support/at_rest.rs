//! What must not be found where it is stored, however it is written down.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// A part is as bad as the whole; 8 bytes do not meet by chance.
const PART: usize = 8;

/// Secrets, and what they are.
#[derive(Default)]
pub struct Secrets(Vec<(&'static str, Vec<u8>)>);

impl Secrets {
    pub fn add(&mut self, what: &'static str, secret: impl Into<Vec<u8>>) {
        self.0.push((what, secret.into()));
    }

    pub fn add_hex(&mut self, what: &'static str, secret: &str) {
        self.add(what, hex::decode(secret).unwrap());
    }

    /// Holds that no part of a secret is in `bytes`: neither as it is nor as hex or base64.
    #[track_caller]
    pub fn assert_absent(&self, place: &str, bytes: &[u8]) {
        if let Some(found) = self.find(bytes) {
            panic!("{found} in the {place}");
        }
    }

    fn find(&self, bytes: &[u8]) -> Option<&'static str> {
        // Every run of as many bytes as a form of a part may have.
        let runs = [PART, 2 * PART, 10].map(|length| bytes.windows(length).collect::<HashSet<_>>());
        let is_there = |form: &Vec<u8>| runs.iter().any(|runs| runs.contains(&**form));
        let leaks = |(_, secret): &&(_, Vec<u8>)| secret.windows(PART).flat_map(forms).any(|f| is_there(&f));
        self.0.iter().find(leaks).map(|(what, _)| *what)
    }
}

fn forms(part: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![part.to_vec(), hex::encode(part).into(), hex::encode_upper(part).into()];
    for alignment in 0..3 {
        // The letters that depend on this part alone, wherever in a longer text it stands.
        let before = [&[0; 2][..alignment], part].concat();
        let letters = (alignment * 8).div_ceil(6)..before.len() * 8 / 6;
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            forms.push(engine.encode(&before)[letters.start..letters.start + 10].into());
        }
    }
    forms
}

#[test]
fn a_secret_is_found_in_every_form_and_anywhere() {
    let mut secrets = Secrets::default();
    secrets.add("secret", *b"?>~\xff\xfe\xfbsecret");
    for before in 0..4 {
        let text = [&[b'.'; 4][..before], b"?>~\xff\xfe\xfbsecret", b"..."].concat();
        for written in [
            text.clone(),
            hex::encode(&text).into(),
            hex::encode_upper(&text).into(),
            STANDARD_NO_PAD.encode(&text).into(),
            URL_SAFE_NO_PAD.encode(&text).into(),
        ] {
            assert_eq!(secrets.find(&written), Some("secret"), "{}", String::from_utf8_lossy(&written));
        }
    }
    assert_eq!(secrets.find(b"nothing of the kind, only a secret in other company"), None);
}
