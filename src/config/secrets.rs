//! Secrets: from a file or a variable, never from a flag, which everyone on the machine could read.

use std::path::Path;

use zeroize::Zeroizing;

use super::InvalidConfig;

/// A secret's variable; the one that names its file has `_FILE` after it.
pub(super) struct Secret(pub(super) &'static str);

pub(super) const STATE_KEYS: Secret = Secret("SPAKE_STATE_KEYS");
pub(super) const REDIS_URL: Secret = Secret("REDIS_URL");
pub(super) const API_KEY: Secret = Secret("SPAKE_API_KEY");
pub(super) const SENTINEL_PASSWORD: Secret = Secret("SPAKE_REDIS_SENTINEL_PASSWORD");

/// Variables that no flag declares.
pub(super) const WITHOUT_FLAG: [&str; 4] = [STATE_KEYS.0, REDIS_URL.0, SENTINEL_PASSWORD.0, API_KEY.0];

/// The key that a client's commands call the service with: from the variable, or the file at `path`.
pub fn read_api_key(path: Option<&Path>) -> Result<Option<Zeroizing<String>>, InvalidConfig> {
    Ok(API_KEY.read(path)?.map(|found| found.text))
}

/// A secret, and the variable that it came from.
pub(super) struct Found {
    pub(super) variable: String,
    pub(super) text: Zeroizing<String>,
}

impl Found {
    /// That `what` is wrong with it.
    pub(super) fn wrong(&self, what: impl std::fmt::Display) -> InvalidConfig {
        InvalidConfig(format!("{} {what}", self.variable))
    }
}

impl Secret {
    /// The secret, without the line end that files have, if there is one.
    pub(super) fn read(&self, file: Option<&Path>) -> Result<Option<Found>, InvalidConfig> {
        let Self(variable) = self;
        match (std::env::var_os(variable), file) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => {
                Err(InvalidConfig(format!("{variable} and {variable}_FILE are both set; set one")))
            }
            (Some(text), None) => {
                let text = text.into_string();
                let text = text.map_err(|_| InvalidConfig(format!("{variable} is not UTF-8")))?;
                Ok(Some(Found { variable: (*variable).to_owned(), text: Zeroizing::new(text) }))
            }
            (None, Some(path)) => self.read_file(path).map(Some),
        }
    }

    /// The secret in the file at `path`.
    pub(super) fn read_file(&self, path: &Path) -> Result<Found, InvalidConfig> {
        let variable = format!("{}_FILE", self.0);
        let failed = |error: std::io::Error| {
            let name = path.to_string_lossy();
            // Keys and URLs have one; whoever mixes the two variables up must not find the secret in the log.
            let shown =
                if name.contains(':') { "(not shown: it looks like the secret itself)" } else { &*name };
            InvalidConfig(format!("{variable} names a file that cannot be read: {shown}: {error}"))
        };
        let mut text = Zeroizing::new(std::fs::read_to_string(path).map_err(failed)?);
        let without_line_end = text.trim_end_matches(['\r', '\n']).len();
        text.truncate(without_line_end);
        Ok(Found { variable, text })
    }
}
