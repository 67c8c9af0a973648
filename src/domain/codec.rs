//! Records to bytes and back: the only file that names bincode.
//!
//! A record is `version(1) ‖ bincode`. A release reads every version it knows, and writes the newest that everyone who
//! uses the store can read; what is written goes through a buffer that is wiped, for it holds secrets.

use bincode::config::{Configuration, Fixint, Limit, LittleEndian};
use bincode::enc::write::SizeWriter;
use bincode::{Decode, Encode};
use spake_protocol::spake2::PartyB;
use spake_protocol::spake2plus::VerifierRecord;
use spake_protocol::stretch::{Kdf, Salt};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::domain::access::{KeyName, Owner};
use crate::domain::accounts::{Credential, SaltedKdf};
use crate::domain::fingerprint::Fingerprint;
use crate::domain::ids::{ClientId, CredentialId};
use crate::domain::keyspace::{Facts, Seed};
use crate::domain::ports::{AttemptId, Generation};
use crate::domain::session::{
    Answered, LoginProgress, LoginSession, PairingSession, Parties, Progress, Session,
};

/// The version of the keyspace's facts.
const FACTS_VERSION: u8 = 1;
/// The version of credentials.
const CREDENTIAL_VERSION: u8 = 1;
/// More than any record of ours; what claims to be longer is not read.
const MAX_LEN: usize = 4096;

/// The versions of session records that a release knows: from 1 to its newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Formats {
    newest: u8,
}

impl Formats {
    /// Those of this release.
    pub const CURRENT: Self = Self::up_to(1);

    /// Those of a release whose newest is `newest`.
    pub const fn up_to(newest: u8) -> Self {
        Self { newest }
    }

    /// The newest.
    pub const fn newest(self) -> u8 {
        self.newest
    }
}

/// The bytes are not a record of a version that this release knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the record is malformed or of a version that this release does not know")]
pub struct Malformed;

#[derive(Encode, Decode, Zeroize, ZeroizeOnDrop)]
enum SessionV1 {
    Pairing { client_id: String, owner: Option<String>, progress: ProgressV1 },
    Login { credential: String, progress: LoginV1 },
}

#[derive(Encode, Decode, Zeroize, ZeroizeOnDrop)]
enum ProgressV1 {
    Initiated { party_b: Vec<u8> },
    Completed { share_a_hash: [u8; 32], outcome: [u8; 96], confirmed: bool },
    Failed { by: [u8; 32] },
}

#[derive(Encode, Decode, Zeroize, ZeroizeOnDrop)]
#[expect(clippy::large_enum_variant, reason = "one at a time, for the moment of encoding")]
enum LoginV1 {
    Answered {
        share_p_hash: [u8; 32],
        share_v: [u8; 65],
        confirm_v: [u8; 32],
        outcome: [u8; 64],
        attempt: [u8; 32],
        generation: Option<u64>,
        confirmed: bool,
    },
    Failed {
        by: [u8; 32],
    },
}

#[derive(Encode, Decode, Zeroize, ZeroizeOnDrop)]
struct CredentialV1 {
    verifier: Vec<u8>,
    kdf: KdfV1,
    salt: Vec<u8>,
    generation: u64,
    disabled: bool,
}

#[derive(Encode, Decode, Zeroize)]
enum KdfV1 {
    Pbkdf2 { iterations: u32 },
    Argon2id { m_kib: u32, t: u32, p: u32 },
    Scrypt { n: u32, r: u32, p: u32 },
}

#[derive(Encode, Decode, Zeroize, ZeroizeOnDrop)]
struct FactsV1 {
    seed: [u8; 32],
    server_id: String,
    context: String,
    decoy: Vec<u8>,
}

/// A session as bytes to seal, in the newest of `formats` that is no newer than `permitted`.
pub fn encode_session(
    session: &Session,
    formats: Formats,
    permitted: u8,
) -> Result<Zeroizing<Vec<u8>>, Malformed> {
    // All versions so far look alike.
    let version = permitted.min(formats.newest);
    encode(version, &SessionV1::from(session))
}

