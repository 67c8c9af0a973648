//! `spake-service keygen`.

use clap::Args;

use super::{Failure, say};
use crate::domain::sealing::generate_key_line;

#[derive(Args)]
pub(super) struct KeygenArgs {
    /// Name of the key, which stored records carry in the clear
    #[arg(long, default_value = "k1")]
    id: String,
}

pub(super) fn keygen(args: &KeygenArgs) -> Result<(), Failure> {
    let line = generate_key_line(&args.id).map_err(|error| Failure::usage(format!("--id: {error}")))?;
    say(format_args!("{}\n", *line));
    Ok(())
}
