//! Texts for people: tables, lengths of time, the line that says how far a job is.

pub use aurora_restore_producer::view::span;
use aurora_restore_producer::view::{FailureView, JobView};
use comfy_table::{
    Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Table, Width, presets::NOTHING,
};

/// A column that may be wrapped keeps this width: below it, the terminal wraps whole lines.
const LEAST_WIDTH: u16 = 12;

/// A table without lines. Columns that are not `wide` are never wrapped. Colours only where they
/// fit; the width is that of the terminal, and without one nothing is wrapped.
pub fn table(colours: bool, header: &[&str], wide: &[usize], rows: Vec<Vec<Cell>>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(width) = table.width() {
        table.set_width(width);
    }
    if !colours {
        table.force_no_tty();
    }
    table.set_header(header.iter().map(|name| Cell::new(name).add_attribute(Attribute::Bold)));
    table.add_rows(rows);
    for (n, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        let least = ColumnConstraint::LowerBoundary(Width::Fixed(LEAST_WIDTH));
        let fit = if wide.contains(&n) { least } else { ColumnConstraint::ContentWidth };
        column.set_constraint(fit);
    }
    table.trim_fmt()
}

/// The cell of a status of a job or a step.
pub fn status_cell(status: &str) -> Cell {
    let cell = Cell::new(status);
    match status {
        "succeeded" | "done" => cell.fg(Color::Green),
        "failed" | "incomplete" => cell.fg(Color::Red),
        "running" => cell.fg(Color::Cyan),
        "waiting" => cell.fg(Color::Yellow),
        "parked" => cell.fg(Color::Magenta),
        _ => cell,
    }
}

/// A length of time, or a dash.
pub fn maybe_span(ms: Option<i64>) -> String {
    ms.map_or_else(|| "-".into(), span)
}

/// How far a job is, in one line.
pub fn how_far(job: &JobView) -> String {
    let (done, all) = (job.steps_done, job.steps_all);
    stands(job, &format!(", {done} of {all} steps done"))
}

/// The same beside a bar that shows the steps.
pub fn how_far_beside_bar(job: &JobView) -> String {
    stands(job, "")
}

fn stands(job: &JobView, steps: &str) -> String {
    let elapsed = span(job.elapsed_ms);
    let at = |step: Option<&str>| step.map_or_else(String::new, |step| format!(" at {step}"));
    match (job.status, &job.failure) {
        ("succeeded", _) => format!("succeeded after {elapsed}"),
        ("failed", Some(failure)) => {
            let at = at(failure.step);
            format!("failed{at} after {elapsed}: {}: {}", failure.code, failure.text)
        }
        ("parked", _) => {
            let why = job.parked.as_ref().map_or_else(String::new, parked_for);
            format!("parked{}{steps}, {elapsed} so far: {why}", at(job.step))
        }
        (status, _) => {
            let expected = job.expected_remaining_ms.map(span);
            let expected = expected.map_or_else(String::new, |ms| format!(", {ms} more expected"));
            format!("{status}{}{steps}, {elapsed} so far{expected}", at(job.step))
        }
    }
}

/// What a parked job needs a person for, in one line.
fn parked_for(parked: &FailureView) -> String {
    let FailureView { code, text, runbook, .. } = parked;
    format!("{code}: {text}; see {runbook}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_as_fine_as_it_is_short() {
        let spans = [400, 42_000, 125_000, 11_220_000, 187_200_000].map(span);
        assert_eq!(spans, ["0.4s", "42s", "2m 05s", "3h 07m", "2d 04h"]);
        assert_eq!(span(-5), "0.0s");
    }

    #[test]
    fn without_a_terminal_a_table_is_plain_and_never_wrapped() {
        let row = vec![status_cell("failed"), Cell::new("x".repeat(200))];
        let text = table(false, &["status", "why"], &[1], vec![row]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines, ["status  why", &format!("failed  {}", "x".repeat(200))]);
    }
}
