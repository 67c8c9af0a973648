//! Names in Redis. All that changes together carries one hash tag, so that it lies in one slot of a Cluster.
//!
//! There are 256 buckets; bucket b hashes into the slots 64b to 64b + 63, so that any number of masters with even
//! ranges of slots gets an even share. "Look into it" in docs/OPERATIONS.md is this file for people.

use std::fmt::Write as _;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use crate::domain::ids::SessionId;

pub(super) const BUCKETS: usize = 256;
const SLOTS_PER_BUCKET: u16 = 64;

/// A bucket's hash tag: its number in hex and the first letters after it that hash into its slots.
static TAGS: LazyLock<Vec<String>> = LazyLock::new(|| (0..=u8::MAX).map(find_tag).collect());

/// One of the 256 parts of a keyspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bucket(u8);

impl Bucket {
    /// A session's bucket: the first byte of the SHA-256 of its id.
    pub(super) fn of(id: &SessionId) -> Self {
        let [first, ..] = <[u8; 32]>::from(Sha256::digest(id.as_str()));
        Self(first)
    }

    pub(super) const fn new(number: u8) -> Self {
        Self(number)
    }

    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0..=u8::MAX).map(Self)
    }

    pub(super) const fn number(self) -> u8 {
        self.0
    }

    /// A slot of this bucket's tag.
    pub(super) fn slot(self) -> u16 {
        slot(self.tag().as_bytes())
    }

    fn tag(self) -> &'static str {
        TAGS.get(usize::from(self.0)).map_or("", String::as_str)
    }
}

/// The keys of one keyspace.
#[derive(Clone)]
pub(super) struct Keys {
    prefix: Box<str>,
}

impl Keys {
    pub(super) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.into() }
    }

    pub(super) fn session(&self, id: &SessionId) -> String {
        self.sessions_of(Bucket::of(id)) + id.as_str()
    }

    /// What the keys of a bucket's sessions begin with.
    pub(super) fn sessions_of(&self, bucket: Bucket) -> String {
        self.in_bucket(bucket, "session:")
    }

    /// The bucket's sorted set of sessions by their expiry.
    pub(super) fn index(&self, bucket: Bucket) -> String {
        self.in_bucket(bucket, "sessions")
    }

    /// The bucket's place in the migrations.
    pub(super) fn migration(&self, bucket: Bucket) -> String {
        self.in_bucket(bucket, "migration")
    }

    /// What is written to see whether writing is possible.
    pub(super) fn probe(&self, bucket: Bucket) -> String {
        self.in_bucket(bucket, "probe")
    }

    /// The sealed facts of the keyspace.
    pub(super) fn facts(&self) -> String {
        self.in_bucket(Bucket(0), "facts")
    }

    /// Which versions the keyspace is at.
    pub(super) fn schema(&self) -> String {
        self.in_bucket(Bucket(0), "schema")
    }

    fn in_bucket(&self, bucket: Bucket, rest: &str) -> String {
        // With room for an id, which most keys end in.
        let mut key = String::with_capacity(self.prefix.len() + rest.len() + 48);
        // Writing to a string cannot fail.
        let _ = write!(key, "{}:{{{}}}:{rest}", self.prefix, bucket.tag());
        key
    }
}

fn find_tag(bucket: u8) -> String {
    let with = |mut number: u32| {
        let mut tag = format!("{bucket:02x}");
        loop {
            tag.extend(char::from_digit(10 + number % 26, 36));
            number /= 26;
            if number == 0 {
                return tag;
            }
        }
    };
    // One number in 256 hits; a test shows that every bucket finds its own.
    (0..10_000)
        .map(with)
        .find(|tag| slot(tag.as_bytes()) / SLOTS_PER_BUCKET == u16::from(bucket))
        .unwrap_or_default()
}

/// The slot of a hash tag: CRC-16/XMODEM modulo 16,384 (Redis Cluster specification).
fn slot(tag: &[u8]) -> u16 {
    let crc = tag.iter().fold(0_u16, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    });
    crc % 16_384
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bucket_hashes_into_its_own_64_slots() {
        assert_eq!(slot(b"123456789"), 0x31C3, "the specification's test value");
        for bucket in Bucket::all() {
            assert_eq!(bucket.slot() / 64, u16::from(bucket.number()));
            assert!(bucket.tag().starts_with(&format!("{:02x}", bucket.number())), "{}", bucket.tag());
        }
    }

    #[test]
    fn the_names_of_keys_never_change() {
        let keys = Keys::new("spake");
        let id = SessionId::parse("s1").unwrap();
        assert_eq!(keys.session(&id), "spake:{e8sq}:session:s1");
        assert_eq!(keys.index(Bucket::of(&id)), "spake:{e8sq}:sessions");
        assert_eq!(keys.facts(), "spake:{00kp}:facts");
        let all: String = Bucket::all().map(Bucket::tag).collect();
        assert_eq!(
            hex::encode(Sha256::digest(all)),
            "a0d77794a4785bb66d95234ebf983dac1bfbdf277100e93c9474e3f6fc686363"
        );
    }
}
