//! `aurora-restore init`.

use super::context::Context;
use super::error::CliError;
use aurora_restore_producer::init::{InitReport, init};
use aurora_restore_shared::ids::RegionName;

const EXAMPLES: &str = "\
Makes the table (with indexes and expiry of old events) in the home Region, and in each Region of the
settings (\"regions\") the four queues and their dead-letter queue. A repeat changes nothing.

EXAMPLES:
  aurora-restore init
  aurora-restore --region eu-west-1 init
  aurora-restore init --queues-in us-east-1 --queues-in eu-west-1";

/// Flags of `init`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Make the queues in this Region (again for more); left out: in those of the settings.
    #[arg(long = "queues-in", value_name = "REGION")]
    queues_in: Vec<RegionName>,
}

/// Runs it.
pub async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let report = init(context.env().await?, &args.queues_in).await?;
    if context.json() { context.document(&report) } else { context.say(&lines(&report)) }
}

fn lines(report: &InitReport) -> String {
    let table = if report.table_created { "created" } else { "was there" };
    let mut lines = vec![format!("table {}: {table}", report.table)];
    for (region, queues) in &report.queues {
        lines.push(format!("queues in {region}:"));
        lines.extend(queues.iter().map(|name| format!("  {name}")));
    }
    lines.join("\n")
}
