//! The conditional writes of a tick, as the table takes them: with the rule that a failed condition
//! means "maybe mine", with what a spectator notes of each, and with the bugs that can be planted.

use crate::job::{Claim, ClaimRefused, Job};
use crate::state::{Commit, Late, State, Time, bit};

/// A bug that is put into the model, to see that it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    /// A claim does not compare the wake-up number.
    ClaimIgnoresSeq,
    /// A claim leaves the job without a due time.
    ClaimForgetsDue,
    /// A claim that was refused is taken for ours when the owner is ours, whatever the token.
    ClaimTrustsOwner,
    /// A commit does not compare the epoch.
    CommitIgnoresEpoch,
    /// A commit does not compare the wake-up number.
    CommitIgnoresSeq,
    /// That the dead letter was sent is written, and it was not.
    LetterForgotten,
    /// A due time is moved although it is another one by now.
    MoveIgnoresDue,
    /// A due time is moved without counting the wake-up that was sent.
    MoveForgetsToCount,
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitOutcome {
    Stored,
    Fenced,
}

impl State {
    /// Every change of the record goes through here.
    pub fn write(&mut self, next: Job) {
        self.queue.forget(&self.job, &next);
        self.job = next;
    }

    /// A claim arrives at the table.
    pub fn claim(&mut self, claim: Claim, bug: Option<Planted>) -> Result<Job, ClaimRefused> {
        let seq = if bug == Some(Planted::ClaimIgnoresSeq) { self.job.seq } else { claim.seq };
        match self.job.claim(Claim { seq, ..claim }) {
            Ok(mut claimed) => {
                if bug == Some(Planted::ClaimForgetsDue) {
                    claimed.due_at = None;
                }
                self.ghost.stale_claimed |= claim.seq != self.job.seq;
                self.write(claimed);
                Ok(claimed)
            }
            Err(_) if self.is_ours(claim, bug) => Ok(self.job),
            Err(why) => Err(why),
        }
    }

    /// Whether a claim that is refused was applied before, and its answer got lost.
    pub fn is_ours(&self, claim: Claim, bug: Option<Planted>) -> bool {
        let trusted = self.job.token.filter(|_| bug == Some(Planted::ClaimTrustsOwner));
        let token = trusted.unwrap_or(claim.token);
        self.job.seq == claim.seq && self.job.is_claimed_by(claim.lease.owner, token)
    }

    /// A renewal arrives at the table. `false`: the job was taken over.
    pub fn renew(&mut self, epoch: u8, until: Time) -> bool {
        let Some(renewed) = self.job.renew(epoch, until) else { return false };
        self.ghost.old_epoch_wrote |= epoch != self.job.epoch;
        self.write(renewed);
        true
    }

    /// The end of a tick arrives at the table.
    pub fn commit(&mut self, commit: Commit, bug: Option<Planted>) -> CommitOutcome {
        let Commit { claimed, next, .. } = commit;
        let is_let_through = match bug {
            Some(Planted::CommitIgnoresEpoch) => self.job.seq == claimed.seq,
            Some(Planted::CommitIgnoresSeq) => self.job.epoch == claimed.epoch,
            _ => self.job.may_commit(&claimed),
        };
        if is_let_through {
            self.note_commit(commit);
            self.write(next);
            CommitOutcome::Stored
        } else if self.job.is_committed_by(&claimed) {
            self.ghost.told_wrongly |= self.job.status != next.status;
            CommitOutcome::Stored
        } else {
            CommitOutcome::Fenced
        }
    }

    fn note_commit(&mut self, Commit { claimed, next, .. }: Commit) {
        let number = bit(claimed.seq);
        let ghost = &mut self.ghost;
        ghost.old_epoch_wrote |= claimed.epoch != self.job.epoch;
        ghost.committed_twice |= ghost.committed & number != 0 || claimed.epoch < ghost.last_epoch;
        ghost.committed |= number;
        ghost.last_epoch = claimed.epoch;
        if next.letter_pending {
            ghost.failures |= bit(next.seq);
        }
    }

    /// What was late arrives at the table; nobody hears the answer.
    pub fn late_arrives(&mut self, late: Late, bug: Option<Planted>) {
        match late {
            Late::Claim(claim) => drop(self.claim(claim, bug)),
            Late::Renew(epoch, until) => drop(self.renew(epoch, until)),
            Late::Commit(commit) => drop(self.commit(commit, bug)),
        }
    }
}
