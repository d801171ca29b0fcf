//! `aurora-restore set`.

use super::context::Context;
use super::error::{CliError, Complaint, of_file};
use super::files::{read_text, shown};
use super::follow::{Followed, follow, verdict};
use super::screen::Screen;
use super::submit::results;
use super::text::{status_cell, table};
use aurora_restore_producer::set::{
    AbandonError, SetDetails, SetError, SetSubmission, abandon_set, show_set, submit_set,
};
use aurora_restore_producer::submit::Submission;
use aurora_restore_producer::view::{SetView, moment};
use aurora_restore_shared::ids::SetId;
use aurora_restore_shared::set::{Decision, RestoreSet};
use clap::Subcommand;
use comfy_table::Cell;
use serde_json::json;

const EXAMPLES: &str = "\
The members of a set are restored to one moment. None is opened or swapped before all are verified,
and when one cannot be swapped, all old clusters get their names back.

EXAMPLES:
  aurora-restore set submit shop.json --wait
  aurora-restore set show 0c4e62a4-6f1f-5b0a-9d3b-5c1f1de8a7c1
  aurora-restore set abandon 0c4e62a4-6f1f-5b0a-9d3b-5c1f1de8a7c1 --reason 'wrong moment'
  aurora-restore schema set";

/// Flags of `set`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Submit a set: a job for each of its members.
    Submit {
        /// The set file (JSON); `-` is standard input.
        #[arg(value_name = "FILE")]
        file: String,
        /// Follow the jobs until all have ended; exit code 1 if one has failed.
        #[arg(long)]
        wait: bool,
    },
    /// Show a set: what is decided, and how far its members are.
    Show {
        /// The set, by its whole id.
        #[arg(value_name = "SET")]
        id: String,
    },
    /// Call a set off: nothing is swapped, and what is swapped goes back.
    Abandon {
        /// The set, by its whole id.
        #[arg(value_name = "SET")]
        id: String,
        /// Why, for the record.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

/// Runs it.
pub async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    match args.verb {
        Verb::Submit { file, wait } => submit(context, &file, wait).await,
        Verb::Show { id } => show(context, &id).await,
        Verb::Abandon { id, reason } => abandon(context, &id, &reason).await,
    }
}

async fn submit(context: &Context, file: &str, wait: bool) -> Result<(), CliError> {
    let name = shown(file);
    let set = read_text(file).and_then(|text| RestoreSet::parse(&text));
    let set = set.map_err(|faults| CliError::BadInput(Complaint::all(name, faults)))?;
    let env = context.env().await?;
    let accepted = submit_set(env, &set).await.map_err(|e| of_set(name, e))?;
    if !context.json() || !wait {
        tell(context, &accepted)?;
    }
    if !wait {
        return Ok(());
    }
    let members = accepted.spec.set.members_at(accepted.spec.moment);
    let requests = accepted.jobs.iter().zip(members).zip(accepted.spec.memberships());
    let followed = requests.map(|((job, request), member)| Followed {
        id: job.id,
        request,
        created_at_ms: job.created_at_ms,
        set: Some(member),
    });
    let followed: Vec<Followed> = followed.collect();
    let screen = if context.json() { Screen::silent() } else { Screen::fit(context, &followed) };
    let ended = follow(context, followed, screen).await?;
    if context.json() {
        let details = found(context, accepted.spec.id).await?;
        context.document(&json!({ "set": SetView::of(&details), "jobs": ended }))?;
    } else {
        context.say(&results(context, &ended))?;
    }
    verdict(&ended)
}

