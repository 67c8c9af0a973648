//! The state keys: from a file or a variable, never from a flag, which everyone on the machine could read.

use std::path::Path;

use zeroize::Zeroizing;

use super::InvalidConfig;
use crate::domain::sealing::KeyRing;

/// The variable with the keys themselves.
pub(super) const VARIABLE: &str = "SPAKE_STATE_KEYS";
const FILE_VARIABLE: &str = "SPAKE_STATE_KEYS_FILE";

/// The operator's key ring, if there is one.
pub(super) fn read(file: Option<&Path>) -> Result<Option<KeyRing>, InvalidConfig> {
    let inline = std::env::var_os(VARIABLE);
    let (name, text) = match (inline, file) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(InvalidConfig(format!("{VARIABLE} and {FILE_VARIABLE} are both set; set one")));
        }
        (Some(text), None) => {
            let text = text.into_string();
            let text = text.map_err(|_| InvalidConfig(format!("{VARIABLE} is not UTF-8")))?;
            (VARIABLE, Zeroizing::new(text))
        }
        (None, Some(path)) => {
            let text = std::fs::read_to_string(path);
            let failed = |error| InvalidConfig(format!("{FILE_VARIABLE}: {}: {error}", path.display()));
            (FILE_VARIABLE, Zeroizing::new(text.map_err(failed)?))
        }
    };
    KeyRing::parse(&text).map(Some).map_err(|error| InvalidConfig(format!("{name} {error}")))
}
