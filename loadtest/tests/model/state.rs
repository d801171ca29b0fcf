//! What the model's world is made of: the table's one job, the queue, the workers, the dispatcher,
//! one request that is late, and what a spectator has noted. Everything that cannot make a
//! difference is left out, so that the worlds are few enough to look at all of them.

use crate::job::{Claim, Job, Lease};

/// A moment. One unit is a lease, and an interval until the job is looked at again.
pub type Time = u8;

/// A lease, in units.
pub const LEASE: Time = 1;

/// When a job is looked at again that waits: after so many units.
pub const INTERVAL: Time = 1;

/// When it is looked at again after its wake-up was sent: the safety interval, longer than a lease.
pub const SAFETY: Time = 2;

/// So many claims without a commit are borne: the next one ends the job.
pub const MAX_CLAIMS: u8 = 2;

/// A number of a wake-up, or of a send, as a bit.
pub fn bit(number: u8) -> u16 {
    assert!(number < 16, "the bounds are far below");
    1 << number
}

/// The queue, worse than SQS is: a wake-up that is in it can be received any number of times, by
/// anybody, in any order, until it is deleted or lost. A second send of one deduplication id is
/// swallowed for as long as the job expects that wake-up: the window never ends when that hurts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Queue {
    /// Numbers of the wake-ups in it, one bit each.
    seqs: u16,
    /// Sends of the wake-up that the job expects (`dispatches` of their deduplication ids), one bit
    /// each; those below the job's own count are not sent any more, and forgotten.
    sent: u16,
}

impl Queue {
    /// A wake-up is sent while the job is in this state.
    pub fn send(&mut self, job: &Job, seq: u8, dispatches: u8) {
        if seq == job.seq {
            if self.was_sent(dispatches) {
                return;
            }
            self.sent |= bit(dispatches);
        }
        self.seqs |= bit(seq);
        self.fold(job);
    }

    /// Stale wake-ups are all alike, and never expected again: one stands for all.
    fn fold(&mut self, job: &Job) {
        let stale = self.seqs & (bit(job.seq) - 1);
        if stale != 0 {
            self.seqs = (self.seqs & !stale) | bit(job.seq - 1);
        }
    }

    /// Whether this send of the wake-up that the job expects would be swallowed.
    pub fn was_sent(&self, dispatches: u8) -> bool {
        self.sent & bit(dispatches) != 0
    }

    /// The job has changed.
    pub fn forget(&mut self, before: &Job, after: &Job) {
        let kept = if before.seq == after.seq { !(bit(after.dispatches) - 1) } else { 0 };
        self.sent &= kept;
        self.fold(after);
    }

    /// A wake-up is deleted, or lost.
    pub fn delete(&mut self, seq: u8) {
        self.seqs &= !bit(seq);
    }

    /// The wake-ups in it.
    pub fn seqs(&self) -> impl Iterator<Item = u8> + use<> {
        let seqs = self.seqs;
        (0..16).filter(move |seq| seqs & bit(*seq) != 0)
    }
}

/// The job as the `due` index shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DueJob {
    pub seq: u8,
    pub due_at: Time,
    pub dispatches: u8,
}

/// What a tick writes at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Commit {
    pub claimed: Job,
    pub next: Job,
    /// Whether the next wake-up is sent right after it.
    pub sends: bool,
}

/// One worker, in the handling of one message. What comes between two of these (a message in hand,
/// a wake-up or a dead letter about to be sent, a message about to be deleted) is not told from
/// what is before or after it by anybody else, and a crash there from one before or after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Worker {
    Idle,
    /// It has sent a claim, and knows no answer yet: the SDK sends it again.
    Claiming(Claim),
    /// It runs the steps of the job as claimed.
    Working(Job),
    /// It has sent its commit, and knows no answer yet: the SDK sends it again.
    Committing(Commit),
}

/// A write that was sent and is still on its way, while its sender has tried again or given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Late {
    Claim(Claim),
    Renew(u8, Time),
    Commit(Commit),
}

