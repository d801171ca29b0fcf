//! Making a violation small: classes of faults are taken away as long as it still happens.

use super::audit::Violation;
use super::classes::FaultClass;
use super::knobs::Knobs;
use super::run::{Options, Verdict, run_seed};
use std::collections::BTreeSet;

/// A seed with a violation, with as few classes of faults as it still happens with.
#[derive(Debug, Clone)]
pub struct Shrunk {
    /// What came of the smallest run, with its trace.
    pub verdict: Verdict,
    /// The classes that were taken away.
    pub without: BTreeSet<FaultClass>,
}

/// Shrinks a seed whose first violation is of some invariant. `None`: it does not happen again,
/// which is a defect of the simulation itself.
#[must_use]
pub fn shrink(verdict: &Verdict, knobs: &Knobs, options: &Options) -> Option<Shrunk> {
    let wanted = verdict.violations.first()?.invariant;
    let is_it = |v: &Violation| v.invariant == wanted;
    let again = |without: &BTreeSet<FaultClass>| {
        let options = Options { keep_trace: true, without: without.clone(), ..options.clone() };
        let verdict = run_seed(verdict.seed, knobs, &options).ok()?;
        verdict.violations.iter().any(is_it).then_some(verdict)
    };
    let mut without = options.without.clone();
    let mut smallest = again(&without)?;
    for class in verdict.counts.keys() {
        let mut fewer = without.clone();
        fewer.insert(*class);
        if let Some(smaller) = again(&fewer) {
            (smallest, without) = (smaller, fewer);
        }
    }
    Some(Shrunk { verdict: smallest, without })
}
