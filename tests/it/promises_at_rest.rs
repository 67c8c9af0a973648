//! Nothing readable at rest: neither in the file nor in the log stands anything that helps against a password.

use std::fs;

use crate::support::account::live_through;
use crate::support::at_rest::Secrets;
use crate::support::{Client, STATE_KEYS, TestApp};

const PASSWORD: &str = "correct horse battery staple";

#[test]
fn neither_file_nor_log_holds_a_password_a_share_or_a_secret() {
    let directory = tempfile::tempdir().unwrap();
    let app = TestApp::with(&[
        ("SPAKE_DATA_DIR", directory.path().to_str().unwrap()),
        ("SPAKE_STATE_KEYS", STATE_KEYS),
        ("RUST_LOG", "trace"),
    ]);
    let mut secrets = Secrets::default();
    secrets.add("password", PASSWORD);
    secrets.add("state key", (0..32).collect::<Vec<_>>());
    for (session, guess) in [("one", PASSWORD), ("two", PASSWORD), ("three", "wrong guess")] {
        let client = Client::initiate(&app, session, PASSWORD, guess);
        secrets.add_hex("pA", &client.public_key());
        secrets.add_hex("cA", &client.confirmation());
        let exchanged = client.exchange(&app).ok();
        secrets.add_hex("shared secret", &exchanged.string("shared_secret"));
        match session {
            "one" => {
                secrets.add_hex("cB", &client.confirm(&app).ok().string("server_confirmation"));
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
    live_through(&app, "alice", PASSWORD, &mut secrets);
    let mut places = vec![("log", app.log().into_bytes())];
    for file in directory.path().read_dir().unwrap() {
        places.push(("file", fs::read(file.unwrap().path()).unwrap()));
    }
    assert!(places.iter().any(|(_, bytes)| contains(bytes, b"three")), "the sessions are not in the file");
    assert!(places.iter().any(|(_, bytes)| contains(bytes, b"alice")), "the credential is not in the file");
    assert!(places[0].1.len() > 1000, "nothing was logged");
    for (place, bytes) in &places {
        secrets.assert_absent(place, bytes);
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
