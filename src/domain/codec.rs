//! Records to bytes and back: the only file that names bincode.
//!
//! A record is `version(1) ‖ bincode`. A release reads every version it knows, and writes the newest that everyone who
//! uses the store can read; what is written goes through a buffer that is wiped, for it holds secrets.

use bincode::config::{Configuration, Fixint, Limit, LittleEndian};
use bincode::{Decode, Encode};
use spake_protocol::spake2::PartyB;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::domain::fingerprint::Fingerprint;
use crate::domain::ids::ClientId;
use crate::domain::keyspace::{Facts, Seed};
use crate::domain::session::{Progress, Session};

/// The version of the keyspace's facts.
const FACTS_VERSION: u8 = 1;
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
struct SessionV1 {
    client_id: String,
    progress: ProgressV1,
}

#[derive(Encode, Decode, Zeroize, ZeroizeOnDrop)]
enum ProgressV1 {
    Initiated { party_b: Vec<u8> },
    Completed { share_a_hash: [u8; 32], outcome: [u8; 96], confirmed: bool },
    Failed { by: [u8; 32] },
}

#[derive(Encode, Decode, Zeroize, ZeroizeOnDrop)]
struct FactsV1 {
    seed: [u8; 32],
    server_id: String,
    context: String,
}

/// A session as bytes to seal, in the newest of `formats` that is no newer than `permitted`.
pub fn encode_session(
    session: &Session,
    formats: Formats,
    permitted: u8,
) -> Result<Zeroizing<Vec<u8>>, Malformed> {
    let progress = match &session.progress {
        Progress::Initiated(party_b) => ProgressV1::Initiated { party_b: party_b.to_bytes().to_vec() },
        Progress::Completed { share_a_hash, outcome, confirmed } => {
            ProgressV1::Completed { share_a_hash: *share_a_hash, outcome: **outcome, confirmed: *confirmed }
        }
        Progress::Failed { by } => ProgressV1::Failed { by: *by.as_bytes() },
    };
    // All versions so far look alike.
    let version = permitted.min(formats.newest);
    encode(version, &SessionV1 { client_id: session.client_id.as_str().to_owned(), progress })
}

/// A session from opened bytes.
pub fn decode_session(bytes: &[u8], formats: Formats) -> Result<Session, Malformed> {
    let record: SessionV1 = decode(bytes, formats.newest)?;
    let progress = match &record.progress {
        ProgressV1::Initiated { party_b } => {
            Progress::Initiated(PartyB::from_bytes(party_b).map_err(|_| Malformed)?)
        }
        ProgressV1::Completed { share_a_hash, outcome, confirmed } => Progress::Completed {
            share_a_hash: *share_a_hash,
            outcome: Zeroizing::new(*outcome),
            confirmed: *confirmed,
        },
        ProgressV1::Failed { by } => Progress::Failed { by: Fingerprint::from_bytes(*by) },
    };
    let client_id = ClientId::parse(&record.client_id).map_err(|_| Malformed)?;
    Ok(Session { client_id, progress })
}

/// The keyspace's facts as bytes to seal.
pub fn encode_facts(facts: &Facts) -> Result<Zeroizing<Vec<u8>>, Malformed> {
    encode(
        FACTS_VERSION,
        &FactsV1 {
            seed: *facts.seed.expose(),
            server_id: facts.server_id.clone(),
            context: facts.context.clone(),
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
    })
}

const fn config() -> Configuration<LittleEndian, Fixint, Limit<MAX_LEN>> {
    bincode::config::standard().with_little_endian().with_fixed_int_encoding().with_limit::<MAX_LEN>()
}

fn encode(version: u8, record: &impl Encode) -> Result<Zeroizing<Vec<u8>>, Malformed> {
    // One buffer of full size from the start: a growing one would leave copies of secrets behind.
    let mut buffer = Zeroizing::new(vec![0; MAX_LEN]);
    let (first, body) = buffer.split_first_mut().ok_or(Malformed)?;
    *first = version;
    let len = bincode::encode_into_slice(record, body, config()).map_err(|_| Malformed)?;
    buffer.truncate(1 + len);
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
