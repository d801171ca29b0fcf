//! The planted bugs and what caught them, for a person.

use super::{Found, Hunted, MOST_SEEDS};
use comfy_table::{Cell, CellAlignment, ColumnConstraint, Table, presets::NOTHING};

/// One line for each bug: what it does, what caught it, and after how many seeds.
#[must_use]
pub fn table(hunts: &[Hunted]) -> String {
    let mut table = Table::new();
    let header =
        ["planted bug", "what workers do that have it", "caught by", "seeds", "faults", "jobs"];
    table.load_style(NOTHING).set_header(header.iter().map(Cell::new));
    table.add_rows(hunts.iter().map(row));
    for column in table.column_iter_mut() {
        column.set_padding((0, 2)).set_constraint(ColumnConstraint::ContentWidth);
    }
    let caught = hunts.iter().filter(|hunted| hunted.found.is_some()).count();
    format!("{}\n\n{caught} of {} planted bugs were caught", table.trim_fmt(), hunts.len())
}

fn row(hunted: &Hunted) -> Vec<Cell> {
    let number = |n: u64| Cell::new(n).set_alignment(CellAlignment::Right);
    let bug = hunted.bug;
    let caught_by = hunted.found.as_ref().map_or("ESCAPED", |found| found.invariant.name());
    let seeds = hunted.found.as_ref().map_or(MOST_SEEDS, Found::seeds);
    vec![
        Cell::new(bug.name),
        Cell::new(bug.does),
        Cell::new(caught_by),
        number(seeds),
        Cell::new(bug.profile.name()),
        number(bug.jobs as u64),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::{Invariant, all};
    use super::*;

    #[test]
    fn a_bug_that_has_escaped_is_seen_at_a_glance() {
        let (caught, escaped) = (all().next().unwrap(), all().nth(1).unwrap());
        let (invariant, text) = (Invariant::EpochsFence, String::new());
        let found = Some(Found { seed: 6, invariant, text });
        let hunts = [Hunted { bug: caught, found }, Hunted { bug: escaped, found: None }];
        let text = table(&hunts);
        let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap();
        assert!(line(caught.name).contains("epochs_fence") && line(caught.name).contains(" 7 "));
        assert!(line(escaped.name).contains("ESCAPED"));
        assert!(text.ends_with("1 of 2 planted bugs were caught"));
    }
}
