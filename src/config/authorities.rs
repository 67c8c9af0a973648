//! Who must have signed the certificate of a server that we call.

use std::fmt::Display;
use std::path::Path;

use ureq::tls::{Certificate, PemItem, RootCerts, parse_pem};

use super::InvalidConfig;

/// Those in the PEM file that `variable` names, or the public ones.
pub fn authorities(variable: &str, file: Option<&Path>) -> Result<RootCerts, InvalidConfig> {
    let Some(file) = file else { return Ok(RootCerts::WebPki) };
    let wrong = |what: &dyn Display| InvalidConfig(format!("{variable}: {}: {what}", file.display()));
    let pem = std::fs::read(file).map_err(|error| wrong(&error))?;
    let certificate = |item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    };
    let found: Result<Vec<Certificate<'static>>, _> = parse_pem(&pem).filter_map(certificate).collect();
    match found {
        Ok(found) if found.is_empty() => Err(wrong(&"holds no certificate in PEM")),
        Ok(found) => Ok(RootCerts::from(found)),
        Err(error) => Err(wrong(&error)),
    }
}
