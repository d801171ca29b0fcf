//! The job record and its transitions, as pure functions: claim, renew, commit, retry. The store
//! writes what these compute; a property test holds the two against each other.

use crate::clock::EpochMs;
use crate::failure::{Failure, FailureCode};
use crate::ids::{Epoch, JobId, RegionName, Seq, WorkerId};
use crate::plan::StepName;
use crate::request::Priority;
use crate::watch::Watch;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

mod step_state;

pub use step_state::{How, StepState, StepStatus};

/// The output that says why a swap is being taken back; a retry tries the swap anew.
pub const SWAP_BACK: &str = "swap_back";

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Accepted; no worker has looked at it yet, or it was asked to go on after a failure.
    Queued,
    /// A worker holds its lease.
    Running,
    /// It waits for a resource or for a time.
    Waiting,
    /// Ended well.
    Succeeded,
    /// Ended badly; `retry` goes on at the failed step.
    Failed,
}

impl Status {
    /// All of them, with their names.
    pub const ALL: [(&'static str, Self); 5] = [
        ("queued", Self::Queued),
        ("running", Self::Running),
        ("waiting", Self::Waiting),
        ("succeeded", Self::Succeeded),
        ("failed", Self::Failed),
    ];

    /// The name, as stored and printed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }

    /// Whether the job has ended.
    #[must_use]
    pub fn is_ended(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

/// Who ticks a job now, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The worker.
    pub owner: WorkerId,
    /// The lease ends at this moment.
    pub until_ms: EpochMs,
}

/// Why a job ended badly, or is parked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedAt {
    /// The step that failed, when it was a step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepName>,
    /// The failure.
    pub failure: Failure,
}

/// The changing part of a job: one item, written by conditional updates only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobState {
    /// The job.
    pub id: JobId,
    /// Region whose queues and dispatcher serve it.
    pub region: RegionName,
    /// Its priority.
    pub priority: Priority,
    /// Where it stands.
    pub status: Status,
    /// The wake-up it expects next.
    pub seq: Seq,
    /// Fencing token: one more at each claim.
    pub epoch: Epoch,
    /// How often the present wake-up was sent again.
    pub dispatches: u64,
    /// Who ticks it now.
    pub lease: Option<Lease>,
    /// Token of the last claim: tells "maybe mine" from "somebody else's".
    pub token: Option<String>,
    /// When it must be looked at again, whatever happens. Every job that is not ended has one.
    pub due_at_ms: Option<EpochMs>,
    /// The resource it waits for.
    pub watch: Option<Watch>,
    /// Epoch under which its plan is stored; none before the plan is made.
    pub plan_epoch: Option<Epoch>,
    /// Steps that were started.
    pub steps: BTreeMap<StepName, StepState>,
    /// Identifiers that steps have found out, for later steps.
    pub outputs: BTreeMap<String, String>,
    /// Whether it holds the slot of its target's name.
    pub holds_target: bool,
    /// Claims since the last commit.
    pub claims: u32,
    /// Why it ended badly.
    pub failed_at: Option<FailedAt>,
    /// What a person must mend before it goes on, as the last look found it; none once a look has
    /// not found it any more.
    pub parked: Option<FailedAt>,
    /// Whether its dead-letter message is still to be sent.
    pub letter_pending: bool,
    /// Hash of its last committed event; before the first one, of its request (see `chain`).
    pub chain: Option<String>,
    /// When it was accepted.
    pub created_at_ms: EpochMs,
    /// When it ended.
    pub ended_at_ms: Option<EpochMs>,
    /// When it was given up: it has failed, and what it has made is being removed. It stays failed.
    pub given_up_at_ms: Option<EpochMs>,
}

/// Why a claim was refused. In each case the wake-up can be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimRefused {
    /// The job expects another wake-up.
    Stale,
    /// Another worker holds the lease; its `due_at` covers the job.
    Leased,
    /// It has ended.
    Ended,
}

