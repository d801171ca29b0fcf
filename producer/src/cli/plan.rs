//! `aurora-restore plan`.

use super::context::Context;
use super::error::{CliError, of_plan};
use super::files::read_all;
use super::text::{maybe_span, span, table};
use aurora_restore_producer::plan_view::preview;
use aurora_restore_producer::view::PlanView;
use aurora_restore_shared::plan::{ClusterSettings, PlannedStep, StepName};
use aurora_restore_shared::request::InstanceSpec;
use comfy_table::Cell;
use owo_colors::{OwoColorize, Stream};
use serde_json::Value;

const EXAMPLES: &str = "\
Reads the source and says what would be done, why, and how long it usually takes. Changes nothing.

EXAMPLES:
  aurora-restore plan drill.json
  generate-request | aurora-restore plan -
  aurora-restore plan drill.json --output json | jq .usual_total_ms";

/// Flags of `plan`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Request file (JSON); `-` is standard input.
    #[arg(value_name = "FILE")]
    file: String,
}

/// Runs it.
pub async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    for given in read_all(&[args.file])? {
        let preview = preview(context.env().await?, &given.request).await;
        let preview = preview.map_err(|e| of_plan(&given.file, e))?;
        let view = PlanView::of(&given.request, preview);
        if context.json() {
            context.document(&view)?;
        } else {
            context.say(&page(&view, context.colours(Stream::Stdout)))?;
        }
    }
    Ok(())
}

fn page(view: &PlanView, colours: bool) -> String {
    let title = |text: &str| if colours { text.bold().to_string() } else { text.to_owned() };
    let why = view.plan.why.iter().map(|why| format!("- {why}\n")).collect();
    let parts = [
        title("STEPS"),
        steps(view, colours),
        title("SETTINGS"),
        settings(&view.plan.settings),
        title("INSTANCES"),
        view.plan.instances.iter().map(instance).collect(),
        title("WHY"),
        why,
        title("TAKES"),
        takes(view),
    ];
    parts.join("\n")
}

fn names(names: &[StepName]) -> String {
    names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")
}

fn steps(view: &PlanView, colours: bool) -> String {
    let row = |step: &PlannedStep| {
        let mut after = names(&step.after);
        if !step.behind.is_empty() {
            after = format!("{after}; once {} has begun", names(&step.behind));
        }
        let after = if after.is_empty() { "-".into() } else { after };
        let usual = view.usual_ms.get(step.name.as_str()).copied();
        vec![Cell::new(step.name), Cell::new(after), Cell::new(maybe_span(usual))]
    };
    let rows = view.plan.steps.iter().map(row).collect();
    table(colours, &["STEP", "AFTER", "USUALLY"], &[1], rows) + "\n"
}

/// Every setting that is said; lists as they are in a request.
fn settings(settings: &ClusterSettings) -> String {
    let value = serde_json::to_value(settings).unwrap_or_default();
    let said = value.as_object().into_iter().flatten();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    said.map(|(name, value)| format!("{name}: {}\n", text(value))).collect()
}

fn instance(spec: &InstanceSpec) -> String {
    let zone = spec.zone.as_ref().map_or_else(String::new, |zone| format!(" in {zone}"));
    let tier = spec.promotion_tier.map_or_else(String::new, |n| format!(", promotion tier {n}"));
    format!("{} x {}{zone}{tier}\n", spec.count, spec.class)
}

fn takes(view: &PlanView) -> String {
    let destroys = if view.destroys.is_empty() {
        "nothing that is there is changed or deleted".to_owned()
    } else {
        format!("destroys {}", view.destroys.join(", "))
    };
    format!(
        "about {} in all; quotas: {} cluster, {} instances; slots: {}\n{destroys}",
        span(view.usual_total_ms),
        view.quotas.clusters,
        view.quotas.instances,
        view.slots.join(", "),
    )
}