/// What a spectator has noted who sees every write: nobody in the model looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Ghost {
    /// Wake-up numbers that were committed, one bit each.
    pub committed: u16,
    /// Epoch of the last commit.
    pub last_epoch: u8,
    /// Wake-up numbers at which the job has failed, one bit each.
    pub failures: u16,
    /// Wake-up numbers of its dead letters (their deduplication ids), one bit each.
    pub letters: u16,
    /// A write of an old epoch has succeeded.
    pub old_epoch_wrote: bool,
    /// A wake-up number was committed twice, or by an epoch older than the last one.
    pub committed_twice: bool,
    /// A claim with a stale wake-up number has succeeded.
    pub stale_claimed: bool,
    /// A worker was told that its commit is stored, and another one is.
    pub told_wrongly: bool,
}

/// The whole world at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    pub now: Time,
    pub job: Job,
    pub queue: Queue,
    /// Kept in order: which of them is called the first makes no difference.
    pub workers: Vec<Worker>,
    /// What the dispatcher has read and sent a wake-up for; its due time is still to be moved.
    pub dispatcher: Option<DueJob>,
    pub late: Option<Late>,
    pub ghost: Ghost,
}

impl State {
    /// A world in which nobody is at work.
    pub fn with(job: Job, now: Time, workers: usize) -> Self {
        Self {
            now,
            job,
            queue: Queue::default(),
            workers: vec![Worker::Idle; workers],
            dispatcher: None,
            late: None,
            ghost: Ghost::default(),
        }
    }

    /// Whether nothing is under way but what is stored: what a crash of everybody leaves behind.
    /// As everybody may crash at any moment, each reachable table and queue is reached so.
    pub fn is_quiet(&self) -> bool {
        let idle = self.workers.iter().all(|worker| *worker == Worker::Idle);
        idle && self.dispatcher.is_none() && self.late.is_none()
    }

    /// Whether a write of a living worker has no answer yet.
    pub fn awaits_an_answer(&self) -> bool {
        let waits = |worker: &Worker| matches!(worker, Worker::Claiming(_) | Worker::Committing(_));
        self.workers.iter().any(waits)
    }

    /// A token that is nowhere in use. In the code it is random; here it is the smallest free one,
    /// so that worlds that differ in names only are one.
    pub fn fresh_token(&self) -> u8 {
        let of_late = match self.late {
            Some(Late::Claim(claim)) => Some(claim.token),
            Some(Late::Commit(commit)) => commit.claimed.token,
            Some(Late::Renew(..)) | None => None,
        };
        let of_worker = |worker: &Worker| match worker {
            Worker::Claiming(claim) => Some(claim.token),
            Worker::Working(job) => job.token,
            Worker::Committing(commit) => commit.claimed.token,
            Worker::Idle => None,
        };
        let is_free = |token: &u8| {
            let token = Some(*token);
            ![self.job.token, of_late].contains(&token)
                && self.workers.iter().all(|worker| of_worker(worker) != token)
        };
        (0..).find(is_free).expect("there are more tokens than places")
    }

    /// Puts the workers in order, and calls each by its new place, where each is a process.
    pub fn put_in_order(&mut self) {
        for n in (1..self.workers.len()).flat_map(|n| (1..=n).rev()) {
            if self.workers[n] < self.workers[n - 1] {
                self.workers.swap(n, n - 1);
                self.swap_names(n);
            }
        }
    }

    fn swap_names(&mut self, n: usize) {
        let (here, before) = (name(n), name(n - 1));
        let swap = |lease: &mut Lease| {
            if lease.owner == here {
                lease.owner = before;
            } else if lease.owner == before {
                lease.owner = here;
            }
        };
        self.job.lease.iter_mut().for_each(swap);
        if let Some(Late::Claim(claim)) = &mut self.late {
            swap(&mut claim.lease);
        }
        for worker in &mut self.workers {
            if let Worker::Claiming(claim) = worker {
                swap(&mut claim.lease);
            }
        }
    }
}

/// The name of a worker, as a lease has it.
pub fn name(worker: usize) -> u8 {
    u8::try_from(worker).expect("few workers")
}
