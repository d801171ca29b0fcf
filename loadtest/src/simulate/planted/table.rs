//! The planted bugs and what caught them, for a person.

use super::{Found, Hunted, MOST_SEEDS};
use crate::table::{number, plain};
use comfy_table::Cell;

/// One line for each bug: what it does, what caught it, and after how many seeds.
#[must_use]
pub fn table(hunts: &[Hunted]) -> String {
    let header =
        ["planted bug", "what workers do that have it", "caught by", "seeds", "faults", "jobs"];
    let table = plain(&header, hunts.iter().map(row).collect(), (0, 2));
    let caught = hunts.iter().filter(|hunted| hunted.found.is_some()).count();
    format!("{}\n\n{caught} of {} planted bugs were caught", table, hunts.len())
}

fn row(hunted: &Hunted) -> Vec<Cell> {
    let bug = hunted.bug;
    let caught_by = hunted.found.as_ref().map_or("ESCAPED", |found| found.invariant.name());
    let seeds = hunted.found.as_ref().map_or(MOST_SEEDS, Found::seeds);
    vec![
        Cell::new(bug.name),
        Cell::new(bug.does),
        Cell::new(caught_by),
        number(seeds),
        Cell::new(bug.profile.name()),
        number(bug.jobs),
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
