//! Planted bugs: each is caught, by an invariant that is meant to catch it, and the seeds that
//! catch them are clean without them.

use aurora_restore_loadtest::simulate::planted::{self, Bug, MOST_SEEDS};
use aurora_restore_loadtest::simulate::run::{Options, run_seed};
use std::collections::BTreeSet;

fn bug(name: &str) -> &'static Bug {
    planted::all().find(|bug| bug.name == name).unwrap_or_else(|| panic!("no bug {name}"))
}

fn is_caught(name: &str) {
    let bug = bug(name);
    let hunted = planted::hunt(bug).unwrap();
    let found = hunted.found.unwrap_or_else(|| panic!("{name} escaped in {MOST_SEEDS} seeds"));
    println!("{name}: seed {}, {}", found.seed, found.text);
    assert!(bug.caught_by.contains(&found.invariant), "{name} was caught by {}", found.text);
    let clean = run_seed(found.seed, &bug.knobs(), &Options::default()).unwrap();
    assert!(clean.violations.is_empty(), "without {name}: {}", clean.violations[0]);
}
