//! The prover of a login, on its way through the API.

use rand_core::UnwrapErr;
use serde_json::{Value, json};
use spake_protocol::Password;
use spake_protocol::spake2plus::{ConfirmV, Prover, ProverConfirming, ProverSecret, Setting, ShareP, ShareV};
use spake_protocol::stretch::{Kdf, Salt};

use super::at_rest::Secrets;
use super::{Answer, ITERATIONS, TestApp, http};

/// Someone with an id and a password.
pub struct Account {
    pub id: String,
    setting: Setting,
    /// Made anew for each login: a prover takes it, and a secret is not cloned.
    secret: Box<dyn Fn() -> ProverSecret + Send + Sync>,
}

/// One login: a share that is sent once or more.
pub struct Login {
    id: String,
    share: ShareP,
    prover: Prover,
}

/// A login that was answered.
pub struct Answered {
    pub session_id: String,
    confirming: ProverConfirming,
    server_confirmation: String,
}

impl Account {
    /// Stretches `password` as the service says for `id`.
    pub fn at(app: &TestApp, id: &str, password: &str) -> Self {
        let answer = app.get(&format!("/spake/credentials/{id}/kdf")).ok();
        let setting = Setting::new(
            id.as_bytes(),
            answer.string("server_id").as_bytes(),
            answer.string("context").as_bytes(),
        );
        let setting = setting.unwrap();
        let kdf = answer.field("kdf");
        assert_eq!(
            (kdf["algorithm"].as_str(), kdf["iterations"].as_u64()),
            (Some("pbkdf2-hmac-sha256"), ITERATIONS.parse().ok())
        );
        let salt = Salt::new(&hex::decode(kdf["salt"].as_str().unwrap()).unwrap()).unwrap();
        let kdf = Kdf::pbkdf2(ITERATIONS.parse().unwrap()).unwrap();
        let password = Password::prepare(password).unwrap();
        let of = setting.clone();
        let secret = Box::new(move || ProverSecret::stretch(&password, &of, &salt, &kdf).unwrap());
        Self { id: id.to_owned(), setting, secret }
    }

    /// Someone who tries a password that costs nothing to try: w0 and w1 as they come.
    pub fn guesser(id: &str, guess: u8) -> Self {
        let setting = Setting::new(id.as_bytes(), b"spake-service", b"spake-service/1").unwrap();
        let secret = Box::new(move || ProverSecret::from_bytes(&[guess; 32], &[guess; 32]).unwrap());
        Self { id: id.to_owned(), setting, secret }
    }

    /// w0 and L, as a registration carries them.
    pub fn verifier(&self) -> Value {
        let record = (self.secret)().verifier();
        json!({ "w0": hex::encode(*record.w0_bytes()), "L": hex::encode(*record.l_bytes()) })
    }

    pub fn register(&self, app: &TestApp) -> Answer {
        app.put(&format!("/spake/credentials/{}", self.id), &json!({ "verifier": self.verifier() }))
    }

    /// A fresh share.
    pub fn begin(&self) -> Login {
        let (prover, share) =
            Prover::start(self.setting.clone(), (self.secret)(), &mut UnwrapErr(getrandom::SysRng));
        Login { id: self.id.clone(), share, prover }
    }

    /// Logs in with the right password: the secret that both sides have.
    pub fn log_in(&self, app: &TestApp) -> String {
        let login = self.begin();
        let answer = login.post(app).ok();
        let (answered, confirmation, secret) = login.against(&answer).right().unwrap();
        let confirmed = answered.confirm(app, &confirmation).ok();
        assert_eq!(confirmed.field("confirmed"), true);
        assert_eq!(confirmed.string("shared_secret"), secret);
        secret
    }
}

impl Login {
    pub fn request(&self) -> Value {
        json!({ "credential_id": self.id, "client_public_key": hex::encode(self.share.as_bytes()) })
    }

    pub fn post(&self, app: &TestApp) -> Answer {
        app.post("/spake/login", &self.request())
    }

    pub fn against(self, answer: &Answer) -> Answered {
        let share_v = ShareV::try_from(&*hex::decode(answer.string("public_key")).unwrap()).unwrap();
        Answered {
            session_id: answer.string("session_id"),
            confirming: self.prover.finish(&share_v).unwrap(),
            server_confirmation: answer.string("server_confirmation"),
        }
    }
}

/// The session of a login whose service has proved that it knows the verifier.
pub struct Proved {
    pub session_id: String,
}

impl Answered {
    /// confirmP and the secret, if confirmV is right.
    pub fn right(self) -> Option<(Proved, String, String)> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(self.server_confirmation, &mut bytes).unwrap();
        let (confirm_p, secret) = self.confirming.confirm(&ConfirmV::from(bytes)).ok()?;
        let proved = Proved { session_id: self.session_id };
        Some((proved, hex::encode(confirm_p.as_bytes()), hex::encode(secret.expose())))
    }
}

impl Proved {
    pub fn confirm(&self, app: &TestApp, confirmation: &str) -> Answer {
        confirm(app, &self.session_id, confirmation)
    }
}

pub fn confirm(app: &TestApp, session_id: &str, confirmation: &str) -> Answer {
    app.post("/spake/confirm", &json!({ "session_id": session_id, "client_confirmation": confirmation }))
}

impl TestApp {
    pub fn put(&self, path: &str, body: &Value) -> Answer {
        http::request("PUT", &self.url, path, Some(body))
    }

    pub fn patch(&self, path: &str, body: &Value) -> Answer {
        http::request("PATCH", &self.url, path, Some(body))
    }
}

/// Registers, leaves a login open, completes one and burns one; everything of it that must not be readable at rest.
pub fn live_through(app: &TestApp, id: &str, password: &str, secrets: &mut Secrets) {
    let account = Account::at(app, id, password);
    let record = (account.secret)().verifier();
    secrets.add("w0", *record.w0_bytes());
    secrets.add("L", record.l_bytes()[1..].to_vec());
    account.register(app);
    let open = account.begin();
    secrets.add("shareP", open.share.as_bytes()[1..].to_vec());
    let answer = open.post(app).ok();
    let (_, confirmation, secret) = open.against(&answer).right().unwrap();
    secrets.add_hex("confirmP", &confirmation);
    secrets.add_hex("K_shared", &secret);
    secrets.add_hex("confirmed K_shared", &account.log_in(app));
    let burned = account.begin().post(app).ok();
    secrets.add_hex("confirmV", &burned.string("server_confirmation"));
    confirm(app, &burned.string("session_id"), &"00".repeat(32)).refused(403, "confirmation_failed");
}