/// A session from opened bytes.
pub fn decode_session(bytes: &[u8], formats: Formats) -> Result<Session, Malformed> {
    match &decode::<SessionV1>(bytes, formats.newest)? {
        SessionV1::Pairing { client_id, owner, progress } => {
            let client_id = ClientId::parse(client_id).map_err(|_| Malformed)?;
            let owner = owner.as_deref().map(KeyName::parse).transpose().map_err(|_| Malformed)?;
            let parties = Parties { owner: Owner(owner), client_id };
            Ok(Session::Pairing(PairingSession { parties, progress: progress.read()? }))
        }
        SessionV1::Login { credential, progress } => {
            let credential = CredentialId::parse(credential).map_err(|_| Malformed)?;
            Ok(Session::Login(LoginSession { credential, progress: progress.read() }))
        }
    }
}

/// A credential as bytes to seal.
pub fn encode_credential(credential: &Credential) -> Result<Zeroizing<Vec<u8>>, Malformed> {
    let kdf = match &credential.kdf.kdf {
        Kdf::Pbkdf2HmacSha256(kdf) => KdfV1::Pbkdf2 { iterations: kdf.iterations() },
        Kdf::Argon2id(kdf) => KdfV1::Argon2id { m_kib: kdf.m_kib(), t: kdf.t(), p: kdf.p() },
        Kdf::Scrypt(kdf) => KdfV1::Scrypt { n: kdf.n(), r: kdf.r(), p: kdf.p() },
    };
    let record = CredentialV1 {
        verifier: credential.verifier.to_bytes().to_vec(),
        kdf,
        salt: credential.kdf.salt.as_bytes().to_vec(),
        generation: credential.generation.0,
        disabled: credential.disabled,
    };
    encode(CREDENTIAL_VERSION, &record)
}

/// A credential from opened bytes.
pub fn decode_credential(bytes: &[u8]) -> Result<Credential, Malformed> {
    let record: CredentialV1 = decode(bytes, CREDENTIAL_VERSION)?;
    let kdf = match record.kdf {
        KdfV1::Pbkdf2 { iterations } => Kdf::pbkdf2(iterations),
        KdfV1::Argon2id { m_kib, t, p } => Kdf::argon2id(m_kib, t, p),
        KdfV1::Scrypt { n, r, p } => Kdf::scrypt(n, r, p),
    };
    Ok(Credential {
        verifier: VerifierRecord::from_bytes(&record.verifier).map_err(|_| Malformed)?,
        kdf: SaltedKdf {
            kdf: kdf.map_err(|_| Malformed)?,
            salt: Salt::new(&record.salt).map_err(|_| Malformed)?,
        },
        generation: Generation(record.generation),
        disabled: record.disabled,
    })
}

impl From<&Session> for SessionV1 {
    fn from(session: &Session) -> Self {
        match session {
            Session::Pairing(session) => Self::Pairing {
                client_id: session.parties.client_id.as_str().to_owned(),
                owner: session.parties.owner.0.as_ref().map(|name| name.as_str().to_owned()),
                progress: (&session.progress).into(),
            },
            Session::Login(session) => Self::Login {
                credential: session.credential.as_str().to_owned(),
                progress: (&session.progress).into(),
            },
        }
    }
}

impl From<&Progress> for ProgressV1 {
    fn from(progress: &Progress) -> Self {
        match progress {
            Progress::Initiated(party_b) => Self::Initiated { party_b: party_b.to_bytes().to_vec() },
            Progress::Completed { share_a_hash, outcome, confirmed } => {
                Self::Completed { share_a_hash: *share_a_hash, outcome: **outcome, confirmed: *confirmed }
            }
            Progress::Failed { by } => Self::Failed { by: *by.as_bytes() },
        }
    }
}