/// How a tick ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Wait for a resource, until its deadline at the latest.
    WaitFor {
        /// The resource.
        watch: Watch,
        /// Look again at this moment, whatever happens.
        due_at_ms: EpochMs,
    },
    /// Wait for a time.
    WaitUntil {
        /// The moment.
        due_at_ms: EpochMs,
    },
    /// Wait until a person has mended something: look again at a time.
    Park {
        /// What must be mended.
        failed_at: FailedAt,
        /// The moment.
        due_at_ms: EpochMs,
    },
    /// Come again at once: what was found out had to be committed first. The wake-up is sent right
    /// after the commit; `due_at_ms` covers the case that it is not.
    Again {
        /// The moment.
        due_at_ms: EpochMs,
    },
    /// Give it back to the queue, untouched by this worker, which is shutting down or cannot go on.
    /// The wake-up is sent right after the commit.
    HandBack {
        /// Covers the case that it is not.
        due_at_ms: EpochMs,
    },
    /// Done.
    Succeed,
    /// Failed for good; the dead-letter message is still to be sent.
    Fail {
        /// Why.
        failed_at: FailedAt,
        /// Look again at this moment, in case the message could not be sent.
        due_at_ms: EpochMs,
    },
}

impl JobState {
    /// A job as it is accepted.
    #[must_use]
    pub fn accepted(
        id: JobId,
        region: RegionName,
        priority: Priority,
        now_ms: EpochMs,
        first_interval_ms: i64,
    ) -> Self {
        Self {
            id,
            region,
            priority,
            status: Status::Queued,
            seq: Seq(1),
            epoch: Epoch(0),
            dispatches: 0,
            lease: None,
            token: None,
            due_at_ms: Some(now_ms + first_interval_ms),
            watch: None,
            plan_epoch: None,
            steps: BTreeMap::new(),
            outputs: BTreeMap::new(),
            holds_target: false,
            claims: 0,
            failed_at: None,
            parked: None,
            letter_pending: false,
            chain: None,
            created_at_ms: now_ms,
            ended_at_ms: None,
            given_up_at_ms: None,
        }
    }

    /// Whether a worker has anything to do with it: it has not ended, or its dead-letter message is
    /// still to be sent.
    #[must_use]
    pub fn is_live(&self) -> bool {
        !self.status.is_ended() || self.letter_pending
    }

    /// Whether it waits for a person. One that a worker looks at just now does not.
    #[must_use]
    pub fn is_parked(&self) -> bool {
        self.status == Status::Waiting && self.parked.is_some()
    }

    /// A claim: the next epoch begins.
    ///
    /// # Errors
    /// [`ClaimRefused`], by the rules that the store puts into its condition.
    pub fn claim(
        &self,
        seq: Seq,
        lease: &Lease,
        token: &str,
        now_ms: EpochMs,
    ) -> Result<Self, ClaimRefused> {
        if self.seq != seq {
            return Err(ClaimRefused::Stale);
        }
        if !self.is_live() {
            return Err(ClaimRefused::Ended);
        }
        if self.lease.as_ref().is_some_and(|held| held.until_ms >= now_ms) {
            return Err(ClaimRefused::Leased);
        }
        Ok(Self {
            status: Status::Running,
            epoch: self.epoch.next(),
            lease: Some(lease.clone()),
            token: Some(token.to_owned()),
            due_at_ms: Some(lease.until_ms),
            watch: None,
            // A wake-up that is sent after a crash must not repeat the deduplication id of the one
            // that led to this claim.
            dispatches: self.dispatches + 1,
            claims: self.claims + 1,
            ..self.clone()
        })
    }

    /// Whether this is what a claim of ours left behind, although the answer got lost: the SDK
    /// repeats a call whose response was lost, and the repeat then fails its own condition.
    #[must_use]
    pub fn is_claimed_by(&self, owner: &WorkerId, token: &str) -> bool {
        let ours = self.lease.as_ref().is_some_and(|lease| lease.owner == *owner);
        ours && self.token.as_deref() == Some(token)
    }

