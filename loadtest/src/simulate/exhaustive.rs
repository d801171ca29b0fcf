//! Every point of one restore job, one after the other and in pairs: a crash before, after the
//! effect and after the answer, a lost answer, a freeze before and after.
//!
//! Most catastrophic failures need at most three events in a particular order (Yuan et al., "Simple
//! Testing Can Prevent Most Critical Failures", OSDI 2014).

use super::knobs::{Knobs, Profile};
use super::many::spread;
use super::run::{Options, Verdict, run_seed};
use super::script::{Passed, Script, Strike};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What is enumerated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Exhaustive {
    /// Every point, one at a time.
    Singles,
    /// Every point, and every later one after it.
    Pairs,
}

/// One seed is as good as another: nothing is drawn but the pace.
const SEED: u64 = 1;

/// Longer than any lease of a tick of the job: whoever is frozen so long is taken over.
const FROZEN: Duration = Duration::from_secs(200);

/// Everything that happens at a point.
pub const STRIKES: [Strike; 6] = [
    Strike::CrashBeforeSend,
    Strike::CrashAfterEffect,
    Strike::CrashAfterAnswer,
    Strike::LostResponse,
    Strike::FreezeBefore(FROZEN),
    Strike::FreezeAfter(FROZEN),
];

/// Some strikes, each at its point.
pub type Strikes = Vec<(usize, Strike)>;

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Exhausted {
    /// The points of a job that meets no fault.
    pub points: Vec<Passed>,
    /// What was to be tried.
    pub all: usize,
    /// What came true: every strike met its point.
    pub covered: usize,
    /// Calls in all.
    pub calls: u64,
    /// Virtual time in all, milliseconds.
    pub virtual_ms: i64,
    /// What went wrong, with the strikes that led to it.
    pub bad: Vec<(Strikes, Verdict)>,
}

impl Exhausted {
    /// Whether everything came true and nothing went wrong.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.bad.is_empty() && self.covered == self.all && self.all > 0
    }
}

/// The knobs of these runs: one job, two workers, good weather.
#[must_use]
pub fn knobs() -> Knobs {
    Knobs { profile: Profile::Calm, jobs: 1, workers: 2, only_drills: true }
}

/// One run with strikes; answers its points too.
///
/// # Errors
/// When the stage cannot be set.
pub fn run_with(
    strikes: &[(usize, Strike)],
    keep_trace: bool,
) -> anyhow::Result<(Verdict, Script)> {
    let script = Script::striking(strikes);
    let options = Options { keep_trace, script: Some(script.clone()), ..Options::default() };
    Ok((run_seed(SEED, &knobs(), &options)?, script))
}

/// Tries everything on so many threads. `progress` is told how much of how much is done.
///
/// # Errors
/// When a stage cannot be set.
pub fn run(
    what: Exhaustive,
    threads: usize,
    progress: &(impl Fn(usize, usize) + Sync),
) -> anyhow::Result<Exhausted> {
    let (_, script) = run_with(&[], false)?;
    let points = script.passed();
    let singles: Vec<Strikes> = each(0..points.len()).map(|strike| vec![strike]).collect();
    let (mut found, lengths) = try_all(&singles, threads, progress)?;
    if what == Exhaustive::Pairs {
        let pairs = singles.iter().zip(lengths).flat_map(|(first, length)| {
            let at = first[0].0;
            each(at + 1..length).map(|second| vec![first[0], second]).collect::<Vec<_>>()
        });
        let pairs: Vec<Strikes> = pairs.collect();
        let (of_pairs, _) = try_all(&pairs, threads, progress)?;
        found = found.and(of_pairs);
    }
    Ok(Exhausted { points, ..found })
}

/// Every strike at each of these points.
fn each(points: std::ops::Range<usize>) -> impl Iterator<Item = (usize, Strike)> {
    points.flat_map(|point| STRIKES.map(|strike| (point, strike)))
}

impl Exhausted {
    fn and(mut self, other: Self) -> Self {
        self.all += other.all;
        self.covered += other.covered;
        self.calls += other.calls;
        self.virtual_ms += other.virtual_ms;
        self.bad.extend(other.bad);
        self
    }

    fn add(&mut self, strikes: &Strikes, verdict: Verdict, script: &Script) {
        self.covered += usize::from(script.struck() == strikes.len());
        self.calls += verdict.calls;
        self.virtual_ms += verdict.virtual_ms;
        if !verdict.violations.is_empty() {
            self.bad.push((strikes.clone(), verdict));
        }
    }
}

/// Tries these, and answers how many points each run had.
fn try_all(
    all: &[Strikes],
    threads: usize,
    progress: &(impl Fn(usize, usize) + Sync),
) -> anyhow::Result<(Exhausted, Vec<usize>)> {
    let start = Exhausted { all: all.len(), ..Exhausted::default() };
    let shared = Mutex::new((start, vec![0; all.len()], None));
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|n| *n < all.len());
    spread(threads, take, |n| {
        let ran = run_with(&all[n], false);
        let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        match ran {
            Ok((verdict, script)) => {
                shared.1[n] = script.passed().len();
                shared.0.add(&all[n], verdict, &script);
            }
            Err(e) => shared.2 = Some(e),
        }
        progress(done.fetch_add(1, Ordering::Relaxed) + 1, all.len());
    });
    let (found, lengths, broken) = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    broken.map_or(Ok((found, lengths)), Err)
}
