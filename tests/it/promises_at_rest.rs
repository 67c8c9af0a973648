//! Nothing readable at rest: neither in the file nor in the log stands anything that helps against a password.

use std::fs;

use crate::support::{Client, TestApp};

const KEYS: &str = "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const PASSWORD: &str = "correct horse battery staple";

#[test]
fn neither_file_nor_log_holds_a_password_a_share_or_a_secret() {
    let directory = tempfile::tempdir().unwrap();
    let app = TestApp::with(&[
        ("SPAKE_DATA_DIR", directory.path().to_str().unwrap()),
        ("SPAKE_STATE_KEYS", KEYS),
        ("RUST_LOG", "trace"),
    ]);
    let mut needles = vec![("password", PASSWORD.as_bytes().to_vec()), ("state key", (0..16).collect())];
    for (session, guess) in [("one", PASSWORD), ("two", PASSWORD), ("three", "wrong guess")] {
        let client = Client::initiate(&app, session, PASSWORD, guess);
        needles.push(("pA", hex::decode(client.public_key()).unwrap()));
        needles.push(("cA", hex::decode(client.confirmation()).unwrap()));
        let exchanged = client.exchange(&app).ok();
        needles.push(("shared secret", hex::decode(exchanged.string("shared_secret")).unwrap()));
        match session {
            "one" => {
                let cb = client.confirm(&app).ok().string("server_confirmation");
                needles.push(("cB", hex::decode(cb).unwrap()));
            }
            "two" => {}
            _ => {
                client.confirm(&app).refused(403, "confirmation_failed");
            }
        }
        app.post(
            "/spake/exchange",
            &serde_json::json!({ "session_id": session, "client_public_key": PASSWORD }),
        );
    }
    let mut places = vec![("log", app.log().into_bytes())];
    for file in directory.path().read_dir().unwrap() {
        places.push(("file", fs::read(file.unwrap().path()).unwrap()));
    }
    assert!(places.iter().any(|(_, bytes)| contains(bytes, b"three")), "the sessions are not in the file");
    assert!(places[0].1.len() > 1000, "nothing was logged");
    for (place, bytes) in &places {
        for (what, needle) in &needles {
            // A part is as bad as the whole; 8 bytes do not meet by chance.
            for part in needle.windows(8) {
                assert!(!contains(bytes, part), "{what} in the {place}");
                assert!(!contains(bytes, hex::encode(part).as_bytes()), "{what} in the {place}, as hex");
            }
        }
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
