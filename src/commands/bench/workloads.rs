//! What callers do: real pairings and logins, with everything that a client computes.

use std::net::SocketAddr;

use serde_json::json;
use spake_protocol::Password;
use spake_protocol::spake2::{self, ConfirmationB, PartyA, ShareB, W};
use spake_protocol::spake2plus::{self, ConfirmV, Prover, ProverSecret, ShareP, ShareV};
use spake_protocol::stretch::Kdf;

use super::Outcome;
use super::connection::{Answer, Connection};
use super::load::Operation;
use crate::commands::Failure;
use crate::commands::client::field;
use crate::domain::random::system_rng;

const SERVER_ID: &[u8] = b"spake-service";
const CONTEXT: &[u8] = b"spake-service/1";
const PASSWORD: &str = "correct horse";
/// Every account has these: the server cannot know, and its work is the same.
const SECRET: ([u8; 32], [u8; 32]) = ([7; 32], [9; 32]);

/// `PUT /spake/credentials/{id}` and then logins with their confirmation.
pub(super) struct Accounts {
    prefix: &'static str,
    count: u64,
    verifier: String,
}

impl Accounts {
    pub(super) fn new(prefix: &'static str, count: u64) -> Outcome<Self> {
        let record = secret()?.verifier();
        let (w0, l) = (hex::encode(*record.w0_bytes()), hex::encode(*record.l_bytes()));
        Ok(Self { prefix, count, verifier: json!({ "verifier": { "w0": w0, "L": l } }).to_string() })
    }

    pub(super) fn register(&self, number: u64) -> Operation<'_> {
        let path = format!("/spake/credentials/{}-{number}", self.prefix);
        Box::new(move |connection| {
            let answer = connection.put(&path, &self.verifier)?.expect(&[200, 201], "a registration")?;
            Ok(answer.took)
        })
    }

    /// A whole login, of one account after another.
    pub(super) fn login(&self, number: u64) -> Outcome<Operation<'_>> {
        // Far from its neighbours, so that a large store is not read in order.
        let number = number.wrapping_mul(2_654_435_761) % self.count.max(1);
        let id = format!("{}-{number}", self.prefix);
        let setting = spake2plus::Setting::new(id.as_bytes(), SERVER_ID, CONTEXT).map_err(Failure::run)?;
        let (prover, share) = Prover::start(setting, secret()?, &mut system_rng());
        let request = login_request(&id, &share);
        Ok(Box::new(move |connection| {
            let login = connection.post("/spake/login", &request)?.expect(&[200], "a login")?;
            let answer = login.json()?;
            let share_v = ShareV::try_from(&*bytes(field(&answer, "public_key")?)?).map_err(Failure::run)?;
            let confirm_v = array(field(&answer, "server_confirmation")?)?;
            let confirming = prover.finish(&share_v).map_err(Failure::run)?;
            let (confirm_p, _) = confirming.confirm(&ConfirmV::from(confirm_v)).map_err(Failure::run)?;
            let confirmation = confirm(field(&answer, "session_id")?, confirm_p.as_bytes());
            let confirmed =
                connection.post("/spake/confirm", &confirmation)?.expect(&[200], "a confirmation")?;
            Ok(login.took + confirmed.took)
        }))
    }
}

fn secret() -> Outcome<ProverSecret> {
    ProverSecret::from_bytes(&SECRET.0, &SECRET.1).map_err(Failure::run)
}

fn login_request(id: &str, share: &ShareP) -> String {
    json!({ "credential_id": id, "client_public_key": hex::encode(share.as_bytes()) }).to_string()
}

fn confirm(session_id: &str, confirmation: &[u8]) -> String {
    json!({ "session_id": session_id, "client_confirmation": hex::encode(confirmation) }).to_string()
}

fn bytes(text: &str) -> Outcome<Vec<u8>> {
    hex::decode(text).map_err(|_| Failure::run("the service answered with what is not hex"))
}

fn array(text: &str) -> Outcome<[u8; 32]> {
    bytes(text)?.try_into().map_err(|_| Failure::run("the service's confirmation is not 64 hex digits"))
}

