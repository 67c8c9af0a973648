//! The formats of single values. Each error is a sentence about the value; the variable's name is put before it.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use spake_protocol::stretch::Kdf;

use super::admin::Listener;

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

/// A network or a single address of proxies. Addresses are compared as IPv4 where they are IPv4.
pub(super) fn proxies(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let network = text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    let network = network
        .ok_or("must be networks such as 10.0.0.0/8 or fd00::/8, or addresses, separated by commas")?;
    if network.prefix_len() == 0 {
        return Err("must not be everyone: X-Forwarded-For would be what any caller writes".to_owned());
    }
    match network {
        IpNet::V6(network) if network.addr().to_ipv4_mapped().is_some() => {
            Err("must have IPv4 networks as IPv4, without ::ffff:".to_owned())
        }
        network => Ok(network),
    }
}

pub(super) fn directory(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() { Err("must name a directory".to_owned()) } else { Ok(text.into()) }
}

pub(super) fn file(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() { Err("must name a file".to_owned()) } else { Ok(text.into()) }
}

/// A name that only has to be one.
pub(super) fn name(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("must not be empty".to_owned()) } else { label(text, 255) }
}

pub(super) fn server_id(text: &str) -> Result<String, String> {
    name(text)
}

pub(super) fn context(text: &str) -> Result<String, String> {
    label(text, 255)
}

/// The first part of every key: braces would move keys to other slots of a Cluster.
pub(super) fn prefix(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '.' | '_' | '-');
    if text.is_empty() || text.len() > 64 || !text.chars().all(allowed) {
        return Err("must be 1 to 64 characters out of A-Z, a-z, 0-9, ':', '.', '_' and '-'".to_owned());
    }
    Ok(text.to_owned())
}

/// An address and port to listen on, or `off`.
pub(super) fn listener(text: &str) -> Result<Listener, String> {
    if text == "off" {
        return Ok(Listener::Off);
    }
    text.parse()
        .map(Listener::At)
        .map_err(|_| "must be an address and port such as 127.0.0.1:9464, or off".to_owned())
}

fn label(text: &str, max_len: usize) -> Result<String, String> {
    if text.len() > max_len || text.chars().any(char::is_control) {
        return Err(format!("must be at most {max_len} bytes without control characters"));
    }
    Ok(text.to_owned())
}

pub(super) fn session_ttl(text: &str) -> Result<Duration, String> {
    duration(text, Duration::from_secs(1), Duration::from_secs(24 * 3600))
}

pub(super) fn redis_timeout(text: &str) -> Result<Duration, String> {
    duration(text, Duration::from_millis(10), Duration::from_secs(60))
}

/// How long somebody else may take.
pub fn request_timeout(text: &str) -> Result<Duration, String> {
    duration(text, Duration::from_millis(100), Duration::from_secs(300))
}

pub(super) fn drain_timeout(text: &str) -> Result<Duration, String> {
    duration(text, Duration::ZERO, Duration::from_secs(3600))
}

/// How long an API key is accepted.
pub fn expiry(text: &str) -> Result<Duration, String> {
    duration(text, Duration::from_secs(1), Duration::from_secs(3650 * 24 * 3600))
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

pub(super) fn connections(text: &str) -> Result<usize, String> {
    number(text, 1, 64)
}

pub(super) fn replicas(text: &str) -> Result<usize, String> {
    number(text, 0, 16)
}

/// `argon2id:65536,3,4` and the like.
pub fn kdf(text: &str) -> Result<Kdf, String> {
    let (algorithm, parameters) = text.split_once(':').unwrap_or((text, ""));
    let numbers: Result<Vec<u32>, _> = parameters.split(',').map(str::parse).collect();
    let kdf = match (algorithm, &*numbers.unwrap_or_default()) {
        ("pbkdf2-hmac-sha256", &[iterations]) => Kdf::pbkdf2(iterations),
        ("argon2id", &[m_kib, t, p]) => Kdf::argon2id(m_kib, t, p),
        ("scrypt", &[n, r, p]) => Kdf::scrypt(n, r, p),
        _ => {
            return Err("must be pbkdf2-hmac-sha256:ITERATIONS, argon2id:MEMORY_KIB,PASSES,PARALLELISM or scrypt:N,R,P"
                .to_owned());
        }
    };
    kdf.map_err(|error| error.to_string())
}

pub(super) fn guess_limit(text: &str) -> Result<u32, String> {
    number(text, 1, 1000).and_then(|limit| u32::try_from(limit).map_err(|error| error.to_string()))
}

pub(super) fn guess_limit_per_address(text: &str) -> Result<u32, String> {
    number(text, 0, 1000).and_then(|limit| u32::try_from(limit).map_err(|error| error.to_string()))
}

pub(super) fn guess_window(text: &str) -> Result<Duration, String> {
    duration(text, Duration::from_secs(2), Duration::from_secs(7 * 24 * 3600))
}

pub(super) fn rate(text: &str) -> Result<u32, String> {
    number(text, 0, 1_000_000).and_then(|rate| u32::try_from(rate).map_err(|error| error.to_string()))
}

pub(super) fn burst(text: &str) -> Result<NonZeroU32, String> {
    let burst = number(text, 1, 1_000_000)?;
    u32::try_from(burst).and_then(NonZeroU32::try_from).map_err(|error| error.to_string())
}

pub(super) fn in_flight(text: &str) -> Result<usize, String> {
    number(text, 1, 1_000_000)
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
