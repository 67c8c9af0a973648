//! The `spake-service` command.

fn main() {}