/// Logins that nobody confirms, one of each id: the cheapest way to many open sessions, for the client. For the service
/// they are real: known or unknown, an id gets a session, and its guess is counted.
pub(super) struct Openings {
    prefix: &'static str,
    share: ShareP,
}

impl Openings {
    pub(super) fn new(prefix: &'static str) -> Outcome<Self> {
        let setting = spake2plus::Setting::new(b"", SERVER_ID, CONTEXT).map_err(Failure::run)?;
        let (_, share) = Prover::start(setting, secret()?, &mut system_rng());
        Ok(Self { prefix, share })
    }

    /// What the service answers goes to `opened`.
    pub(super) fn open<'a>(&self, number: u64, opened: &'a (dyn Fn(&Answer) + Sync)) -> Operation<'a> {
        let request = login_request(&format!("{}-{number}", self.prefix), &self.share);
        Box::new(move |connection| {
            let answer = connection.post("/spake/login", &request)?.expect(&[200], "a login")?;
            opened(&answer);
            Ok(answer.took)
        })
    }
}

/// Pairings: initiate, exchange and confirm, each a request.
pub(super) struct Pairings {
    setting: spake2::Setting,
    w: [u8; 32],
}

impl Pairings {
    /// Stretches the password, which all of them have.
    pub(super) fn new(iterations: u32) -> Outcome<Self> {
        let setting = spake2::Setting::new(b"", SERVER_ID, CONTEXT).map_err(Failure::run)?;
        let password = Password::prepare(PASSWORD).map_err(Failure::run)?;
        let kdf = Kdf::pbkdf2(iterations).map_err(Failure::run)?;
        let w = *W::stretch(&password, &setting, &kdf).map_err(Failure::run)?.to_bytes();
        Ok(Self { setting, w })
    }

    pub(super) fn pair(&self) -> Outcome<Operation<'_>> {
        let w = W::from_bytes(&self.w).map_err(Failure::run)?;
        let (party, share) = PartyA::start(self.setting.clone(), w, &mut system_rng());
        Ok(Box::new(move |connection| {
            let initiated = initiate(connection)?.expect(&[200], "an initiation")?;
            let answer = initiated.json()?;
            let share_b = ShareB::try_from(&*bytes(field(&answer, "public_key")?)?).map_err(Failure::run)?;
            let (awaiting, confirmation) = party.finish(&share_b).map_err(Failure::run)?;
            let session_id = field(&answer, "session_id")?;
            let share = hex::encode(share.as_bytes());
            let exchange = json!({ "session_id": session_id, "client_public_key": share }).to_string();
            let exchanged = connection.post("/spake/exchange", &exchange)?.expect(&[200], "an exchange")?;
            let confirmation = confirm(session_id, confirmation.as_bytes());
            let confirmed =
                connection.post("/spake/confirm", &confirmation)?.expect(&[200], "a confirmation")?;
            let theirs = array(field(&confirmed.json()?, "server_confirmation")?)?;
            awaiting.confirm(&ConfirmationB::from(theirs)).map_err(Failure::run)?;
            Ok(initiated.took + exchanged.took + confirmed.took)
        }))
    }
}

/// `POST /spake/initiate`, whatever the answer.
pub(super) fn initiate(connection: &mut Connection) -> Outcome<Answer> {
    connection.post("/spake/initiate", &json!({ "password": PASSWORD }).to_string())
}

/// Initiations by themselves; what a Flask service is compared with.
pub(super) fn initiation<'a>() -> Operation<'a> {
    Box::new(|connection| Ok(initiate(connection)?.expect(&[200], "an initiation")?.took))
}

/// Reads of one thing.
pub(super) fn get(path: &str) -> Operation<'_> {
    Box::new(move |connection| Ok(connection.get(path)?.expect(&[200], path)?.took))
}

/// Opens a session for reads of its status; gives the path.
pub(super) fn status_path(address: SocketAddr) -> Outcome<String> {
    let answer = initiate(&mut Connection::to(&[address]))?.expect(&[200], "an initiation")?.json()?;
    Ok(format!("/spake/status/{}", field(&answer, "session_id")?))
}
