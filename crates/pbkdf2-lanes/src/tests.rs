use proptest::prelude::*;
use sha2::Sha256;

use super::*;

/// None on a machine without SHA-NI, where these tests have nothing to test.
fn lanes() -> Option<Lanes> {
    let lanes = Lanes::detect();
    if lanes.is_none() {
        println!("This CPU has no SHA-NI: nothing is tested.");
    }
    lanes
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// By the crate `pbkdf2`.
fn reference(input: Input<'_>, iterations: u32) -> Vec<u8> {
    let mut out = vec![0; LEN];
    pbkdf2::pbkdf2_hmac::<Sha256>(input.password, input.salt, iterations, &mut out);
    out
}

/// Password, salt, iterations, and the first block: RFC 7914, section 11, then the inputs of RFC 6070 with SHA-256.
const KNOWN: [(&str, &str, u32, &str); 5] = [
    ("passwd", "salt", 1, "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"),
    ("Password", "NaCl", 80_000, "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"),
    ("password", "salt", 1, "120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b"),
    ("password", "salt", 2, "ae4d0c95af6b46d32d0adff928f06dd02a303f8ef3c251dfd6e2d85a95474c43"),
    ("password", "salt", 4096, "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a"),
];

#[test]
fn alone_and_in_either_lane_it_gives_the_known_answers() {
    let Some(lanes) = lanes() else { return };
    let other = Input { password: b"another password", salt: b"another salt" };
    for (password, salt, iterations, known) in KNOWN {
        let input = Input { password: password.as_bytes(), salt: salt.as_bytes() };
        let (known, of_other) = (unhex(known), reference(other, iterations));
        assert_eq!(lanes.one(input, iterations).to_vec(), known, "{password}, {iterations} times");
        let [of_input, beside] = lanes.two([input, other], iterations);
        assert_eq!([of_input.to_vec(), beside.to_vec()], [known.clone(), of_other.clone()]);
        let [beside, of_input] = lanes.two([other, input], iterations);
        assert_eq!([of_input.to_vec(), beside.to_vec()], [known, of_other]);
    }
}

#[test]
fn a_password_is_hashed_from_one_byte_more_than_a_block_and_a_salt_may_fill_blocks() {
    let Some(lanes) = lanes() else { return };
    let bytes = [0xa5; 200];
    for length in [0, 1, 63, 64, 65, 119, 120, 128, 200] {
        let long = Input { password: &bytes[..length], salt: b"salt" };
        let salted = Input { password: b"password", salt: &bytes[..length] };
        for iterations in [0, 1, 2, 3] {
            let both = lanes.two([long, salted], iterations).map(|result| result.to_vec());
            let alone = [long, salted].map(|input| lanes.one(input, iterations).to_vec());
            let expected = [long, salted].map(|input| reference(input, iterations));
            assert_eq!([both, alone], [expected.clone(), expected], "{length} bytes, {iterations} times");
        }
    }
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..150)
}

proptest! {
    #[test]
    fn two_together_and_each_alone_are_what_another_implementation_says(
        one in (bytes(), bytes()),
        other in (bytes(), bytes()),
        iterations in 1_u32..50,
    ) {
        if let Some(lanes) = lanes() {
            let inputs = [&one, &other].map(|(password, salt)| Input { password, salt });
            let expected = inputs.map(|input| reference(input, iterations));
            prop_assert_eq!(&lanes.two(inputs, iterations).map(|result| result.to_vec()), &expected);
            prop_assert_eq!(&inputs.map(|input| lanes.one(input, iterations).to_vec()), &expected);
        }
    }
}