impl ProgressV1 {
    fn read(&self) -> Result<Progress, Malformed> {
        match self {
            Self::Initiated { party_b } => {
                Ok(Progress::Initiated(PartyB::from_bytes(party_b).map_err(|_| Malformed)?))
            }
            Self::Completed { share_a_hash, outcome, confirmed } => Ok(Progress::Completed {
                share_a_hash: *share_a_hash,
                outcome: Zeroizing::new(*outcome),
                confirmed: *confirmed,
            }),
            Self::Failed { by } => Ok(Progress::Failed { by: Fingerprint::from_bytes(*by) }),
        }
    }
}

impl From<&LoginProgress> for LoginV1 {
    fn from(progress: &LoginProgress) -> Self {
        match progress {
            LoginProgress::Answered { share_p_hash, answered, outcome, attempt, generation, confirmed } => {
                Self::Answered {
                    share_p_hash: *share_p_hash,
                    share_v: answered.share_v,
                    confirm_v: answered.confirm_v,
                    outcome: **outcome,
                    attempt: attempt.0,
                    generation: generation.map(|generation| generation.0),
                    confirmed: *confirmed,
                }
            }
            LoginProgress::Failed { by } => Self::Failed { by: *by.as_bytes() },
        }
    }
}

impl LoginV1 {
    fn read(&self) -> LoginProgress {
        match self {
            Self::Answered { share_p_hash, share_v, confirm_v, outcome, attempt, generation, confirmed } => {
                LoginProgress::Answered {
                    share_p_hash: *share_p_hash,
                    answered: Answered { share_v: *share_v, confirm_v: *confirm_v },
                    outcome: Zeroizing::new(*outcome),
                    attempt: AttemptId(*attempt),
                    generation: generation.map(Generation),
                    confirmed: *confirmed,
                }
            }
            Self::Failed { by } => LoginProgress::Failed { by: Fingerprint::from_bytes(*by) },
        }
    }
}

/// The keyspace's facts as bytes to seal.
pub fn encode_facts(facts: &Facts) -> Result<Zeroizing<Vec<u8>>, Malformed> {
    encode(
        FACTS_VERSION,
        &FactsV1 {
            seed: *facts.seed.expose(),
            server_id: facts.server_id.clone(),
            context: facts.context.clone(),
            decoy: facts.decoy.to_bytes().to_vec(),
        },
    )
}

/// The keyspace's facts from opened bytes.
pub fn decode_facts(bytes: &[u8]) -> Result<Facts, Malformed> {
    let record: FactsV1 = decode(bytes, FACTS_VERSION)?;
    Ok(Facts {
        seed: Seed::from_bytes(record.seed),
        server_id: record.server_id.clone(),
        context: record.context.clone(),
        decoy: VerifierRecord::from_bytes(&record.decoy).map_err(|_| Malformed)?,
    })
}

const fn config() -> Configuration<LittleEndian, Fixint, Limit<MAX_LEN>> {
    bincode::config::standard().with_little_endian().with_fixed_int_encoding().with_limit::<MAX_LEN>()
}

fn encode(version: u8, record: &impl Encode) -> Result<Zeroizing<Vec<u8>>, Malformed> {
    // One buffer of full size from the start: a growing one would leave copies of secrets behind. And no larger, for all
    // of it is wiped.
    let mut counter = SizeWriter::default();
    bincode::encode_into_writer(record, &mut counter, config()).map_err(|_| Malformed)?;
    let len = 1 + counter.bytes_written;
    if len > MAX_LEN {
        return Err(Malformed);
    }
    let mut buffer = Zeroizing::new(vec![0; len]);
    let (first, body) = buffer.split_first_mut().ok_or(Malformed)?;
    *first = version;
    bincode::encode_into_slice(record, body, config()).map_err(|_| Malformed)?;
    Ok(buffer)
}

fn decode<T: Decode<()>>(bytes: &[u8], newest: u8) -> Result<T, Malformed> {
    let (&version, body) = bytes.split_first().ok_or(Malformed)?;
    if !(1..=newest).contains(&version) {
        return Err(Malformed);
    }
    let (record, read) = bincode::decode_from_slice(body, config()).map_err(|_| Malformed)?;
    if read == body.len() { Ok(record) } else { Err(Malformed) }
}
