//! Secrets can be neither printed, nor copied, nor compared in variable time: none of the traits exists for
//! them.

use std::fmt::{Debug, Display};

use spake_protocol::{Password, SharedSecret, spake2, spake2plus, stretch};
use static_assertions::{assert_impl_all, assert_not_impl_any};

macro_rules! secret {
    ($($name:ty),+ $(,)?) => {
        $(
            assert_not_impl_any!($name: Debug, Display, Clone, Copy, PartialEq, PartialOrd, AsRef<[u8]>);
            assert_impl_all!($name: Send, Sync);
        )+
    };
}

secret!(
    Password,
    SharedSecret,
    stretch::Stretched,
    stretch::Unstretched,
    spake2::W,
    spake2::PartyA,
    spake2::AwaitingConfirmationB,
    spake2::PartyB,
    spake2::AwaitingConfirmationA,
    spake2::Confirmed,
    spake2::ConfirmationA,
    spake2::ConfirmationB,
    spake2plus::ProverSecret,
    spake2plus::VerifierRecord,
    spake2plus::Prover,
    spake2plus::ProverConfirming,
    spake2plus::VerifierResponse,
    spake2plus::AwaitingConfirmP,
    spake2plus::ConfirmP,
    spake2plus::ConfirmV,
);

assert_impl_all!(SharedSecret: zeroize::ZeroizeOnDrop);
assert_impl_all!(spake2::ShareA: Debug, Clone, PartialEq, Send, Sync);
assert_impl_all!(spake2::Setting: Debug, Clone, PartialEq, Send, Sync);
assert_impl_all!(spake2plus::ShareV: Debug, Clone, PartialEq, Send, Sync);
assert_impl_all!(spake2plus::Setting: Debug, Clone, PartialEq, Send, Sync);

#[test]
fn a_share_is_printed_as_hex() {
    let share = crate::support::masks(&[7; 32])[0];
    let share = spake2::ShareA::try_from(share.as_slice()).unwrap();
    assert_eq!(format!("{share:?}"), format!("ShareA({})", crate::support::hex(share.as_bytes())));
}
