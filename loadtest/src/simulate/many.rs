//! Many seeds on several threads, each seed on one.

use super::audit::Sightings;
use super::classes::{Counts, FaultClass};
use super::knobs::Knobs;
use super::run::{Options, Verdict, run_seed};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// How many seeds with violations are kept whole.
const KEPT: usize = 10;

/// What became of many seeds.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Seeds that were run.
    pub seeds: u64,
    /// Jobs by how they ended.
    pub ended: BTreeMap<String, u64>,
    /// Virtual time in all, milliseconds.
    pub virtual_ms: i64,
    /// Calls in all.
    pub calls: u64,
    /// The longest that jobs took to end after the faults had stopped, milliseconds.
    pub longest_liveness_ms: i64,
    /// How often each class of faults has struck.
    pub counts: Counts,
    /// What the auditor saw of the protocol at work.
    pub sightings: Sightings,
    /// Classes that were left out.
    pub left_out: BTreeSet<FaultClass>,
    /// Seeds with violations.
    pub bad_seeds: u64,
    /// The first of them.
    pub bad: Vec<Verdict>,
    /// Seeds that could not be run at all, with the reason.
    pub broken: Vec<String>,
}

impl Summary {
    /// Takes a verdict in.
    pub fn add(&mut self, verdict: Verdict) {
        self.seeds += 1;
        self.virtual_ms += verdict.virtual_ms;
        self.calls += verdict.calls;
        self.longest_liveness_ms = self.longest_liveness_ms.max(verdict.liveness_ms);
        for (status, n) in &verdict.ended {
            *self.ended.entry(status.clone()).or_default() += n;
        }
        for (class, n) in &verdict.counts {
            *self.counts.entry(*class).or_default() += n;
        }
        self.sightings.add(&verdict.sightings);
        if !verdict.violations.is_empty() {
            self.bad_seeds += 1;
            if self.bad.len() < KEPT {
                self.bad.push(verdict);
            }
        }
    }

    /// How many jobs there were.
    #[must_use]
    pub fn jobs(&self) -> u64 {
        self.ended.values().sum()
    }

    /// Classes that the profile has, that were not left out, and that never struck: the run says
    /// nothing about them.
    #[must_use]
    pub fn vacuous(&self, knobs: &Knobs) -> Vec<FaultClass> {
        let silent = |class: &&FaultClass| self.counts.get(class).is_none_or(|n| *n == 0);
        let has = |class: &&FaultClass| {
            knobs.profile.has(**class) && !(knobs.only_drills && class.is_abroad())
        };
        let all = FaultClass::ALL.iter().filter(has);
        all.filter(silent).filter(|class| !self.left_out.contains(class)).copied().collect()
    }

    /// Whether nothing speaks against the fleet.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.bad_seeds == 0 && self.broken.is_empty()
    }
}

/// Runs seeds on so many threads. `progress` is told after each how many are done and how many of
/// them were bad; it answers whether to go on.
pub fn run_seeds(
    seeds: Range<u64>,
    knobs: &Knobs,
    options: &Options,
    threads: usize,
    progress: &(impl Fn(u64, u64) -> bool + Sync),
) -> Summary {
    let (next, stop) = (AtomicU64::new(seeds.start), AtomicBool::new(false));
    let left_out = options.without.clone();
    let summary = Mutex::new(Summary { left_out, ..Summary::default() });
    let take = || {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        (seed < seeds.end && !stop.load(Ordering::Relaxed)).then_some(seed)
    };
    spread(threads, take, |seed| {
        let ran = run_seed(seed, knobs, options);
        let mut summary = summary.lock().unwrap_or_else(PoisonError::into_inner);
        match ran {
            Ok(verdict) => summary.add(verdict),
            Err(e) => summary.broken.push(format!("seed {seed}: {e:#}")),
        }
        if !progress(summary.seeds, summary.bad_seeds) {
            stop.store(true, Ordering::Relaxed);
        }
    });
    summary.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Does pieces of work on so many threads, until there is none left.
pub(super) fn spread<T>(
    threads: usize,
    take: impl Fn() -> Option<T> + Sync,
    work: impl Fn(T) + Sync,
) {
    let worker = || {
        while let Some(piece) = take() {
            work(piece);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(worker);
        }
    });
}
