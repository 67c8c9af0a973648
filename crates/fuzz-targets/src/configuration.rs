//! What an operator writes.

use spake_protocol::stretch::Kdf;
use spake_service::config::parse_kdf;
use spake_service::store::redis::{SentinelLogin, Topology};

/// A kdf that is accepted is within its ranges, and has the numbers that were written, all of them.
pub(crate) fn kdf(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(kdf) = parse_kdf(text) else { return false };
    let (numbers, in_range) = match &kdf {
        Kdf::Pbkdf2HmacSha256(kdf) => {
            let iterations = kdf.iterations();
            (vec![iterations], (100_000..=10_000_000).contains(&iterations))
        }
        Kdf::Argon2id(kdf) => {
            let (m, t, p) = (kdf.m_kib(), kdf.t(), kdf.p());
            let in_range =
                (19 * 1024..=1024 * 1024).contains(&m) && (2..=10).contains(&t) && (1..=4).contains(&p);
            (vec![m, t, p], in_range)
        }
        Kdf::Scrypt(kdf) => {
            let (n, r, p) = (kdf.n(), kdf.r(), kdf.p());
            let in_range = (15..=20).any(|log| n == 1 << log) && r == 8 && (1..=4).contains(&p);
            (vec![n, r, p], in_range)
        }
    };
    assert!(in_range, "{text}");
    let written: Vec<_> = text.split([':', ',']).skip(1).map(|number| number.parse().ok()).collect();
    assert_eq!(written, numbers.into_iter().map(Some).collect::<Vec<Option<u32>>>(), "{text}");
    true
}

/// URLs that are accepted are all of Redis, and all with TLS or all without: nothing that is read otherwise elsewhere may
/// switch it off.
pub(crate) fn redis_url(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let as_sentinels = Topology::parse(text, Some(("primary".to_owned(), SentinelLogin::default())));
    let Ok(topology) = Topology::parse(text, None) else { return false };
    let urls: Vec<_> = text.split(',').map(str::trim).filter(|url| !url.is_empty()).collect();
    let with_tls = urls.iter().filter(|url| url.starts_with("rediss://")).count();
    let without = urls.iter().filter(|url| url.starts_with("redis://")).count();
    assert_eq!((with_tls, without), if topology.uses_tls() { (urls.len(), 0) } else { (0, urls.len()) });
    assert!(!text.contains('#'), "a fragment switches the check of certificates off");
    assert_eq!(matches!(topology, Topology::Standalone(_)), urls.len() == 1);
    assert!(as_sentinels.is_ok_and(|sentinels| sentinels.uses_tls() == topology.uses_tls()));
    true
}
