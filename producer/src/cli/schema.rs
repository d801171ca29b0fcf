//! `aurora-restore schema`.

use super::context::Context;
use super::error::CliError;
use clap::ValueEnum;

const EXAMPLES: &str = "\
EXAMPLES:
  aurora-restore schema > request.schema.json
  aurora-restore schema set > set.schema.json
  aurora-restore schema report > report.schema.json
  aurora-restore schema | jq '.properties | keys'";

/// What has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// What `submit` takes.
    Request,
    /// What `set submit` takes.
    Set,
    /// What `report --format json` prints.
    Report,
}

/// Flags of `schema`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Of what.
    #[arg(value_enum, default_value_t = What::Request)]
    what: What,
}

/// Runs it.
pub fn run(context: &Context, args: Args) -> Result<(), CliError> {
    context.document(&match args.what {
        What::Request => aurora_restore_shared::request::schema(),
        What::Set => aurora_restore_shared::set::schema(),
        What::Report => aurora_restore_producer::report::schema(),
    })
}
