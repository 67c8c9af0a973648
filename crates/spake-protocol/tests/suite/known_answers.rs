//! Every byte from the password to the shared secret, as `vectors/generate.py` computes it in Python.

use serde_json::Value;
use spake_protocol::Password;
use spake_protocol::password::PasswordError;
use spake_protocol::spake2::{self, AwaitingConfirmationA, PartyA, PartyB, W};
use spake_protocol::spake2plus::{self, AwaitingConfirmP, Prover, ProverSecret, Verifier, VerifierRecord};
use spake_protocol::stretch::{Kdf, Salt};

use crate::support::{Draws, field, hex};

fn file() -> Value {
    serde_json::from_str(include_str!("../vectors/spake_service_1.json")).unwrap()
}

fn cases(name: &str) -> Vec<Value> {
    let cases = file()[name].as_array().unwrap().clone();
    assert!(!cases.is_empty());
    cases
}

fn kdf(case: &Value) -> Kdf {
    let kdf = &case["kdf"];
    let number = |name: &str| u32::try_from(kdf[name].as_u64().unwrap()).unwrap();
    match kdf["algorithm"].as_str().unwrap() {
        "pbkdf2-hmac-sha256" => Kdf::pbkdf2(number("iterations")),
        "argon2id" => Kdf::argon2id(number("m"), number("t"), number("p")),
        "scrypt" => Kdf::scrypt(number("n"), number("r"), number("p")),
        other => panic!("unknown algorithm {other}"),
    }
    .unwrap()
}

fn password(case: &Value) -> Password {
    Password::prepare(case["password"].as_str().unwrap()).unwrap()
}

#[track_caller]
fn assert_field(case: &Value, name: &str, actual: &[u8]) {
    assert_eq!(hex(actual), case[name].as_str().unwrap(), "{name} of {}", case["name"]);
}

#[test]
fn passwords_are_refused_as_in_the_file() {
    for case in cases("refused_passwords") {
        let error = match case["error"].as_str().unwrap() {
            "empty" => PasswordError::Empty,
            _ => PasswordError::TooLong,
        };
        assert_eq!(Password::prepare(case["password"].as_str().unwrap()).err(), Some(error));
    }
}

#[test]
fn spake2_computes_every_byte_of_the_file() {
    for case in cases("spake2") {
        let setting =
            spake2::Setting::new(&field(&case, "A"), &field(&case, "B"), &field(&case, "context")).unwrap();
        assert_field(&case, "salt", setting.salt().as_bytes());
        let w = || W::stretch(&password(&case), &setting, &kdf(&case)).unwrap();

        let (a, share_a) = PartyA::start(setting.clone(), w(), &mut Draws::of(&field(&case, "x")));
        let b = PartyB::start(setting.clone(), w(), &mut Draws::of(&field(&case, "y")));
        assert_field(&case, "pA", share_a.as_bytes());
        assert_field(&case, "pB", b.share().as_bytes());
        assert_field(&case, "state_B", &b.to_bytes());

        // B goes through its stored forms, as it does in a service with replicas.
        let b = PartyB::from_bytes(&b.to_bytes()).unwrap();
        assert_eq!(b.setting(), &setting);
        let (a, confirmation_a) = a.finish(b.share()).unwrap();
        assert_field(&case, "cA", confirmation_a.as_bytes());
        let waiting = b.finish(&share_a);
        assert_field(&case, "state_awaiting_cA", waiting.to_bytes().as_slice());
        assert_field(&case, "shared_secret", waiting.unconfirmed_secret().expose());
        let waiting = AwaitingConfirmationA::from_bytes(&waiting.to_bytes());
        let confirmed = waiting.confirm(&confirmation_a).unwrap();
        assert_field(&case, "cB", confirmed.confirmation.as_bytes());
        assert_field(&case, "shared_secret", confirmed.shared_secret.expose());
        assert_field(&case, "shared_secret", a.confirm(&confirmed.confirmation).unwrap().expose());
    }
}

#[test]
fn spake2plus_computes_every_byte_of_the_file() {
    for case in cases("spake2plus") {
        let names = ["idProver", "idVerifier", "context"].map(|name| field(&case, name));
        let setting = spake2plus::Setting::new(&names[0], &names[1], &names[2]).unwrap();
        let salt = Salt::new(&field(&case, "salt")).unwrap();
        let secret = ProverSecret::stretch(&password(&case), &setting, &salt, &kdf(&case)).unwrap();
        let record = secret.verifier();
        assert_field(&case, "w0", record.w0_bytes().as_slice());
        assert_field(&case, "L", record.l_bytes().as_slice());
        assert_field(&case, "record", &record.to_bytes());

        let record = VerifierRecord::from_bytes(&record.to_bytes()).unwrap();
        let (prover, share_p) = Prover::start(setting.clone(), secret, &mut Draws::of(&field(&case, "x")));
        assert_field(&case, "shareP", share_p.as_bytes());
        let response = Verifier::respond(&record, &setting, &share_p, &mut Draws::of(&field(&case, "y")));
        assert_field(&case, "shareV", response.share_v.as_bytes());
        assert_field(&case, "confirmV", response.confirm_v.as_bytes());
        assert_field(&case, "state_awaiting_confirmP", response.state.to_bytes().as_slice());

        let state = AwaitingConfirmP::from_bytes(&response.state.to_bytes());
        let (confirm_p, of_prover) =
            prover.finish(&response.share_v).unwrap().confirm(&response.confirm_v).unwrap();
        assert_field(&case, "confirmP", confirm_p.as_bytes());
        assert_field(&case, "K_shared", of_prover.expose());
        assert_field(&case, "shared_secret", state.confirm(&confirm_p).unwrap().expose());
    }
}
