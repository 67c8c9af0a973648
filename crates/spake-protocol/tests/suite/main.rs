//! The crate's promises, tested from outside. The RFCs' intermediate values are checked by unit tests.
//!
//! | module | promise |
//! |---|---|
//! | `known_answers` | every byte is what an independent implementation computes |
//! | `agreement` | two honest parties agree; whoever differs in any byte does not |
//! | `mask_cancelling` | a share that cancels the mask is no oracle |
//! | `refusals` | what is refused, and as what |
//! | `decoders` | no stored or received bytes make anything panic |
//! | `published_crates` | other implementations interoperate |
//! | `secrets` | secrets can be neither printed, copied nor compared with `==` |
//! | `passwords` | preparation of passwords, ranges of stretching parameters |

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod agreement;
mod decoders;
mod known_answers;
mod mask_cancelling;
mod passwords;
mod published_crates;
mod refusals;
mod secrets;
mod support;
