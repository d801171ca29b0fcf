//! What the simulation prints.

use super::classes::FaultClass;
use super::exhaustive::{Exhausted, Strikes};
use super::knobs::Knobs;
use super::many::Summary;
use super::run::Verdict;
use crate::table::{number, plain};
use anyhow::Context;
use comfy_table::Cell;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;
use std::time::Duration;

/// How many of the last lines of a trace are printed.
const LAST: usize = 60;

fn table_of(rows: Vec<Vec<Cell>>) -> String {
    plain(&[], rows, (2, 0))
}

fn names(classes: &[FaultClass]) -> String {
    classes.iter().map(|class| class.name()).collect::<Vec<_>>().join(",")
}

fn hours(ms: i64) -> String {
    format!("{:.1}", ms as f64 / 3_600_000.0)
}

fn per_second(n: u64, took: Duration) -> String {
    format!("{:.1}", n as f64 / took.as_secs_f64().max(0.001))
}

/// What the run is turned by, before it begins.
#[must_use]
pub fn knobs(knobs: &Knobs, seeds: &Range<u64>, threads: usize, without: &[FaultClass]) -> String {
    let Range { start, end } = seeds;
    let mut text = format!("simulate --seeds {start}..{end} {knobs} --threads {threads}");
    if !without.is_empty() {
        text += &format!(" --without {}", names(without));
    }
    text + "\n"
}

/// The result of many seeds.
#[must_use]
pub fn table(summary: &Summary, knobs: &Knobs, took: Duration, threads: usize) -> String {
    let ended = |status: &str| summary.ended.get(status).copied().unwrap_or_default();
    let rate = per_second(summary.seeds, took);
    let core = summary.seeds as f64 / took.as_secs_f64().max(0.001) / threads.max(1) as f64;
    let longest = summary.longest_liveness_ms / 1000;
    let rows = [
        ("seeds", summary.seeds.to_string()),
        ("jobs", summary.jobs().to_string()),
        ("  succeeded", ended("succeeded").to_string()),
        ("  failed, with a cause", ended("failed").to_string()),
        ("virtual hours", hours(summary.virtual_ms)),
        ("calls", summary.calls.to_string()),
        ("longest end after the faults, s", longest.to_string()),
        ("seeds with violations", summary.bad_seeds.to_string()),
        ("seconds", format!("{:.1}", took.as_secs_f64())),
        ("seeds per second", rate),
        ("seeds per second and thread", format!("{core:.1}")),
    ];
    let rows = rows.into_iter().map(|(name, value)| vec![Cell::new(name), number(value)]);
    let mut text = format!("\n{}\n\nwhat struck\n{}\n", table_of(rows.collect()), struck(summary));
    text += &format!("\nwhat the auditor saw\n{}\n", seen(summary));
    let vacuous = summary.vacuous(knobs);
    if !vacuous.is_empty() {
        text += &format!(
            "\nVACUOUS: these never struck, so the run says nothing about them: {}\n",
            names(&vacuous)
        );
    }
    for broken in &summary.broken {
        text += &format!("\nBROKEN: {broken}\n");
    }
    let word = if summary.is_good() { "nothing was violated" } else { "VIOLATIONS, see below" };
    text + "\n" + word + "\n"
}

fn struck(summary: &Summary) -> String {
    let row = |(class, n): (&FaultClass, &u64)| {
        vec![Cell::new(format!("  {}", class.name())), number(n), Cell::new(class.says().trim())]
    };
    table_of(summary.counts.iter().filter(|(_, n)| **n > 0).map(row).collect())
}

fn seen(summary: &Summary) -> String {
    let row = |(name, n): (&str, u64)| vec![Cell::new(format!("  {name}")), number(n)];
    table_of(summary.sightings.all().into_iter().map(row).collect())
}

