//! Password-authenticated key exchange as a service.
