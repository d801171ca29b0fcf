//! `aurora-restore schema`.

use super::context::Context;
use super::error::CliError;

const EXAMPLES: &str = "\
EXAMPLES:
  aurora-restore schema > request.schema.json
  aurora-restore schema | jq '.properties | keys'";

/// Flags of `schema`: none.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

/// Runs it.
pub fn run(context: &Context, _: Args) -> Result<(), CliError> {
    context.document(&aurora_restore_shared::request::schema())
}
