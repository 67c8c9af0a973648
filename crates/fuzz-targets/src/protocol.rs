//! What a peer or a store hands to the protocol crate.

use std::sync::LazyLock;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use spake_protocol::Password;
use spake_protocol::password::PasswordError;
use spake_protocol::spake2::{self, AwaitingConfirmationA, PartyB, ShareA, ShareB, W};
use spake_protocol::spake2plus::{self, ShareP, ShareV, Verifier, VerifierRecord};
use unicode_normalization::UnicodeNormalization as _;

/// The longest password after its preparation.
const MAX_PASSWORD_LEN: usize = 1024;

/// A party B as a store has it.
pub(crate) static STORED_B: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let setting = spake2::Setting::new(b"client", b"server", b"context").expect("short");
    let w = W::from_bytes(&[3; 32]).expect("in range");
    PartyB::start(setting, w, &mut rng()).to_bytes().to_vec()
});

static RECORD: LazyLock<VerifierRecord> = LazyLock::new(|| VerifierRecord::random(&mut rng()));

pub(crate) fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(1)
}

/// A share that is accepted, whoever asks.
fn some_share() -> ShareA {
    ShareA::try_from(&*RECORD.l_bytes() as &[u8]).expect("a point")
}

/// A share is the same to all who read one, comes back as it came, and every run can go on with it.
pub(crate) fn share(bytes: &[u8]) -> bool {
    let share = ShareA::try_from(bytes);
    assert_eq!(share.is_ok(), ShareB::try_from(bytes).is_ok());
    assert_eq!(share.is_ok(), ShareV::try_from(bytes).is_ok());
    assert_eq!(share.is_ok(), VerifierRecord::new(&[1; 32], bytes).is_ok());
    let (share, share_p) = match (share, ShareP::try_from(bytes)) {
        (Ok(share), Ok(share_p)) => (share, share_p),
        (Err(one), Err(other)) => {
            assert_eq!(one, other);
            return false;
        }
        _ => unreachable!("one reader takes what another refuses"),
    };
    assert_eq!(share.as_bytes().as_slice(), bytes);
    assert_eq!(share_p.as_bytes().as_slice(), bytes);
    goes_on(PartyB::from_bytes(&STORED_B).expect("stored by us"), &share);
    answers(&RECORD, &share_p);
    true
}

/// What is read back of a stored B is what was stored, nothing longer or shorter, and it can go on.
pub(crate) fn party_b(bytes: &[u8]) -> bool {
    let Ok(party) = PartyB::from_bytes(bytes) else { return false };
    assert_eq!(party.to_bytes().as_slice(), bytes);
    only_whole(bytes, |bytes| PartyB::from_bytes(bytes).is_ok());
    goes_on(party, &some_share());
    true
}

/// The same for a verifier.
pub(crate) fn verifier_record(bytes: &[u8]) -> bool {
    let Ok(record) = VerifierRecord::from_bytes(bytes) else { return false };
    assert_eq!(record.to_bytes().as_slice(), bytes);
    assert!(VerifierRecord::new(&record.w0_bytes(), &*record.l_bytes()).is_ok(), "it could be registered");
    only_whole(bytes, |bytes| VerifierRecord::from_bytes(bytes).is_ok());
    answers(&record, &ShareP::try_from(some_share().as_bytes().as_slice()).expect("a point"));
    true
}

/// A password is refused for its prepared length alone.
pub(crate) fn password(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    // An independent reading of the same rule: no space of Unicode is longer or shorter than another when it is U+0020.
    let spaces = |c: char| if c.is_whitespace() && !c.is_control() && !is_line_end(c) { ' ' } else { c };
    let prepared: String = text.chars().map(spaces).nfc().collect();
    let expected = match prepared.len() {
        0 => Some(PasswordError::Empty),
        length if length > MAX_PASSWORD_LEN => Some(PasswordError::TooLong),
        _ => None,
    };
    assert_eq!(Password::prepare(text).err(), expected);
    assert_eq!(Password::prepare(&prepared).err(), expected, "what is prepared stays as it is");
    expected.is_none()
}

/// Line and paragraph separators are white space to Rust, and no spaces (Zs) to Unicode.
fn is_line_end(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

fn goes_on(party: PartyB, share_a: &ShareA) {
    let state = party.finish(share_a).to_bytes();
    assert_eq!(AwaitingConfirmationA::from_bytes(&state).to_bytes(), state);
}

fn answers(record: &VerifierRecord, share_p: &ShareP) {
    let setting = spake2plus::Setting::new(b"id", b"server", b"context").expect("short");
    let answer = Verifier::respond(record, &setting, share_p, &mut rng());
    assert!(ShareP::try_from(answer.share_v.as_bytes().as_slice()).is_ok(), "our share is one");
}

fn only_whole(bytes: &[u8], is_accepted: impl Fn(&[u8]) -> bool) {
    let (_, shorter) = bytes.split_last().expect("not empty");
    assert!(!is_accepted(shorter) && !is_accepted(&[bytes, &[0]].concat()));
}
