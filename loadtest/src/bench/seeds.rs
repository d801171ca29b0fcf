//! Seeds of the simulation per second, on one thread.

use super::report::Rate;
use super::stopwatch::Stopwatch;
use crate::simulate::knobs::Knobs;
use crate::simulate::many::run_seeds;
use crate::simulate::run::Options;
use anyhow::ensure;

/// So many seeds, with the usual number of workers and jobs.
const SEEDS: u64 = 100;

/// Runs them.
pub(super) fn measure() -> anyhow::Result<Rate> {
    let watch = Stopwatch::start();
    let summary = run_seeds(0..SEEDS, &Knobs::default(), &Options::default(), 1, &|_, _| true);
    let rate = Rate::of(summary.seeds, watch.elapsed());
    ensure!(summary.is_good(), "{} seeds with violations", summary.bad_seeds);
    Ok(rate)
}
