//! A place in the order of expiry, as callers carry it.

use crate::domain::ports::{Cursor, ListError};

/// Sessions are listed by the moment they end, then by the order in which they were made. The sequence number is never
/// used twice, so a place stays meaningful when its session is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Place {
    pub(super) expires: u64,
    pub(super) sequence: u64,
}

impl Place {
    pub(super) fn to_cursor(self) -> Cursor {
        Cursor(format!("{:x}-{:x}", self.expires, self.sequence))
    }

    pub(super) fn from_cursor(cursor: &Cursor) -> Result<Self, ListError> {
        let parse = |text| u64::from_str_radix(text, 16).map_err(|_| ListError::BadCursor);
        let (expires, sequence) = cursor.0.split_once('-').ok_or(ListError::BadCursor)?;
        let place = Self { expires: parse(expires)?, sequence: parse(sequence)? };
        // One spelling each, so that a cursor that was tampered with is noticed.
        if place.to_cursor() == *cursor { Ok(place) } else { Err(ListError::BadCursor) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_cursors_that_were_given_out_are_taken_back() {
        let place = Place { expires: 1_700_000_000_123, sequence: 42 };
        assert_eq!(Place::from_cursor(&place.to_cursor()).unwrap(), place);
        for bad in
            ["", "-", "1", "1-", "-1", "+1-1", "01-1", "1-1-1", "G-1", "A-1", "11111111111111111-1", "ü"]
        {
            assert!(Place::from_cursor(&Cursor(bad.to_owned())).is_err(), "{bad:?}");
        }
    }
}
