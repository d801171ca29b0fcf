//! `aurora-restore show`.

use super::context::Context;
use super::error::CliError;
use super::text::{how_far, maybe_span, status_cell, table};
use aurora_restore_producer::query::{resolve, show};
use aurora_restore_producer::view::{DetailsView, EventView, FailureView, StepView};
use aurora_restore_shared::ids::JobId;
use comfy_table::Cell;
use owo_colors::{OwoColorize, Stream};

const EXAMPLES: &str = "\
EXAMPLES:
  aurora-restore show 0192f6a4-7c11-7d2e-9a60-2f1f6a10a0e1
  aurora-restore show 0192f6a4-7c11
  aurora-restore show 0192f6a4-7c11 --output json | jq .job.failure";

/// Flags of `show`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The job, by id or the beginning of one (8 characters at least).
    #[arg(value_name = "ID")]
    id: String,
}

/// Runs it.
pub async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let env = context.env().await?;
    let id = resolve(env, &args.id).await?;
    let details = show(env, id).await?.ok_or_else(|| no_job(id))?;
    let view = DetailsView::of(&details, env.clock.now_ms());
    if context.json() {
        return context.document(&view);
    }
    context.say(&page(&view, context.colours(Stream::Stdout)))
}

/// There is no such job.
pub fn no_job(id: JobId) -> CliError {
    let advice = "`aurora-restore list` prints the ids";
    CliError::Refused { code: "no_job", text: format!("there is no job {id}"), advice }
}

fn page(view: &DetailsView, colours: bool) -> String {
    let title = |text: &str| if colours { text.bold().to_string() } else { text.to_owned() };
    let mut parts = vec![header(view), title("STEPS"), steps(&view.steps, colours)];
    if !view.outputs.is_empty() {
        parts.extend([title("FOUND OUT"), outputs(view)]);
    }
    if let Some(failure) = &view.job.failure {
        parts.extend([title("FAILURE"), failure_lines(failure, &view.job.id)]);
    }
    if let Some(parked) = &view.job.parked {
        parts.extend([title("PARKED"), parked_lines(parked, &view.job.id)]);
    }
    if !view.events.is_empty() {
        parts.extend([title("TIMELINE"), timeline(&view.events, colours)]);
    }
    parts.join("\n")
}

fn header(view: &DetailsView) -> String {
    let job = &view.job;
    let target = &job.target;
    let mut rows = vec![
        ("job", job.id.clone()),
        ("stands", how_far(job)),
        ("target", format!("{} in {} {}", target.cluster, target.account, target.region)),
        ("source", job.source.clone()),
        ("caller", format!("{}, priority {}", job.caller, job.priority)),
        ("accepted", format!("{}, from {}", job.created_at, view.submitted_by)),
    ];
    if let Some(set) = &job.set {
        rows.push(("set", format!("{set}; `aurora-restore set show {set}`")));
    }
    if let Some(ended) = &job.ended_at {
        rows.push(("ended", ended.clone()));
    }
    if let Some(given_up) = &job.given_up_at {
        rows.push(("given up", format!("{given_up}; what it had made is removed")));
    }
    if let Some(worker) = &view.worker {
        rows.push(("worker", worker.clone()));
    }
    if let Some(wait) = &view.waits_for {
        let text = format!("{} to be {}, about {}", wait.resource, wait.want, wait.expected_at);
        rows.push(("waits for", text));
    }
    if let Some(due) = view.due_at.as_ref().filter(|_| job.ended_at.is_none()) {
        rows.push(("looked at", format!("{due} at the latest")));
    }
    rows.iter().map(|(name, text)| format!("{name:<10} {text}\n")).collect()
}

fn dash(text: Option<&String>) -> &str {
    text.map_or("-", String::as_str)
}

fn steps(steps: &[StepView], colours: bool) -> String {
    let row = |step: &StepView| {
        vec![
            Cell::new(step.name),
            status_cell(&step.status),
            Cell::new(dash(step.how.as_ref())),
            Cell::new(step.failed_attempts),
            Cell::new(dash(step.started_at.as_ref())),
            Cell::new(maybe_span(step.took_ms)),
        ]
    };
    let header = ["STEP", "STATUS", "HOW", "FAILED ATTEMPTS", "STARTED", "TOOK"];
    table(colours, &header, &[], steps.iter().map(row).collect()) + "\n"
}

fn outputs(view: &DetailsView) -> String {
    view.outputs.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
}

fn failure_lines(failure: &FailureView, id: &str) -> String {
    let FailureView { step, code, text, runbook } = failure;
    let at = step.map_or_else(String::new, |step| format!(" at {step}"));
    let then = format!("what to do: {runbook}; then `aurora-restore retry {id}`");
    format!("{code}{at}\n{text}\n{then}\n")
}

fn parked_lines(parked: &FailureView, id: &str) -> String {
    let FailureView { step, code, text, runbook } = parked;
    let at = step.map_or_else(String::new, |step| format!(" at {step}"));
    let then =
        format!("see {runbook}; it goes on by itself, or at once by `aurora-restore retry {id}`");
    format!("{code}{at}\n{text}\n{then}\n")
}

fn timeline(events: &[EventView], colours: bool) -> String {
    let rows = events.iter().flat_map(|event| {
        event.entries.iter().map(move |entry| {
            vec![
                Cell::new(&entry.at),
                Cell::new(&event.worker),
                Cell::new(event.epoch),
                Cell::new(dash(entry.step.as_ref())),
                status_cell(&entry.what),
                Cell::new(maybe_span(entry.took_ms)),
                Cell::new(&entry.note),
            ]
        })
    });
    let header = ["TIME", "WORKER", "EPOCH", "STEP", "WHAT", "TOOK", "NOTE"];
    table(colours, &header, &[1, 6], rows.collect())
}
