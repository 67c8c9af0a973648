//! Preparation of passwords, and the accepted ranges of stretching parameters and settings.

use spake_protocol::password::{Password, PasswordError};
use spake_protocol::stretch::{InvalidSalt, Kdf, KdfOutOfRange, Salt};
use spake_protocol::{InvalidSetting, spake2, spake2plus};

#[test]
fn length_is_judged_after_the_preparation() {
    assert!(Password::prepare(&"x".repeat(1024)).is_ok());
    assert_eq!(Password::prepare(&"x".repeat(1025)).err(), Some(PasswordError::TooLong));
    // 3 bytes each as typed, 2 each when composed.
    assert!(Password::prepare(&"e\u{301}".repeat(512)).is_ok());
    assert_eq!(Password::prepare(&"e\u{301}".repeat(513)).err(), Some(PasswordError::TooLong));
    assert_eq!(Password::prepare("").err(), Some(PasswordError::Empty));
}

#[test]
fn nothing_else_is_refused() {
    for password in [" ", "\0", "\t\r\n", "\u{200b}", "\u{e000}", "\u{10ffff}", "\u{378}", "\u{301}"] {
        assert!(Password::prepare(password).is_ok(), "{password:?}");
    }
}

#[track_caller]
fn out_of_range(kdf: Result<Kdf, KdfOutOfRange>, parameter: &str) {
    let error = kdf.unwrap_err();
    assert_eq!(error.parameter, parameter);
    assert!(error.to_string().contains(&error.value.to_string()), "{error}");
}

#[test]
fn stretching_parameters_are_accepted_in_their_ranges_only() {
    for iterations in [100_000, 600_000, 10_000_000] {
        let Ok(Kdf::Pbkdf2HmacSha256(pbkdf2)) = Kdf::pbkdf2(iterations) else { panic!("{iterations}") };
        assert_eq!(pbkdf2.iterations(), iterations);
    }
    for iterations in [0, 1, 99_999, 10_000_001, u32::MAX] {
        out_of_range(Kdf::pbkdf2(iterations), "iterations");
    }

    for (m, t, p) in [(19 * 1024, 2, 1), (1024 * 1024, 10, 4)] {
        let Ok(Kdf::Argon2id(argon2id)) = Kdf::argon2id(m, t, p) else { panic!("{m} {t} {p}") };
        assert_eq!((argon2id.m_kib(), argon2id.t(), argon2id.p()), (m, t, p));
    }
    for (m, t, p, name) in [
        (19 * 1024 - 1, 2, 1, "m"),
        (1024 * 1024 + 1, 2, 1, "m"),
        (19 * 1024, 1, 1, "t"),
        (19 * 1024, 11, 1, "t"),
        (19 * 1024, 2, 0, "p"),
        (19 * 1024, 2, 5, "p"),
    ] {
        out_of_range(Kdf::argon2id(m, t, p), name);
    }

    for (n, r, p) in [(1 << 15, 8, 1), (1 << 20, 8, 4)] {
        let Ok(Kdf::Scrypt(scrypt)) = Kdf::scrypt(n, r, p) else { panic!("{n} {r} {p}") };
        assert_eq!((scrypt.n(), scrypt.r(), scrypt.p()), (n, r, p));
    }
    for (n, r, p, name) in [
        (1 << 14, 8, 1, "n"),
        (1 << 21, 8, 1, "n"),
        ((1 << 15) + 1, 8, 1, "n"),
        (0, 8, 1, "n"),
        (1 << 15, 7, 1, "r"),
        (1 << 15, 9, 1, "r"),
        (1 << 15, 8, 0, "p"),
        (1 << 15, 8, 5, "p"),
    ] {
        out_of_range(Kdf::scrypt(n, r, p), name);
    }
}

#[test]
fn a_salt_has_from_16_to_64_bytes() {
    for length in [0, 15, 65, 1000] {
        assert_eq!(Salt::new(&vec![1; length]), Err(InvalidSalt));
    }
    for length in [16, 32, 64] {
        assert_eq!(Salt::new(&vec![1; length]).unwrap().as_bytes(), vec![1; length]);
    }
}

#[test]
fn settings_are_accepted_up_to_their_lengths() {
    let (longest, too_long) = (vec![1; 1024], vec![1; 1025]);
    assert!(spake2::Setting::new(&longest, &longest, &[1; 255]).is_ok());
    assert!(spake2plus::Setting::new(&longest, &longest, &[1; 255]).is_ok());
    for (a, b, context, error) in [
        (&too_long, &longest, 0, InvalidSetting::IdentityTooLong),
        (&longest, &too_long, 0, InvalidSetting::IdentityTooLong),
        (&longest, &longest, 256, InvalidSetting::ContextTooLong),
    ] {
        assert_eq!(spake2::Setting::new(a, b, &vec![1; context]), Err(error));
        assert_eq!(spake2plus::Setting::new(a, b, &vec![1; context]), Err(error));
    }
}

#[test]
fn the_salt_depends_on_where_one_identity_ends() {
    let salt = |a: &[u8], b: &[u8]| spake2::Setting::new(a, b, b"").unwrap().salt();
    assert_ne!(salt(b"ab", b"c"), salt(b"a", b"bc"));
    assert_ne!(salt(b"", b"abc"), salt(b"abc", b""));
    assert_ne!(salt(b"a", b"b"), salt(b"a\0", b"b"));
    assert_eq!(salt(b"a", b"b").as_bytes().len(), 32);
}

#[test]
fn a_stretched_password_comes_back_from_its_bytes() {
    let w = spake2::W::from_bytes(&[0x42; 32]).unwrap();
    assert_eq!(*w.to_bytes(), [0x42; 32]);
}
