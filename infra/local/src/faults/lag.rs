//! A describe that lags behind what was created.

use super::{FaultKind, Inside};

/// A rule by which the describe that is handled lags.
#[derive(Debug)]
pub(super) struct Lag {
    /// The place of the rule.
    at: usize,
    /// How long it hides what is new, milliseconds.
    ms: i64,
    /// Whether it has hidden something, and is counted.
    counted: bool,
}

impl Inside<'_> {
    /// Whether the describe that is handled does not show yet what was created at a moment. To be
    /// asked only about what it would show otherwise: it counts. The rules are drawn once for a
    /// call, so that what is hidden once stays hidden to its end.
    pub(crate) fn hides(&mut self, created_ms: i64, now_ms: i64) -> bool {
        let mut lags = self.lags.take().unwrap_or_else(|| self.lags());
        let age_ms = now_ms.saturating_sub(created_ms);
        let mut hidden = false;
        for lag in lags.iter_mut().filter(|lag| age_ms < lag.ms) {
            hidden = true;
            if !std::mem::replace(&mut lag.counted, true) {
                self.faults.rules[lag.at].fired += 1;
            }
        }
        self.lags = Some(lags);
        hidden
    }

    fn lags(&mut self) -> Vec<Lag> {
        let hits = self.draw(|kind| matches!(kind, FaultKind::DescribeLag { .. }));
        let lag = |at: usize| match self.faults.rules[at].fault {
            FaultKind::DescribeLag { ms } => Some(Lag { at, ms, counted: false }),
            _ => None,
        };
        hits.into_iter().filter_map(lag).collect()
    }
}
