//! Restore sets as their members see them: a member votes, and asks what is decided. The votes are
//! counted in `aurora_restore_shared::set`.

use crate::fleet::Worker;
use crate::step::StepContext;
use aurora_restore_shared::clock::EpochMs;
use aurora_restore_shared::failure::{Failure, FailureCode};
use aurora_restore_shared::job::{FailedAt, JobState};
use aurora_restore_shared::set::{Decision, Membership, Tally, Voted, change};
use aurora_restore_shared::store::{StoreError, StoreResult};

/// A member that waits for the others looks again after half the time that it has waited, within
/// these bounds. It is woken when something is decided, unless it looks at that very moment.
const SOONEST_MS: EpochMs = 30_000;
/// The longest pause while members restore.
const LATEST_MS: EpochMs = 15 * 60_000;
/// The longest pause while they swap: until then some targets are new and some are old.
const LATEST_SWAPPING_MS: EpochMs = 2 * 60_000;

/// What the members of a set have agreed on, for one of them.
#[derive(Debug, PartialEq)]
pub enum Agreed {
    /// It goes on.
    Yes,
    /// Nothing is decided: it looks again at this moment.
    NotYet(EpochMs),
    /// Nothing is swapped: with this it fails, once it has taken back what it has swapped.
    No(Failure),
}

/// This member is verified. Whoever has nothing to swap is swapped by that, and goes on when all are.
///
/// # Errors
/// When the table does not answer; `record_unreadable` when it has no such set.
pub async fn verified(cx: &StepContext<'_>, has_swap: bool) -> Result<Agreed, Failure> {
    let voted = if has_swap { Voted::Verified } else { Voted::Swapped };
    ask(cx, Some(voted), |decision| match decision {
        Decision::Swap { .. } => has_swap,
        decision => matches!(decision, Decision::Done { .. }),
    })
    .await
}

/// Whether this member may swap. Who is in no set may.
///
/// # Errors
/// As [`verified`].
pub async fn may_swap(cx: &StepContext<'_>) -> Result<Agreed, Failure> {
    ask(cx, None, |decision| matches!(decision, Decision::Swap { .. } | Decision::Done { .. }))
        .await
}

/// This member has swapped: it is done when all have.
///
/// # Errors
/// As [`verified`].
pub async fn swapped(cx: &StepContext<'_>) -> Result<Agreed, Failure> {
    ask(cx, Some(Voted::Swapped), |decision| matches!(decision, Decision::Done { .. })).await
}

async fn ask(
    cx: &StepContext<'_>,
    voted: Option<Voted>,
    is_yes: impl Fn(&Decision) -> bool,
) -> Result<Agreed, Failure> {
    let Some(member) = &cx.spec.set else { return Ok(Agreed::Yes) };
    let (job, now_ms) = (cx.spec.id, cx.worker.now_ms());
    let change =
        change(&cx.worker.env, &cx.worker.store, member.set, Some(job), |tally| match voted {
            Some(voted) => tally.vote(job, voted, now_ms),
            None => tally.at(now_ms),
        });
    let tally = change.await.map_err(StoreError::into_failure)?.ok_or_else(|| lost(member))?;
    if is_yes(&tally.decision) {
        return Ok(Agreed::Yes);
    }
    Ok(match tally.decision.why_not() {
        Some(why) => Agreed::No(not_swapped(member, why)),
        None => Agreed::NotYet(next_look(&tally, cx, now_ms)),
    })
}

fn next_look(tally: &Tally, cx: &StepContext<'_>, now_ms: EpochMs) -> EpochMs {
    let latest = if tally.decision == Decision::Open { LATEST_MS } else { LATEST_SWAPPING_MS };
    let since = tally.votes.get(&cx.spec.id).map_or(now_ms, |vote| vote.at_ms);
    let at_ms = now_ms + ((now_ms - since) / 2).clamp(SOONEST_MS, latest);
    tally.decided_by_ms().map_or(at_ms, |by_ms| at_ms.min(by_ms.max(now_ms)))
}

fn not_swapped(member: &Membership, why: &str) -> Failure {
    let text = format!("restore set {} is not swapped: {why}", member.set);
    Failure::permanent(FailureCode::SetAbandoned, text)
}

fn lost(member: &Membership) -> Failure {
    let text = format!("the votes of restore set {} are not in the table", member.set);
    Failure::permanent(FailureCode::RecordUnreadable, text)
}

/// Tells the set of a failed job that it has failed. Called until its dead letter is known to be
/// sent: nobody sets the job going before that.
///
/// # Errors
/// When the table is missing, AWS refuses, or a record cannot be read.
pub async fn tell_failure(worker: &Worker, failed: &JobState) -> StoreResult<()> {
    let Some(FailedAt { failure, .. }) = &failed.failed_at else { return Ok(()) };
    let (spec, _) = match worker.store.load_spec_and_plan(failed.id, None).await {
        // What cannot be read is told by the failure itself.
        Err(StoreError::Unreadable(_)) => return Ok(()),
        read => read?,
    };
    let Some(member) = spec.and_then(|spec| spec.set) else { return Ok(()) };
    let (job, now_ms, why) = (failed.id, worker.now_ms(), failure.to_string());
    change(&worker.env, &worker.store, member.set, Some(job), |tally| {
        tally.fail(job, &why, now_ms)
    })
    .await?;
    Ok(())
}
