//! Texts for people: tables that fit the terminal.

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Table, Width};
use serde_json::Value;
use std::io::{self, IsTerminal, Write};

/// A column that may be wrapped keeps this width.
const LEAST_WIDTH: u16 = 10;

/// A table under its title, or a line that says that there is nothing. Columns that are not `wide`
/// are never wrapped; without a terminal nothing is wrapped or coloured.
pub(super) fn section(
    title: &str,
    header: &[&str],
    wide: &[usize],
    rows: Vec<Vec<Cell>>,
) -> String {
    if rows.is_empty() {
        return format!("{title}: none\n");
    }
    format!("{title}\n{}\n", table(colours(), header, wide, rows))
}

fn colours() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

fn table(colours: bool, header: &[&str], wide: &[usize], rows: Vec<Vec<Cell>>) -> String {
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
        column.set_padding((if n == 0 { 2 } else { 0 }, 2));
        let least = ColumnConstraint::LowerBoundary(Width::Fixed(LEAST_WIDTH));
        let fit = if wide.contains(&n) { least } else { ColumnConstraint::ContentWidth };
        column.set_constraint(fit);
    }
    table.trim_fmt()
}

/// A member of a document as a person reads it; a dash when there is none.
pub(super) fn member(document: &Value, name: &str) -> String {
    match &document[name] {
        Value::Null => "-".into(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

/// The cells of some members of a document, with the colour of a status.
pub(super) fn row(document: &Value, members: &[&str]) -> Vec<Cell> {
    let cell = |name: &&str| {
        let text = member(document, name);
        if *name == "status" { status_cell(&text) } else { Cell::new(text) }
    };
    members.iter().map(cell).collect()
}

fn status_cell(status: &str) -> Cell {
    let cell = Cell::new(status);
    match status {
        "available" => cell.fg(Color::Green),
        "stopped" => cell,
        bad if bad == "failed" || bad.starts_with("in") => cell.fg(Color::Red),
        _ => cell.fg(Color::Yellow),
    }
}

/// Writes a text to standard output.
pub(super) fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let end = if text.ends_with('\n') { "" } else { "\n" };
    write!(out, "{text}{end}").and_then(|()| out.flush())
}

/// Writes a JSON document to standard output.
pub(super) fn document(document: &Value) -> io::Result<()> {
    say(&format!("{document:#}"))
}

#[cfg(test)]
mod tests {
    use super::{row, table};
    use serde_json::json;

    #[test]
    fn without_a_terminal_a_table_is_plain_and_never_wrapped() {
        let document = json!({ "status": "failed", "n": 3, "why": "x".repeat(200) });
        let rows = vec![row(&document, &["status", "n", "gone", "why"])];
        let text = table(false, &["status", "n", "gone", "why"], &[3], rows);
        let lines: Vec<&str> = text.lines().collect();
        let second = format!("  failed  3  -     {}", "x".repeat(200));
        assert_eq!(lines, ["  status  n  gone  why", &second]);
    }
}
