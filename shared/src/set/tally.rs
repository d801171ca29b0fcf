//! What the members of a set have voted, and what that decides: pure. The two phases are those of
//! two-phase commit (Gray, "Notes on Data Base Operating Systems", 1978): first all must be verified,
//! then all must be swapped, and what is decided once is never decided otherwise.

use crate::clock::{EpochMs, as_ms};
use crate::ids::JobId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// So long after the decision to swap, all members must be swapped: else all go back. Until then some
/// targets are new and some are old.
pub const SETTLE_WITHIN: Duration = Duration::from_secs(3600);

/// How far a member has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Voted {
    /// Its cluster is verified.
    Verified,
    /// It has its target's name, too; or there is nothing to swap.
    Swapped,
}

impl Voted {
    /// The name, as stored and printed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Swapped => "swapped",
        }
    }
}

/// A vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vote {
    /// How far the member has come.
    pub voted: Voted,
    /// Since when.
    pub at_ms: EpochMs,
}

/// What is decided.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Decision {
    /// Nothing yet: not all members are verified.
    #[default]
    Open,
    /// All are verified: each swaps.
    Swap {
        /// Since when.
        at_ms: EpochMs,
    },
    /// All are swapped: nothing goes back.
    Done {
        /// Since when.
        at_ms: EpochMs,
    },
    /// Not all were verified in time, or somebody has called it off: nothing is swapped.
    Abandoned {
        /// Since when.
        at_ms: EpochMs,
        /// Why.
        why: String,
    },
    /// One could not be swapped: each old cluster gets its name back.
    Back {
        /// Since when.
        at_ms: EpochMs,
        /// Why.
        why: String,
    },
}

impl Decision {
    /// The name, as printed.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Swap { .. } => "swap",
            Self::Done { .. } => "done",
            Self::Abandoned { .. } => "abandoned",
            Self::Back { .. } => "back",
        }
    }

    /// Why nothing is swapped, where that is decided.
    #[must_use]
    pub fn why_not(&self) -> Option<&str> {
        match self {
            Self::Abandoned { why, .. } | Self::Back { why, .. } => Some(why),
            Self::Open | Self::Swap { .. } | Self::Done { .. } => None,
        }
    }
}

/// The votes of a set, and what they decide.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Version of the item: one more at each write; 0 while there is none.
    pub version: u64,
    /// How many members there are.
    pub members: usize,
    /// All must be verified by this moment.
    pub deadline_ms: EpochMs,
    /// What is decided.
    pub decision: Decision,
    /// Who has voted.
    pub votes: BTreeMap<JobId, Vote>,
}

impl Tally {
    /// Nobody has voted.
    #[must_use]
    pub fn open(members: usize, deadline_ms: EpochMs) -> Self {
        let (decision, votes) = (Decision::Open, BTreeMap::new());
        Self { version: 1, members, deadline_ms, decision, votes }
    }

    /// A member says how far it has come. A vote is never taken back by an earlier one.
    #[must_use]
    pub fn vote(&self, job: JobId, voted: Voted, now_ms: EpochMs) -> Self {
        let mut next = self.at(now_ms);
        if matches!(next.decision, Decision::Open | Decision::Swap { .. }) {
            let before = next.votes.get(&job);
            if before.is_none_or(|before| before.voted < voted) {
                next.votes.insert(job, Vote { voted, at_ms: now_ms });
            }
        }
        next.at(now_ms)
    }

    /// A member has failed: before all are verified, its vote does not count until it votes again;
    /// later, all go back, unless it has its target's name already.
    #[must_use]
    pub fn fail(&self, job: JobId, why: &str, now_ms: EpochMs) -> Self {
        let mut next = self.at(now_ms);
        match &next.decision {
            Decision::Open => drop(next.votes.remove(&job)),
            Decision::Swap { .. } if !next.has(job, Voted::Swapped) => {
                next.decision = Decision::Back { at_ms: now_ms, why: format!("job {job}: {why}") };
            }
            _ => {}
        }
        next
    }

    /// Somebody calls it off. Once all are swapped it is too late.
    #[must_use]
    pub fn abandon(&self, why: &str, now_ms: EpochMs) -> Self {
        let mut next = self.at(now_ms);
        let (at_ms, why) = (now_ms, why.to_owned());
        match next.decision {
            Decision::Open => next.decision = Decision::Abandoned { at_ms, why },
            Decision::Swap { .. } => next.decision = Decision::Back { at_ms, why },
            Decision::Done { .. } | Decision::Abandoned { .. } | Decision::Back { .. } => {}
        }
        next
    }

    /// The same at a later moment: what time alone decides.
    #[must_use]
    pub fn at(&self, now_ms: EpochMs) -> Self {
        let mut next = self.clone();
        if next.decision == Decision::Open {
            if now_ms >= next.deadline_ms {
                let why = format!("{} were verified in time", next.count(Voted::Verified));
                next.decision = Decision::Abandoned { at_ms: now_ms, why };
            } else if next.all(Voted::Verified) {
                next.decision = Decision::Swap { at_ms: now_ms };
            }
        }
        if let Decision::Swap { at_ms } = next.decision {
            if next.all(Voted::Swapped) {
                next.decision = Decision::Done { at_ms: now_ms };
            } else if now_ms >= at_ms + as_ms(SETTLE_WITHIN) {
                let minutes = SETTLE_WITHIN.as_secs() / 60;
                let why =
                    format!("{} were swapped within {minutes} minutes", next.count(Voted::Swapped));
                next.decision = Decision::Back { at_ms: now_ms, why };
            }
        }
        next
    }

    /// By when something is decided, whatever happens; none: it is.
    #[must_use]
    pub fn decided_by_ms(&self) -> Option<EpochMs> {
        match self.decision {
            Decision::Open => Some(self.deadline_ms),
            Decision::Swap { at_ms } => Some(at_ms + as_ms(SETTLE_WITHIN)),
            _ => None,
        }
    }

    fn has(&self, job: JobId, voted: Voted) -> bool {
        self.votes.get(&job).is_some_and(|vote| vote.voted >= voted)
    }

    fn all(&self, voted: Voted) -> bool {
        self.voted(voted) >= self.members
    }

    fn voted(&self, voted: Voted) -> usize {
        self.votes.values().filter(|vote| vote.voted >= voted).count()
    }

    fn count(&self, voted: Voted) -> String {
        format!("only {} of {} members", self.voted(voted), self.members)
    }
}

#[cfg(test)]
mod tests;