    /// Whether this is what our commit left behind, although the answer got lost.
    #[must_use]
    pub fn is_committed_by(&self, claimed: &Self) -> bool {
        let same_tick = self.epoch == claimed.epoch && self.token == claimed.token;
        same_tick && self.seq == claimed.seq.next()
    }

    /// The end of a tick: the next wake-up number, no lease, and one of the endings. `self` is the
    /// job as the tick has changed it (steps, outputs); only the holder of the lease commits.
    #[must_use]
    pub fn commit(&self, ending: Ending, now_ms: EpochMs) -> Self {
        let mut next = Self {
            seq: self.seq.next(),
            dispatches: 0,
            lease: None,
            watch: None,
            parked: None,
            claims: 0,
            letter_pending: false,
            ..self.clone()
        };
        match ending {
            Ending::WaitFor { watch, due_at_ms } => {
                next.wait(due_at_ms);
                next.watch = Some(watch);
            }
            Ending::WaitUntil { due_at_ms } | Ending::Again { due_at_ms } => next.wait(due_at_ms),
            Ending::Park { failed_at, due_at_ms } => {
                next.wait(due_at_ms);
                next.parked = Some(failed_at);
            }
            // This worker has found out nothing: what was known is still all that is known.
            Ending::HandBack { due_at_ms } => {
                next.parked.clone_from(&self.parked);
                next.claims = self.claims.saturating_sub(1);
                next.wait(due_at_ms);
            }
            Ending::Succeed => next.end(Status::Succeeded, now_ms),
            Ending::Fail { failed_at, due_at_ms } => {
                next.end(Status::Failed, now_ms);
                next.failed_at = Some(failed_at);
                next.letter_pending = true;
                next.due_at_ms = Some(due_at_ms);
            }
        }
        next
    }

    fn wait(&mut self, due_at_ms: EpochMs) {
        self.status = Status::Waiting;
        self.due_at_ms = Some(due_at_ms);
    }

    fn end(&mut self, status: Status, now_ms: EpochMs) {
        self.status = status;
        self.due_at_ms = None;
        self.ended_at_ms = Some(now_ms);
        self.holds_target = false;
    }

    /// The dead-letter message is known to be sent: nothing is left to do.
    #[must_use]
    pub fn letter_sent(&self) -> Self {
        Self {
            status: Status::Failed,
            seq: self.seq.next(),
            lease: None,
            claims: 0,
            letter_pending: false,
            due_at_ms: None,
            ..self.clone()
        }
    }

    /// Whether it has failed because its restore set is not swapped: that is decided for good.
    #[must_use]
    pub fn has_abandoned_set(&self) -> bool {
        self.failed_at.as_ref().is_some_and(|at| at.failure.code == FailureCode::SetAbandoned)
    }

    /// A failed job goes on at its failed step, with fresh attempts. Steps that are done stay done.
    /// `None` when it has not failed, its dead-letter message is still on its way, it was given up, or
    /// its restore set was.
    #[must_use]
    pub fn retry(&self, now_ms: EpochMs, first_interval_ms: i64) -> Option<Self> {
        let is_barred =
            self.letter_pending || self.given_up_at_ms.is_some() || self.has_abandoned_set();
        if self.status != Status::Failed || is_barred {
            return None;
        }
        let done = |(_, state): &(&StepName, &StepState)| state.status == StepStatus::Done;
        let steps = self.steps.iter().filter(done).map(|(name, s)| (*name, s.clone())).collect();
        let mut outputs = self.outputs.clone();
        outputs.remove(SWAP_BACK);
        Some(Self {
            status: Status::Queued,
            seq: self.seq.next(),
            dispatches: 0,
            due_at_ms: Some(now_ms + first_interval_ms),
            steps,
            outputs,
            failed_at: None,
            ended_at_ms: None,
            ..self.clone()
        })
    }
}

#[cfg(test)]
mod tests;
