//! The RFCs' transcript encoding, and reading it back from stored states.

use zeroize::Zeroizing;

/// Bytes of a length prefix: `len(x)` is eight bytes, little-endian (RFC 9382, section 3.3; RFC 9383,
/// section 3.3).
pub(crate) const PREFIX_LEN: usize = 8;

/// `prefix ‖ len(part)‖part ‖ …`. The prefixes make the encoding injective: no byte can move from one part to
/// its neighbour unnoticed.
///
/// The buffer is allocated once at its final size; growing would leave unwiped copies of K and w behind.
pub(crate) fn length_prefixed(prefix: &[u8], parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let size = parts.iter().fold(prefix.len(), |size, part| size + PREFIX_LEN + part.len());
    let mut bytes = Zeroizing::new(Vec::with_capacity(size));
    bytes.extend_from_slice(prefix);
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

/// Takes one length-prefixed part from the front of `bytes`; `None` when it is cut short.
pub(crate) fn take_part<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = u64::from_le_bytes(*take_array::<PREFIX_LEN>(bytes)?);
    let (part, rest) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
    *bytes = rest;
    Some(part)
}

/// Takes `LEN` bytes from the front of `bytes`; `None` when there are fewer.
pub(crate) fn take_array<'a, const LEN: usize>(bytes: &mut &'a [u8]) -> Option<&'a [u8; LEN]> {
    let (array, rest) = bytes.split_first_chunk::<LEN>()?;
    *bytes = rest;
    Some(array)
}