fn tell(context: &Context, accepted: &SetSubmission) -> Result<(), CliError> {
    let SetSubmission { spec, jobs } = accepted;
    if context.json() {
        let ids: Vec<String> = jobs.iter().map(|job| job.id.to_string()).collect();
        let existed = jobs.iter().all(|job| job.existed);
        let set = json!({ "id": spec.id.to_string(), "moment": spec.moment.to_string(), "jobs": ids, "existed": existed });
        return context.document(&json!({ "set": set }));
    }
    let row = |(n, job): (usize, &Submission)| {
        let what = if job.existed { "was there" } else { "accepted" };
        let target = &spec.set.members[n].target.cluster;
        vec![Cell::new(job.id), Cell::new(what), Cell::new(target)]
    };
    let rows = jobs.iter().enumerate().map(row).collect();
    let head = format!("set {} as of {}\n", spec.id, spec.moment);
    context.say(&(head + &table(false, &["JOB", "", "TARGET"], &[], rows)))
}

fn parse(id: &str) -> Result<SetId, CliError> {
    id.parse().map_err(|_| CliError::Refused {
        code: "bad_id",
        text: format!("{id:?} is no id of a restore set"),
        advice: "`set submit` prints it; `show JOB` does so for a member",
    })
}

async fn found(context: &Context, id: SetId) -> Result<SetDetails, CliError> {
    let there = show_set(context.env().await?, id).await?;
    there.ok_or_else(|| AbandonError::Unknown(id).into())
}

async fn show(context: &Context, id: &str) -> Result<(), CliError> {
    let view = SetView::of(&found(context, parse(id)?).await?);
    if context.json() {
        return context.document(&json!({ "set": view }));
    }
    let dash = |text: Option<&str>| text.unwrap_or("-").to_owned();
    let why = view.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
    let lines = [
        ("set", view.id.clone()),
        ("as of", view.moment.clone()),
        ("decided", format!("{}{why}", view.decision)),
        ("verified by", format!("{} at the latest, or nothing is swapped", view.deadline)),
        ("accepted", format!("{}, from {}", view.created_at, view.submitted_by)),
    ];
    let head: String = lines.iter().map(|(name, text)| format!("{name:<12} {text}\n")).collect();
    let colours = context.colours(owo_colors::Stream::Stdout);
    let rows = view.members.iter().map(|member| {
        vec![
            Cell::new(&member.job),
            Cell::new(&member.target),
            status_cell(member.status.unwrap_or("unsent")),
            Cell::new(dash(member.voted)),
            Cell::new(dash(member.failure.as_deref())),
        ]
    });
    let header = ["JOB", "TARGET", "STATUS", "VOTED", "WHY"];
    context.say(&(head + &table(colours, &header, &[4], rows.collect())))
}

async fn abandon(context: &Context, id: &str, reason: &str) -> Result<(), CliError> {
    let id = parse(id)?;
    let decision = abandon_set(context.env().await?, id, reason).await?;
    if context.json() {
        let set = json!({ "id": id.to_string(), "decision": decision.as_str(), "why": decision.why_not() });
        return context.document(&json!({ "set": set }));
    }
    let since = match &decision {
        Decision::Back { at_ms, .. } | Decision::Abandoned { at_ms, .. } => moment(*at_ms),
        _ => "now".into(),
    };
    let why = decision.why_not().unwrap_or_default();
    context.say(&format!("set {id} is not swapped, since {since}: {why}"))
}

fn of_set(file: &str, error: SetError) -> CliError {
    match error {
        SetError::Submit(error) => of_file(file, error),
        SetError::Conflict(_) => CliError::Refused {
            code: "conflict",
            text: format!("{file}: {error}"),
            advice: "take another idempotency key, or submit the set as it was",
        },
    }
}

impl From<AbandonError> for CliError {
    fn from(error: AbandonError) -> Self {
        let (code, advice) = match error {
            AbandonError::Aws(trouble) => return trouble.into(),
            AbandonError::Unknown(_) => ("no_set", "`set submit` prints the id"),
            AbandonError::TooLate(_) => {
                ("set_done", "the replaced clusters are there until keep.replaced is over")
            }
        };
        Self::Refused { code, text: error.to_string(), advice }
    }
}
