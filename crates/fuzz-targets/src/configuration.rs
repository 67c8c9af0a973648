//! What an operator writes.

use spake_protocol::stretch::Kdf;
use spake_service::config::parse_kdf;

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
