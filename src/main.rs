//! The `spake-service` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    spake_service::commands::run()
}
