//! Party A, on its way through the API.

use rand_core::UnwrapErr;
use serde_json::{Value, json};
use spake_protocol::Password;
use spake_protocol::spake2::{
    AwaitingConfirmationB, ConfirmationA, ConfirmationB, PartyA, PartyB, Setting, ShareA, ShareB, W,
};
use spake_protocol::stretch::Kdf;

use super::{Answer, ITERATIONS, TestApp};

/// A client that has computed its share, its confirmation and, in `awaiting`, its secret.
pub struct Client {
    pub session_id: String,
    /// What was stretched from the guess.
    pub w: [u8; 32],
    share: ShareA,
    confirmation: ConfirmationA,
    awaiting: AwaitingConfirmationB,
}

impl Client {
    /// Initiates `session_id` with `password` and computes the client's side with `guess`.
    pub fn initiate(app: &TestApp, session_id: &str, password: &str, guess: &str) -> Self {
        let answer = app.post("/spake/initiate", &json!({ "session_id": session_id, "password": password }));
        Self::against(&answer.ok(), guess)
    }

    /// A run against the share in `answer`, an initiation's.
    pub fn against(answer: &Answer, guess: &str) -> Self {
        Self::many_against(answer, guess, 1).remove(0)
    }

    /// A run with a service that stretches at another cost.
    pub fn with_iterations(answer: &Answer, guess: &str, iterations: u32) -> Self {
        Self::stretched(answer, guess, iterations, 1).remove(0)
    }

    /// Clients with one guess and a share each.
    pub fn many_against(answer: &Answer, guess: &str, count: usize) -> Vec<Self> {
        Self::stretched(answer, guess, ITERATIONS.parse().unwrap(), count)
    }

    fn stretched(answer: &Answer, guess: &str, iterations: u32, count: usize) -> Vec<Self> {
        let setting = Setting::new(
            answer.string("client_id").as_bytes(),
            answer.string("server_id").as_bytes(),
            answer.string("context").as_bytes(),
        );
        let setting = setting.unwrap();
        let kdf = Kdf::pbkdf2(iterations).unwrap();
        let w = W::stretch(&Password::prepare(guess).unwrap(), &setting, &kdf).unwrap();
        // A scalar is not shown, but party B is stored with it: `y ‖ w ‖ pB` at the end.
        let stored = PartyB::start(setting.clone(), w, &mut UnwrapErr(getrandom::SysRng)).to_bytes();
        let w: [u8; 32] = stored[stored.len() - 65 - 32..][..32].try_into().unwrap();
        let share_b = ShareB::try_from(&*hex::decode(answer.string("public_key")).unwrap()).unwrap();
        let client = |_| {
            let rng = &mut UnwrapErr(getrandom::SysRng);
            let (party_a, share) = PartyA::start(setting.clone(), W::from_bytes(&w).unwrap(), rng);
            let (awaiting, confirmation) = party_a.finish(&share_b).unwrap();
            Self { session_id: answer.string("session_id"), w, share, confirmation, awaiting }
        };
        (0..count).map(client).collect()
    }

    pub fn public_key(&self) -> String {
        hex::encode(self.share.as_bytes())
    }

    pub fn confirmation(&self) -> String {
        hex::encode(self.confirmation.as_bytes())
    }

    pub fn exchange(&self, app: &TestApp) -> Answer {
        app.post("/spake/exchange", &self.exchange_request())
    }

    pub fn exchange_request(&self) -> Value {
        json!({ "session_id": self.session_id, "client_public_key": self.public_key() })
    }

    pub fn exchange_and_confirm(&self, app: &TestApp) -> Answer {
        app.post("/spake/exchange", &self.exchange_and_confirm_request())
    }

    pub fn exchange_and_confirm_request(&self) -> Value {
        json!({
            "session_id": self.session_id,
            "client_public_key": self.public_key(),
            "client_confirmation": self.confirmation(),
        })
    }

    pub fn confirm(&self, app: &TestApp) -> Answer {
        app.post("/spake/confirm", &self.confirm_request())
    }

    pub fn confirm_request(&self) -> Value {
        json!({ "session_id": self.session_id, "client_confirmation": self.confirmation() })
    }

    /// The secret as this client derived it, without the service's confirmation.
    pub fn unconfirmed_secret(self) -> String {
        hex::encode(self.awaiting.unconfirmed().expose())
    }

    /// The secret, after cB has shown that the service knows the password.
    pub fn secret(self, server_confirmation: &str) -> String {
        let mut bytes = [0; 32];
        hex::decode_to_slice(server_confirmation, &mut bytes).unwrap();
        hex::encode(self.awaiting.confirm(&ConfirmationB::from(bytes)).unwrap().expose())
    }
}
