//! The four messages of RFC 9383, section 3: shareP, shareV, confirmV, confirmP.

use crate::wire::{confirmation, share};

share!(ShareP, "The prover's share shareP = x·P + w0·M (RFC 9383, section 3.3)");
share!(ShareV, "The verifier's share shareV = y·P + w0·N (RFC 9383, section 3.3)");

confirmation!(
    ConfirmP,
    "The prover's confirmation confirmP = HMAC(K_confirmP, shareV) (RFC 9383, section 3.4)"
);
confirmation!(
    ConfirmV,
    "The verifier's confirmation confirmV = HMAC(K_confirmV, shareP) (RFC 9383, section 3.4)"
);
