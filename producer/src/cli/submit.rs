//! `aurora-restore submit`.

use super::context::Context;
use super::error::{CliError, of_file};
use super::files::{Given, read_all};
use super::follow::{Followed, follow, verdict};
use super::screen::Screen;
use super::text::{status_cell, table};
use aurora_restore_producer::submit::{Submission, Submitter};
use aurora_restore_producer::view::JobView;
use comfy_table::Cell;
use serde::Serialize;
use serde_json::{Value, json};

const EXAMPLES: &str = "\
All files are checked before anything is stored. The same idempotency key always means the same
job, so a repeat is harmless; without a key, each submission makes a new job.

EXAMPLES:
  aurora-restore submit drill.json
  aurora-restore submit requests/*.json --wait
  generate-request | aurora-restore submit - --output json";

/// Flags of `submit`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Request files (JSON); `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// Follow the jobs until all have ended; exit code 1 if one has failed.
    #[arg(long)]
    wait: bool,
}

/// A file and the job it became.
#[derive(Debug, Serialize)]
struct Accepted {
    file: String,
    id: String,
    existed: bool,
    #[serde(skip)]
    followed: Followed,
}

/// Runs it.
pub async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let given = read_all(&args.files)?;
    let mut accepted = Vec::new();
    let submitted = submit_all(context, given, &mut accepted).await;
    if args.wait && submitted.is_ok() {
        return wait(context, accepted).await;
    }
    // Of an attempt that broke off, what was accepted is told all the same.
    if !accepted.is_empty() {
        tell(context, &accepted)?;
    }
    submitted
}

async fn submit_all(
    context: &Context,
    given: Vec<Given>,
    accepted: &mut Vec<Accepted>,
) -> Result<(), CliError> {
    let submitter = Submitter::new(context.env().await?);
    for Given { file, request } in given {
        let submission = submitter.submit(&request).await.map_err(|e| of_file(&file, e))?;
        let Submission { id, existed, created_at_ms } = submission;
        let followed = Followed { id, request, created_at_ms, set: None };
        accepted.push(Accepted { file, id: id.to_string(), existed, followed });
    }
    Ok(())
}

fn tell(context: &Context, accepted: &[Accepted]) -> Result<(), CliError> {
    if context.json() {
        return context.document(&json!({ "jobs": accepted }));
    }
    let row = |job: &Accepted| {
        let what = if job.existed { "was there" } else { "accepted" };
        let target = &job.followed.request.target.cluster;
        vec![Cell::new(&job.id), Cell::new(what), Cell::new(target), Cell::new(&job.file)]
    };
    let rows = accepted.iter().map(row).collect();
    context.say(&table(false, &["JOB", "", "TARGET", "FILE"], &[3], rows))
}

async fn wait(context: &Context, accepted: Vec<Accepted>) -> Result<(), CliError> {
    if !context.json() {
        tell(context, &accepted)?;
    }
    let followed: Vec<Followed> = accepted.iter().map(|a| a.followed.clone()).collect();
    let screen = if context.json() { Screen::silent() } else { Screen::fit(context, &followed) };
    let ended = follow(context, followed, screen).await?;
    if context.json() {
        let jobs = accepted.iter().zip(&ended).map(|(accepted, job)| with_job(accepted, job));
        context.document(&json!({ "jobs": jobs.collect::<Vec<_>>() }))?;
    } else {
        context.say(&results(context, &ended))?;
    }
    verdict(&ended)
}

fn with_job(accepted: &Accepted, job: &JobView) -> Value {
    let mut value = json!(accepted);
    value["job"] = json!(job);
    value
}

/// How each job has ended.
pub fn results(context: &Context, ended: &[JobView]) -> String {
    let row = |job: &JobView| {
        let took = super::text::span(job.elapsed_ms);
        let why = job.failure.as_ref().map(|f| format!("{}: {}", f.code, f.text));
        let target = Cell::new(&job.target.cluster);
        let id = Cell::new(&job.id);
        let why = Cell::new(why.unwrap_or_default());
        vec![id, status_cell(job.status), target, Cell::new(took), why]
    };
    let colours = context.colours(owo_colors::Stream::Stdout);
    let rows = ended.iter().map(row).collect();
    table(colours, &["JOB", "STATUS", "TARGET", "TOOK", "WHY"], &[4], rows)
}