/// The same for a program.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn json(
    summary: &Summary,
    knobs: &Knobs,
    took: Duration,
    threads: usize,
) -> anyhow::Result<String> {
    let faults: BTreeMap<_, _> = summary.counts.iter().map(|(c, n)| (c.name(), n)).collect();
    let violations = summary.bad.iter().flat_map(|verdict| {
        verdict.violations.iter().map(|v| {
            json!({ "seed": verdict.seed, "invariant": v.invariant.name(), "at_ms": v.at_ms,
                "component": v.component, "text": v.text })
        })
    });
    let vacuous: Vec<_> = summary.vacuous(knobs).iter().map(|class| class.name()).collect();
    let value = json!({
        "knobs": { "faults": knobs.profile.name(), "jobs": knobs.jobs, "workers": knobs.workers },
        "seeds": summary.seeds, "jobs": summary.ended, "virtual_ms": summary.virtual_ms,
        "calls": summary.calls, "longest_liveness_ms": summary.longest_liveness_ms,
        "faults": faults, "seen": summary.sightings, "vacuous": vacuous, "bad_seeds": summary.bad_seeds,
        "violations": violations.collect::<Vec<_>>(), "broken": summary.broken,
        "took_ms": u64::try_from(took.as_millis())?, "threads": threads,
    });
    Ok(serde_json::to_string_pretty(&value).context("writing the result")? + "\n")
}

/// A seed, what it violated, the end of its trace, and the command that repeats it.
#[must_use]
pub fn verdict(verdict: &Verdict, knobs: &Knobs, without: &[FaultClass]) -> String {
    let seed = verdict.seed;
    let mut text = format!("\nseed {seed}: {:?}\n", verdict.drawn);
    let first = verdict.violations.first();
    if let Some(first) = first {
        text += &format!("the trace up to the first violation, its last {LAST} lines:\n");
        let until = verdict.lines.iter().position(|line| at(line) > first.at_ms);
        let until = until.unwrap_or(verdict.lines.len());
        for line in &verdict.lines[until.saturating_sub(LAST)..until] {
            text += &format!("  {line}\n");
        }
    }
    for violation in &verdict.violations {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "VIOLATED {violation}");
    }
    let only =
        if without.is_empty() { String::new() } else { format!(" --without {}", names(without)) };
    text + &format!(
        "again: aurora-restore-loadtest simulate --seeds {seed} {knobs}{only} --trace\n"
    )
}

/// The moment at which a line of a trace begins.
fn at(line: &str) -> i64 {
    line.split(' ').next().and_then(|ms| ms.parse().ok()).unwrap_or_default()
}

/// The result of an exhaustive run.
#[must_use]
pub fn exhausted(found: &Exhausted, took: Duration) -> String {
    let share = 100.0 * found.covered as f64 / found.all.max(1) as f64;
    let rows = [
        ("points of one job", found.points.len().to_string()),
        ("ways to fail at a point", super::exhaustive::STRIKES.len().to_string()),
        ("runs", found.all.to_string()),
        ("covered", format!("{} ({share:.2} %)", found.covered)),
        ("virtual hours", hours(found.virtual_ms)),
        ("calls", found.calls.to_string()),
        ("runs with violations", found.bad.len().to_string()),
        ("seconds", format!("{:.1}", took.as_secs_f64())),
        ("runs per second", per_second(found.all as u64, took)),
    ];
    let rows = rows.into_iter().map(|(name, value)| vec![Cell::new(name), number(value)]);
    let mut text = format!("\n{}\n", table_of(rows.collect()));
    for (strikes, verdict) in found.bad.iter().take(5) {
        text += &format!("\nVIOLATED after {}\n", spelled(strikes, found));
        for violation in &verdict.violations {
            text += &format!("  {violation}\n");
        }
    }
    text
}

/// Strikes in words: what, at which point, at which call.
fn spelled(strikes: &Strikes, found: &Exhausted) -> String {
    let one = |(point, strike): &(usize, _)| {
        let call =
            found.points.get(*point).map(|p| format!(" ({} of {})", p.operation, p.component));
        format!("{strike:?} at point {point}{}", call.unwrap_or_default())
    };
    strikes.iter().map(one).collect::<Vec<_>>().join(", then ")
}
