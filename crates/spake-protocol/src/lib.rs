//! SPAKE2 and SPAKE2+.
