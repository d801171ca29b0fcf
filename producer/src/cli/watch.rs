//! `aurora-restore watch`.

use super::context::Context;
use super::error::CliError;
use super::follow::{Followed, follow, verdict};
use super::screen::Screen;
use aurora_restore_producer::query::{Filter, RESOLVE_JOBS, list, resolve, show};

const EXAMPLES: &str = "\
Without an ID, follows all jobs that have not ended when it starts. Ctrl-C stops following; the
jobs go on. Exit code 1 if a job that was followed has failed. With --output json, one JSON object
per line and change.

EXAMPLES:
  aurora-restore watch
  aurora-restore watch 0192f6a4-7c11-7d2e-9a60-2f1f6a10a0e1
  aurora-restore watch 0192f6a4-7c11 --output json | jq -r .status";

/// How far back live jobs are looked for, days.
const DAYS: u32 = 31;

/// Flags of `watch`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Jobs, by id or the beginning of one (8 characters at least); left out: all live jobs.
    #[arg(value_name = "ID")]
    ids: Vec<String>,
}

/// Runs it.
pub async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let jobs =
        if args.ids.is_empty() { live(context).await? } else { named(context, &args.ids).await? };
    if jobs.is_empty() {
        return if context.json() { Ok(()) } else { context.say("no job is under way") };
    }
    let screen = Screen::fit(context, &jobs);
    verdict(&follow(context, jobs, screen).await?)
}

async fn live(context: &Context) -> Result<Vec<Followed>, CliError> {
    let statuses = Filter::live();
    let filter = Filter { statuses, caller: None, days: DAYS, most: RESOLVE_JOBS };
    let jobs = list(context.env().await?, &filter).await?;
    Ok(jobs.into_iter().map(|job| Followed::of(job.spec)).collect())
}

async fn named(context: &Context, ids: &[String]) -> Result<Vec<Followed>, CliError> {
    let env = context.env().await?;
    let mut jobs = Vec::new();
    for id in ids {
        let id = resolve(env, id).await?;
        let details = show(env, id).await?.ok_or_else(|| super::show::no_job(id))?;
        if details.state.is_none() {
            return Err(CliError::Refused {
                code: "incomplete",
                text: format!("the submission of job {id} was never completed"),
                advice: "submit the same request with the same key again",
            });
        }
        jobs.push(Followed::of(details.spec));
    }
    Ok(jobs)
}
