//! The formats of single values. Each error is a sentence about the value; the variable's name is put before it.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use spake_protocol::stretch::Kdf;

pub(super) fn boolean(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" | "" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    }
}

pub(super) fn host(text: &str) -> Result<IpAddr, String> {
    if text == "localhost" {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }
    text.parse().map_err(|_| "must be an IP address such as 127.0.0.1, 0.0.0.0 or ::1".to_owned())
}

pub(super) fn directory(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() { Err("must name a directory".to_owned()) } else { Ok(text.into()) }
}

pub(super) fn server_id(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("must not be empty".to_owned());
    }
    name(text, 255)
}

pub(super) fn context(text: &str) -> Result<String, String> {
    name(text, 255)
}

fn name(text: &str, max_len: usize) -> Result<String, String> {
    if text.len() > max_len || text.chars().any(char::is_control) {
        return Err(format!("must be at most {max_len} bytes without control characters"));
    }
    Ok(text.to_owned())
}

pub(super) fn session_ttl(text: &str) -> Result<Duration, String> {
    duration(text, Duration::from_secs(1), Duration::from_secs(24 * 3600))
}

pub(super) fn drain_timeout(text: &str) -> Result<Duration, String> {
    duration(text, Duration::ZERO, Duration::from_secs(3600))
}

fn duration(text: &str, min: Duration, max: Duration) -> Result<Duration, String> {
    let (min_text, max_text) = (humantime::format_duration(min), humantime::format_duration(max));
    humantime::parse_duration(text)
        .ok()
        .filter(|duration| (min..=max).contains(duration))
        .ok_or_else(|| format!("must be a duration such as 90s or 15m, from {min_text} to {max_text}"))
}

pub(super) fn iterations(text: &str) -> Result<Kdf, String> {
    let number = text.parse::<u32>().map_err(|_| "must be a number".to_owned())?;
    Kdf::pbkdf2(number).map_err(|error| error.to_string())
}

pub(super) fn threads(text: &str) -> Result<usize, String> {
    number(text, 1, 1024)
}

pub(super) fn queue(text: &str) -> Result<usize, String> {
    number(text, 1, 1_000_000)
}

fn number(text: &str, min: usize, max: usize) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|number| (min..=max).contains(number))
        .ok_or_else(|| format!("must be a number from {min} to {max}"))
}
