//! `aurora-restore list`.

use super::context::Context;
use super::error::CliError;
use super::text::{span, status_cell, table};
use aurora_restore_producer::query::{Filter, list};
use aurora_restore_producer::standing::Standing;
use aurora_restore_producer::view::JobView;
use aurora_restore_shared::store::JobSummary;
use comfy_table::Cell;
use owo_colors::Stream;
use serde_json::json;

const EXAMPLES: &str = "\
EXAMPLES:
  aurora-restore list
  aurora-restore list --status failed --status running
  aurora-restore list --status parked
  aurora-restore list --caller backup-audit --days 30 --limit 200
  aurora-restore list --status live --output json | jq -r '.jobs[].id'";

/// Flags of `list`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Only jobs in this status (again for more): queued, running, waiting, parked, succeeded,
    /// failed, or live for all that have not ended.
    #[arg(long, value_name = "STATUS", value_parser = statuses)]
    status: Vec<Vec<Standing>>,
    /// Only jobs of this caller.
    #[arg(long, value_name = "NAME")]
    caller: Option<String>,
    /// Only jobs accepted in the last so many days.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(0..=366))]
    days: u32,
    /// At most this many, the newest first.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
}

fn statuses(name: &str) -> Result<Vec<Standing>, String> {
    if name == "live" {
        return Ok(Filter::live());
    }
    let found = Standing::ALL.into_iter().find(|standing| standing.as_str() == name);
    let names = Standing::ALL.map(Standing::as_str).join(", ");
    found.map(|standing| vec![standing]).ok_or_else(|| format!("must be one of {names}, live"))
}

/// Runs it.
pub async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let env = context.env().await?;
    let Args { status, caller, days, limit } = args;
    let statuses = status.into_iter().flatten().collect();
    let filter = Filter { statuses, caller, days, most: usize::from(limit) };
    let now_ms = env.clock.now_ms();
    let jobs = list(env, &filter).await?;
    let view = |job: &JobSummary| JobView::of(&job.spec, job.state.as_ref(), now_ms);
    if context.json() {
        let views: Vec<JobView> = jobs.iter().map(view).collect();
        return context.document(&json!({ "jobs": views }));
    }
    if jobs.is_empty() {
        return context.say(&format!("no such job in the last {days} days"));
    }
    let row = |job| row(&view(job), now_ms - job.spec.created_at_ms);
    let rows = jobs.iter().map(row).collect();
    let header = ["JOB", "KIND", "STATUS", "PRIORITY", "TARGET", "STEP", "DONE", "AGE", "CALLER"];
    context.say(&table(context.colours(Stream::Stdout), &header, &[4, 8], rows))
}

fn row(job: &JobView, age_ms: i64) -> Vec<Cell> {
    vec![
        Cell::new(&job.id),
        Cell::new(job.kind),
        status_cell(job.status),
        Cell::new(job.priority),
        Cell::new(&job.target.cluster),
        Cell::new(job.step.unwrap_or("-")),
        Cell::new(format!("{}/{}", job.steps_done, job.steps_all)),
        Cell::new(span(age_ms)),
        Cell::new(&job.caller),
    ]
}
