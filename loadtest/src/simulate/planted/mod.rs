//! Planted bugs: what the auditor must be able to catch.
//!
//! No switch in the code of the fleet: a bug lies between the SDK of a process and the cloud. It
//! makes of the process's calls what one with the bug would send, and of the answers what such a
//! process would take them for.

mod abroad;
mod call;
mod effects;
mod messages;
mod network;
mod records;
mod sets;
mod states;
mod submissions;
mod table;

pub use table::table;

use super::audit::Invariant;
use super::knobs::{Knobs, Profile};
use super::many::spread;
use super::run::{Options, Verdict, run_seed};
use aurora_restore_local::wire::WireResponse;
use call::Call;
use network::{Buggy, Course, Memory};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

type Before = fn(&mut Call, &mut Memory) -> Course;
type After = fn(&Call, &mut WireResponse, &mut Memory) -> Vec<Call>;

/// A bug that workers may have.
#[derive(Debug, Clone, Copy)]
pub struct Bug {
    /// Its name.
    pub name: &'static str,
    /// What workers that have it do, in a sentence.
    pub does: &'static str,
    /// The invariants that catch it: one of them is the first that does not hold.
    pub caught_by: &'static [Invariant],
    /// The calmest profile in which it does harm.
    pub profile: Profile,
    /// Jobs of a seed: more where it takes a crowd.
    pub jobs: usize,
    before: Before,
    after: After,
}

const fn bug(name: &'static str, does: &'static str, caught_by: &'static [Invariant]) -> Bug {
    let before: Before = |_, _| Course::Goes;
    let after: After = |_, _, _| Vec::new();
    Bug { name, does, caught_by, profile: Profile::Normal, jobs: 4, before, after }
}

impl Bug {
    const fn under(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    const fn among(self, jobs: usize) -> Self {
        Self { jobs, ..self }
    }

    const fn before(self, before: Before) -> Self {
        Self { before, ..self }
    }

    const fn after(self, after: After) -> Self {
        Self { after, ..self }
    }

    /// What it is hunted with.
    #[must_use]
    pub fn knobs(&self) -> Knobs {
        Knobs { profile: self.profile, jobs: self.jobs, ..Knobs::default() }
    }

    /// Runs one seed with workers that have it.
    ///
    /// # Errors
    /// When the stage cannot be set: a fault of the simulation itself.
    pub fn run(&'static self, seed: u64) -> anyhow::Result<Verdict> {
        let options = Options {
            network: Arc::new(Buggy::new(self)),
            stop_at_violation: true,
            ..Options::default()
        };
        run_seed(seed, &self.knobs(), &options)
    }
}

/// After so many seeds a bug has escaped.
pub const MOST_SEEDS: u64 = 60;

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Bug> {
    let families = [
        submissions::BUGS,
        states::BUGS,
        records::BUGS,
        messages::BUGS,
        effects::BUGS,
        sets::BUGS,
        abroad::BUGS,
    ];
    families.into_iter().flatten()
}

/// What became of the hunt for a bug.
#[derive(Debug, Clone)]
pub struct Hunted {
    /// The bug.
    pub bug: &'static Bug,
    /// What caught it; none: it has escaped.
    pub found: Option<Found>,
}

/// How a bug was caught.
#[derive(Debug, Clone)]
pub struct Found {
    /// The seed. They are tried from 0 on.
    pub seed: u64,
    /// The invariant that did not hold.
    pub invariant: Invariant,
    /// What the auditor said.
    pub text: String,
}

impl Found {
    /// How many seeds it took.
    #[must_use]
    pub fn seeds(&self) -> u64 {
        self.seed + 1
    }
}

/// Runs seed after seed until something does not hold that must, as the bug is expected to show. What
/// else is found in a seed before is not counted for it.
///
/// # Errors
/// When the stage cannot be set: a fault of the simulation itself.
pub fn hunt(bug: &'static Bug) -> anyhow::Result<Hunted> {
    for seed in 0..MOST_SEEDS {
        let verdict = bug.run(seed)?;
        let first = verdict.violations.first();
        if let Some(violation) = first.filter(|v| bug.caught_by.contains(&v.invariant)) {
            let (invariant, text) = (violation.invariant, violation.to_string());
            let found = Found { seed, invariant, text };
            return Ok(Hunted { bug, found: Some(found) });
        }
    }
    Ok(Hunted { bug, found: None })
}

/// Hunts all bugs on so many threads. `progress` is told of each hunt when it is over.
///
/// # Errors
/// When the stage cannot be set: a fault of the simulation itself.
pub fn hunt_all(
    threads: usize,
    progress: &(impl Fn(&Hunted) + Sync),
) -> anyhow::Result<Vec<Hunted>> {
    let bugs: Vec<&'static Bug> = all().collect();
    let next = AtomicUsize::new(0);
    let hunts = Mutex::new(Vec::new());
    let take = || bugs.get(next.fetch_add(1, Ordering::Relaxed)).copied();
    spread(threads, take, |bug| {
        let hunted = hunt(bug);
        if let Ok(hunted) = &hunted {
            progress(hunted);
        }
        hunts.lock().unwrap_or_else(PoisonError::into_inner).push((bug.name, hunted));
    });
    let mut hunts = hunts.into_inner().unwrap_or_else(PoisonError::into_inner);
    let place = |name: &str| bugs.iter().position(|bug| bug.name == name);
    hunts.sort_by_key(|(name, _)| place(name));
    hunts.into_iter().map(|(_, hunted)| hunted).collect()
}
