//! The file of `--json`: whole or not at all.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Outcome;
use crate::commands::Failure;

/// Whether it can be written. Nothing is left of trying.
pub(super) fn check(file: &Path) -> Outcome<()> {
    let at_first = beside(file);
    let opened = OpenOptions::new().create(true).append(true).open(at_first.as_deref().unwrap_or(file));
    let left = opened.and_then(|_| at_first.map_or(Ok(()), fs::remove_file));
    left.map_err(|error| refused(file, &error))
}

/// Beside its place at first, so that nobody meets half of it.
pub(super) fn write(file: &Path, value: &Value) -> Outcome<()> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::run)? + "\n";
    let written = match beside(file) {
        Some(at_first) => fs::write(&at_first, text).and_then(|()| fs::rename(&at_first, file)),
        None => fs::write(file, text),
    };
    written.map_err(|error| refused(file, &error))
}

/// None for what is no file, a pipe or a terminal, and for a link, which stays one.
fn beside(file: &Path) -> Option<PathBuf> {
    if file.symlink_metadata().is_ok_and(|there| !there.is_file()) {
        return None;
    }
    let mut name = file.as_os_str().to_owned();
    name.push(".new");
    Some(name.into())
}

fn refused(file: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(format!("--json {}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trying_leaves_nothing_and_writing_leaves_one_whole_file() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("figures.json");
        let files = || fs::read_dir(directory.path()).unwrap().count();
        assert!(check(&file).is_ok());
        assert_eq!(files(), 0);
        fs::write(&file, "what was there").unwrap();
        assert!(check(&file).is_ok());
        assert_eq!(fs::read_to_string(&file).unwrap(), "what was there");
        assert!(write(&file, &Value::Bool(true)).is_ok());
        assert_eq!((fs::read_to_string(&file).unwrap().as_str(), files()), ("true\n", 1));
    }

    #[test]
    fn what_cannot_be_written_is_said_beforehand() {
        let refused = check(Path::new("/nowhere/figures.json")).err().unwrap();
        assert!(refused.line.starts_with("--json /nowhere/figures.json: No such file"), "{}", refused.line);
        assert!(check(Path::new("/proc")).is_err());
    }
}
