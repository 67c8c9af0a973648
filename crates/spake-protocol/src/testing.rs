//! What the unit tests share.

use std::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};

/// Gives the bytes of a script instead of random ones, so that a vector's x and y are drawn. Runs dry loudly.
pub(crate) struct Scripted(Vec<u8>);

impl Scripted {
    pub(crate) fn new(draws: &[&[u8]]) -> Self {
        Self(draws.concat())
    }

    pub(crate) fn remaining(&self) -> usize {
        self.0.len()
    }
}

impl TryRng for Scripted {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        unreachable!("only bytes are drawn")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        unreachable!("only bytes are drawn")
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.copy_from_slice(&self.0[..bytes.len()]);
        self.0.drain(..bytes.len());
        Ok(())
    }
}

impl TryCryptoRng for Scripted {}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "odd hex: {text}");
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A string field of a vector.
pub(crate) fn text<'a>(vector: &'a serde_json::Value, field: &str) -> &'a str {
    vector[field].as_str().unwrap_or_else(|| panic!("the vector has no field {field}"))
}

/// A hex field of a vector with a fixed length.
pub(crate) fn bytes<const LEN: usize>(vector: &serde_json::Value, field: &str) -> [u8; LEN] {
    unhex(text(vector, field)).try_into().unwrap()
}
