//! What this release brings along: its migrations, and the newest record it can read.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use crate::domain::codec::Formats;

/// One file of `migrations/`.
#[derive(Clone)]
pub struct Migration {
    /// `NNNN_name`.
    pub name: Cow<'static, str>,
    /// The script: see `migrations/0001_baseline.lua` for what it is given.
    pub body: Cow<'static, str>,
}

/// A release, as far as a keyspace is concerned.
#[derive(Clone)]
pub struct Release {
    /// All migrations, from the first.
    pub migrations: Vec<Migration>,
    /// The records that it reads and writes.
    pub formats: Formats,
}

impl Release {
    /// This one.
    pub fn current() -> Self {
        let migrations = MIGRATIONS
            .iter()
            .map(|(name, body)| Migration { name: Cow::Borrowed(name), body: Cow::Borrowed(body) })
            .collect();
        Self { migrations, formats: Formats::CURRENT }
    }

    /// The number of its newest migration. A keyspace names the lowest level that may use it.
    pub fn level(&self) -> u64 {
        self.migrations.len() as u64
    }
}

impl Migration {
    /// SHA-256 of the body, in hex.
    pub fn checksum(&self) -> String {
        hex::encode(Sha256::digest(self.body.as_bytes()))
    }
}

macro_rules! migrations {
    ($($name:literal),*) => {
        [$(($name, include_str!(concat!("../../../migrations/", $name, ".lua")))),*]
    };
}

const MIGRATIONS: [(&str, &str); 1] = migrations!["0001_baseline"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_directory_is_a_migration_and_they_are_numbered_without_a_gap() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let mut files: Vec<_> = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let names: Vec<_> = MIGRATIONS.iter().map(|(name, _)| format!("{name}.lua")).collect();
        assert_eq!(names, files);
        for (index, name) in names.iter().enumerate() {
            assert!(name.starts_with(&format!("{:04}_", index + 1)), "{name}");
        }
    }

    #[test]
    fn released_migrations_are_never_edited() {
        let checksums: Vec<_> = Release::current().migrations.iter().map(Migration::checksum).collect();
        // Append; never change.
        assert_eq!(checksums, ["1068126c683b311823bf89291e6b7b62fb1783f38cafb7b1e1462185941b6fbd"]);
    }
}
