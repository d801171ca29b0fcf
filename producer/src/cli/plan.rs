//! `aurora-restore plan`.

use super::context::Context;
use super::error::{CliError, Complaint, of_plan};
use super::files::read_all;
use super::text::{maybe_span, span, table};
use aurora_restore_producer::cost::{Cost, CostLine, Paid, PriceTable};
use aurora_restore_producer::plan_view::preview;
use aurora_restore_producer::view::PlanView;
use aurora_restore_shared::fault::{Fault, Faults};
use aurora_restore_shared::plan::{Change, ClusterSettings, PlannedStep, StepCalls, StepName};
use aurora_restore_shared::request::InstanceSpec;
use comfy_table::Cell;
use owo_colors::{OwoColorize, Stream};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::Value;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Reads the source and says what would be done, when and why, what it calls, costs and destroys.
Changes nothing, and needs no right to change anything.

EXAMPLES:
  aurora-restore plan drill.json
  generate-request | aurora-restore plan -
  aurora-restore plan drill.json --prices our-prices.json
  aurora-restore plan drill.json --output json | jq .cost.daily_usd";

/// Flags of `plan`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Request file (JSON); `-` is standard input.
    #[arg(value_name = "FILE")]
    file: String,
    /// A table of prices to reckon with, instead of the one of this release.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
}

/// Runs it.
pub async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let prices = prices(args.prices.as_deref())?;
    for given in read_all(&[args.file])? {
        let env = context.env().await?;
        let preview = preview(env, &given.request).await;
        let preview = preview.map_err(|e| of_plan(&given.file, e))?;
        let view = PlanView::of(&given.request, preview, &env.common.region, &prices);
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
        title("AWS CALLS"),
        calls(view, colours),
        title("COSTS"),
        costs(&view.cost, colours),
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
        let name = step.name.as_str();
        let usual = view.usual_ms.get(name).copied();
        let begin = view.begins_ms.get(name).copied().unwrap_or_default();
        let when = bar(begin, usual.unwrap_or_default(), view.usual_total_ms);
        vec![Cell::new(name), Cell::new(when), Cell::new(maybe_span(usual)), Cell::new(after)]
    };
    let rows = view.plan.steps.iter().map(row).collect();
    table(colours, &["STEP", "WHEN", "USUALLY", "AFTER"], &[3], rows) + "\n"
}

/// When a step is at work, of all the time that a restore takes: what is side by side, runs side by
/// side. A step of a moment is a point.
fn bar(begin_ms: i64, takes_ms: i64, all_ms: i64) -> String {
    const WIDTH: i64 = 24;
    let at = |ms: i64| ms * WIDTH / all_ms.max(1);
    let first = at(begin_ms).min(WIDTH - 1);
    let last = at(begin_ms + takes_ms).clamp(first + 1, WIDTH);
    let sign = if takes_ms == 0 { '|' } else { '=' };
    let place = |n| if (first..last).contains(&n) { sign } else { '.' };
    (0..WIDTH).map(place).collect()
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

/// The calls that change something, by step and place; what only reads is in the document.
fn calls(view: &PlanView, colours: bool) -> String {
    let rows = |steps: &[StepCalls], later: &str| -> Vec<Vec<Cell>> {
        let all = steps.iter().flat_map(|step| step.changes.iter().map(move |c| (step.step, c)));
        let row = |(step, change): (StepName, &Change)| {
            let times = change.times.map_or("each instance".to_owned(), |n| format!("{n} x"));
            let place = format!("{} {}", change.account, change.region);
            let step = format!("{step}{later}");
            [step, times, change.action.to_owned(), place].map(Cell::new).to_vec()
        };
        all.map(row).collect()
    };
    let all = [rows(&view.calls, ""), rows(&view.calls_later, ", later")].concat();
    let table = table(colours, &["STEP", "TIMES", "CALL", "WHERE"], &[], all);
    format!("{table}\nwhat is found done is not done again; reads are in --output json\n")
}

fn costs(cost: &Cost, colours: bool) -> String {
    let row = |line: &CostLine| {
        let usd = line.usd.map_or("?".into(), dollars);
        let paid = match (line.paid, &line.until) {
            (Paid::Once, _) => "once".to_owned(),
            (Paid::Daily, Some(until)) => format!("daily, until {until}"),
            (Paid::Daily, None) => "daily".to_owned(),
        };
        [line.what.clone(), usd, paid, line.how.clone()].map(Cell::new).to_vec()
    };
    let rows = cost.lines.iter().map(row).collect();
    let least = if cost.is_partial { "at least " } else { "" };
    let daily = cost.daily_usd.map_or("nobody knows how much".into(), dollars);
    let checked = match &cost.prices_checked {
        Some(date) => format!("checked on {date}"),
        None => "not checked against AWS's pages".to_owned(),
    };
    format!(
        "{}\n{least}{} once and {daily} a day\nprices: written down on {}, {checked}; --prices FILE gives others\n",
        table(colours, &["WHAT", "USD", "PAID", "HOW"], &[0, 2, 3], rows),
        dollars(cost.once_usd),
        cost.prices_noted,
    )
}

fn dollars(usd: Decimal) -> String {
    let rounded = cents(usd);
    if rounded.scale() > 2 { format!("${rounded}") } else { format!("${rounded:.2}") }
}

/// Rounded up, to a cent, or where it is less, to a thousandth of one.
fn cents(usd: Decimal) -> Decimal {
    let places = if usd.is_zero() || usd >= Decimal::new(1, 2) { 2 } else { 5 };
    usd.round_dp_with_strategy(places, RoundingStrategy::AwayFromZero)
}

fn prices(file: Option<&Path>) -> Result<PriceTable, CliError> {
    let Some(file) = file else { return Ok(PriceTable::own()) };
    PriceTable::read(file).map_err(|e| {
        let fault = Fault {
            path: "(the whole)".into(),
            problem: format!("is no table of prices: {e}"),
            fix: "give a file like producer/data/prices.json".into(),
        };
        CliError::BadInput(Complaint::all(&file.display().to_string(), Faults(vec![fault])))
    })
}

fn takes(view: &PlanView) -> String {
    let destroys = if view.destroys.is_empty() {
        "nothing that is there is changed or deleted".to_owned()
    } else {
        format!("destroys {}", view.destroys.join(", "))
    };
    let failed = &view.given_up_after;
    format!(
        "about {} in all, by usual times: a restore takes 8 min and 2 more for each 100 GiB, a copy 10 and 3,\n\
         a clone 5, instances 6; AWS promises none of them\nquotas: {} cluster, {} instances\nslots: {}\n{destroys}\n\
         if it fails and nobody retries it, what it has made is deleted {failed} after",
        span(view.usual_total_ms),
        view.quotas.clusters,
        view.quotas.instances,
        view.slots.join(", "),
    )
}
