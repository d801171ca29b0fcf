//! The record of the job, as the model has it, and its transitions: stated once more, independently
//! of `shared/src/job.rs` and `shared/src/store/state.rs`, under the same names. `agreement.rs` and
//! `stored.rs` hold the two statements against each other.

use crate::state::{DueJob, Time};

/// Where the job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    Queued,
    Running,
    Waiting,
    Succeeded,
    Failed,
}

impl Status {
    fn is_ended(self) -> bool {
        self == Self::Succeeded || self == Self::Failed
    }
}

/// Who ticks the job now, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lease {
    pub owner: u8,
    pub until: Time,
}

/// The changing part of the job: what the `state` item holds, as far as the protocol looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Job {
    pub status: Status,
    pub seq: u8,
    pub epoch: u8,
    pub dispatches: u8,
    pub lease: Option<Lease>,
    pub token: Option<u8>,
    pub due_at: Option<Time>,
    /// Whether it watches a resource.
    pub watched: bool,
    pub claims: u8,
    /// Whether it has a reason why it ended badly.
    pub failed: bool,
    /// Whether it has a reason why it waits for a person.
    pub parked: bool,
    pub letter_pending: bool,
}

/// Why a claim is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ClaimRefused {
    Stale,
    Leased,
    Ended,
}

/// How a tick ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ending {
    WaitFor,
    WaitUntil,
    Park,
    Again,
    HandBack,
    Succeed,
    Fail,
}

impl Ending {
    pub const ALL: [Self; 7] = [
        Self::WaitFor,
        Self::WaitUntil,
        Self::Park,
        Self::Again,
        Self::HandBack,
        Self::Succeed,
        Self::Fail,
    ];
}

/// A claim on its way to the table. `now` is the moment at which the worker built it: the condition
/// compares with that one, however late it arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Claim {
    pub seq: u8,
    pub lease: Lease,
    pub token: u8,
    pub now: Time,
}

impl Job {
    /// A job as it is accepted.
    pub fn accepted(due_at: Time) -> Self {
        Self {
            status: Status::Queued,
            seq: 1,
            epoch: 0,
            dispatches: 0,
            lease: None,
            token: None,
            due_at: Some(due_at),
            watched: false,
            claims: 0,
            failed: false,
            parked: false,
            letter_pending: false,
        }
    }

    /// Whether a worker has anything to do with it.
    pub fn is_live(&self) -> bool {
        !self.status.is_ended() || self.letter_pending
    }

    pub fn claim(&self, claim: Claim) -> Result<Self, ClaimRefused> {
        if self.seq != claim.seq {
            return Err(ClaimRefused::Stale);
        }
        if !self.is_live() {
            return Err(ClaimRefused::Ended);
        }
        if self.lease.is_some_and(|held| held.until >= claim.now) {
            return Err(ClaimRefused::Leased);
        }
        Ok(Self {
            status: Status::Running,
            epoch: self.epoch + 1,
            dispatches: self.dispatches + 1,
            lease: Some(claim.lease),
            token: Some(claim.token),
            due_at: Some(claim.lease.until),
            watched: false,
            claims: self.claims + 1,
            ..*self
        })
    }

    /// Whether this is what that claim left behind, although its answer got lost.
    pub fn is_claimed_by(&self, owner: u8, token: u8) -> bool {
        self.lease.is_some_and(|lease| lease.owner == owner) && self.token == Some(token)
    }

    /// `None`: the job was taken over.
    pub fn renew(&self, epoch: u8, until: Time) -> Option<Self> {
        let lease = self.lease.filter(|_| self.epoch == epoch)?;
        Some(Self { lease: Some(Lease { until, ..lease }), due_at: Some(until), ..*self })
    }

    /// What a tick writes at its end. `due_at` is when to look again, where the ending has that.
    pub fn commit(&self, ending: Ending, due_at: Time) -> Self {
        let claims = if ending == Ending::HandBack { self.claims.saturating_sub(1) } else { 0 };
        let (status, due_at) = match ending {
            Ending::Succeed => (Status::Succeeded, None),
            Ending::Fail => (Status::Failed, Some(due_at)),
            _ => (Status::Waiting, Some(due_at)),
        };
        Self {
            status,
            seq: self.seq + 1,
            dispatches: 0,
            lease: None,
            due_at,
            watched: ending == Ending::WaitFor,
            claims,
            failed: self.failed || ending == Ending::Fail,
            parked: ending == Ending::Park || (ending == Ending::HandBack && self.parked),
            letter_pending: ending == Ending::Fail,
            ..*self
        }
    }

    /// The condition under which what a tick has made of `claimed` is written.
    pub fn may_commit(&self, claimed: &Self) -> bool {
        self.epoch == claimed.epoch && self.seq == claimed.seq
    }

    /// Whether this is what the commit of that tick left behind, although its answer got lost.
    pub fn is_committed_by(&self, claimed: &Self) -> bool {
        self.epoch == claimed.epoch && self.token == claimed.token && self.seq == claimed.seq + 1
    }

    /// The dead-letter message is known to be sent.
    pub fn letter_sent(&self) -> Self {
        Self {
            status: Status::Failed,
            seq: self.seq + 1,
            lease: None,
            due_at: None,
            claims: 0,
            letter_pending: false,
            ..*self
        }
    }

    /// A failed job goes on, by an operator's verb. `None`: it has not failed, or its dead-letter
    /// message is still on its way.
    pub fn retry(&self, due_at: Time) -> Option<Self> {
        let may = self.status == Status::Failed && !self.letter_pending;
        may.then_some(Self {
            status: Status::Queued,
            seq: self.seq + 1,
            dispatches: 0,
            due_at: Some(due_at),
            failed: false,
            ..*self
        })
    }

    /// `None`: it was claimed, committed or woken since the dispatcher has read it.
    pub fn move_due(&self, read: DueJob, next_due: Time) -> Option<Self> {
        let unchanged = self.seq == read.seq && self.due_at == Some(read.due_at);
        unchanged.then_some(Self {
            due_at: Some(next_due),
            dispatches: read.dispatches + 1,
            ..*self
        })
    }

    /// `None`: it does not wait for this wake-up (any more). Without a number, for any.
    pub fn wake(&self, seq: Option<u8>, due_at: Time) -> Option<Self> {
        let idle = self.due_at.is_some() && self.lease.is_none();
        let expects = seq.is_none_or(|seq| self.seq == seq);
        (idle && expects).then_some(Self {
            due_at: Some(due_at),
            dispatches: self.dispatches + 1,
            watched: false,
            ..*self
        })
    }
}
