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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_part_has_its_length_in_eight_bytes_little_endian_before_it() {
        assert_eq!(*length_prefixed(b"x", &[b"", b"ab"]), b"x\0\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0ab");
    }

    #[test]
    fn the_buffer_never_grows() {
        let bytes = length_prefixed(b"label", &[&[1; 100], &[], &[2; 1000]]);
        assert_eq!(bytes.capacity(), bytes.len());
    }

    proptest! {
        #[test]
        fn parts_are_read_back(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..5)) {
            let slices: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            let encoded = length_prefixed(&[], &slices);
            let mut rest = encoded.as_slice();
            for part in &parts {
                prop_assert_eq!(take_part(&mut rest), Some(part.as_slice()));
            }
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn reading_random_bytes_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..40), small: bool) {
            let mut bytes = bytes;
            if small {
                bytes.iter_mut().skip(1).take(7).for_each(|byte| *byte = 0);
            }
            let mut rest = bytes.as_slice();
            while take_part(&mut rest).is_some() {}
            prop_assert!(rest.len() <= bytes.len());
        }
    }
}
