//! The four messages of RFC 9382, section 3.2: pA, pB, cA, cB.

use crate::wire::{confirmation, share};

share!(ShareA, "A's share pA = x·P + w·M (RFC 9382, section 3.3)");
share!(ShareB, "B's share pB = y·P + w·N (RFC 9382, section 3.3)");

confirmation!(ConfirmationA, "A's confirmation cA = HMAC(KcA, TT) (RFC 9382, section 4)");
confirmation!(ConfirmationB, "B's confirmation cB = HMAC(KcB, TT) (RFC 9382, section 4)");
