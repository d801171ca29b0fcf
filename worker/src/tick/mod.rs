//! One visit of a worker to a job: claim, run every ready step, commit once, delete the message.

mod account;
mod endings;
mod held;
mod run;

use crate::fleet::{Worker, safety_interval};
use crate::{aftercare, sets, target_slot};
use account::Account;
use aurora_restore_shared::chain;
use aurora_restore_shared::clock::as_ms;
use aurora_restore_shared::ids::{JobId, Seq};
use aurora_restore_shared::job::{ClaimRefused, Ending, FailedAt, JobState, Lease};
use aurora_restore_shared::message::{DeadLetter, WakeUp};
use aurora_restore_shared::queue::Received;
use aurora_restore_shared::store::{ClaimOutcome, CommitOutcome, StoreError, StoreResult};
use held::Held;
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokio::time::Instant;

/// How a tick ended, for metrics and tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TickEnd {
    /// Committed: the job waits.
    Waits,
    /// Committed: the job is parked until a person has mended something.
    Parked,
    /// Committed: the job has ended well.
    Succeeded,
    /// Committed: the job has ended badly, and its dead letter is sent.
    Failed,
    /// Committed: handed back, because this worker stops.
    HandedBack,
    /// Another worker has taken over: everything was dropped.
    Fenced,
    /// This worker was held up for longer than its lease: everything was dropped, and the message
    /// comes again.
    Lapsed,
    /// The wake-up was stale, or the job is ticked elsewhere, or it has ended.
    NotMine(ClaimRefused),
    /// The message was a dead letter that was put back: its job goes on.
    Replayed,
    /// The message was a dead letter that was put back before its job was known to have one: that is
    /// known now, and the letter comes again.
    LetterPending,
    /// The message went to the dead-letter queue: unreadable, or of no known job.
    DeadLettered,
    /// The job's record is of a newer release: the message is left to a worker of that release.
    Newer,
}

impl TickEnd {
    /// The name, as a label of metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waits => "waits",
            Self::Parked => "parked",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::HandedBack => "handed_back",
            Self::Fenced => "fenced",
            Self::Lapsed => "lapsed",
            Self::NotMine(ClaimRefused::Stale) => "stale",
            Self::NotMine(ClaimRefused::Leased) => "leased",
            Self::NotMine(ClaimRefused::Ended) => "ended",
            Self::Replayed => "replayed",
            Self::DeadLettered => "dead_lettered",
            Self::LetterPending => "letter_pending",
            Self::Newer => "newer",
        }
    }
}

/// How long a message about a newer release's job is left alone: while old and new workers run side
/// by side, a new one takes it sooner or later.
const NEWER_SECONDS: i32 = 60;

/// How long a letter is left alone whose job was not known to have one.
const LETTER_SECONDS: i32 = 5;

/// How long until a failed job is looked at again, in case its dead letter could not be sent.
const LETTER_RETRY: Duration = Duration::from_secs(60);

/// Handles one message. An error means that the store or a queue could not be reached: the message
/// stays, and becomes visible again.
///
/// # Errors
/// When the table or a queue is missing, or AWS does not answer.
pub async fn handle(worker: &Worker, message: &Received) -> anyhow::Result<TickEnd> {
    let end = match WakeUp::parse(&message.body) {
        Ok(wake) => tick(worker, wake.job, wake.seq, Some(message)).await?,
        Err(why) => match redriven(&message.body) {
            Some((job, seq)) => replay(worker, job, seq).await?,
            None => bury(worker, message, &why).await?,
        },
    };
    if end == TickEnd::Lapsed {
        tracing::warn!("held up for longer than a lease: dropped everything");
        return Ok(end);
    }
    let comes_again = match end {
        TickEnd::Newer => Some(NEWER_SECONDS),
        TickEnd::LetterPending => Some(LETTER_SECONDS),
        _ => None,
    };
    if let Some(seconds) = comes_again {
        if let Err(e) = worker.queues(&message.region).change_visibility(message, seconds).await {
            // Its time is over, or the queue out of reach: it comes again by itself.
            tracing::debug!(error = %e, "could not leave a message for later");
        }
        return Ok(end);
    }
    // A commit that gave the job another wake-up number has made this message stale: whether it is
    // deleted now or delivered again changes nothing.
    worker.queues(&message.region).delete(message).await?;
    Ok(end)
}

/// The job that a dead letter points to, which SQS's own redrive has put into a queue of ours, and the
/// wake-up number at which it failed.
fn redriven(body: &str) -> Option<(JobId, Option<Seq>)> {
    let letter = serde_json::from_str::<DeadLetter>(body).ok()?;
    Some((letter.job?, letter.seq))
}

/// A pointer that comes back is a replay: the failed job goes on at its failed step. One of an earlier
/// failure, or of a job that has not failed (any more), is stale.
async fn replay(worker: &Worker, job: JobId, seq: Option<Seq>) -> anyhow::Result<TickEnd> {
    let stale = Ok(TickEnd::NotMine(ClaimRefused::Stale));
    let Some(failed) = worker.store.state(job).await? else { return stale };
    if failed.failed_at.is_some() && failed.is_live() {
        if seq.is_some_and(|seq| seq != failed.seq) {
            return stale;
        }
        return note_letter(worker, &failed).await;
    }
    // The note that the letter was sent has raised the number by one.
    if seq.is_some_and(|seq| seq.next() != failed.seq) {
        return stale;
    }
    let first = as_ms(safety_interval(0));
    let now = worker.now_ms();
    let Some(next) = failed.retry(now, first) else { return stale };
    let (who, why) = (worker.id.as_str(), "its dead letter was put back");
    let (event, next) = chain::retried(&failed, next, who, why, now);
    worker.store.put_event(&event).await?;
    if worker.store.replace_ended(&failed, &next).await? {
        worker.queues(&next.region).send_for(&next).await?;
    }
    Ok(TickEnd::Replayed)
}

/// The letter of this failure is in hand before its job is known to have one. Were it deleted now, the
/// letter that is still to be sent could be folded into it, and be lost: it is noted as sent.
async fn note_letter(worker: &Worker, failed: &JobState) -> anyhow::Result<TickEnd> {
    if let ClaimOutcome::Claimed(claimed) = claim(worker, failed.id, failed.seq).await? {
        worker.store.commit(&claimed, &claimed.letter_sent()).await?;
    }
    Ok(TickEnd::LetterPending)
}

/// Puts a message that cannot be handled into the dead-letter queue, with the reason.
async fn bury(worker: &Worker, message: &Received, why: &str) -> anyhow::Result<TickEnd> {
    tracing::error!(why, "a message goes to the dead-letter queue");
    let letter = DeadLetter::of_message(&message.body, why);
    let digest = Sha256::digest(message.body.as_bytes());
    let deduplication: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let queues = worker.queues(&message.region);
    queues.send_dead_letter(&letter, "unreadable", &deduplication).await?;
    Ok(TickEnd::DeadLettered)
}

/// Ticks a job at a wake-up number. `message` is what goes to the dead letters if there is no such
/// job.
///
/// # Errors
/// When the table or a queue is missing, or AWS does not answer.
pub async fn tick(
    worker: &Worker,
    job: JobId,
    seq: Seq,
    message: Option<&Received>,
) -> anyhow::Result<TickEnd> {
    let since = Instant::now();
    match claim(worker, job, seq).await? {
        ClaimOutcome::Claimed(claimed) => run_claimed(worker, &claimed, since).await,
        ClaimOutcome::Refused(why) => Ok(TickEnd::NotMine(why)),
        ClaimOutcome::Newer => Ok(TickEnd::Newer),
        ClaimOutcome::Unknown => match message {
            Some(message) => bury(worker, message, "there is no such job in the table").await,
            None => Ok(TickEnd::DeadLettered),
        },
    }
}

/// Claims a job for this worker, for one lease from now.
async fn claim(worker: &Worker, job: JobId, seq: Seq) -> StoreResult<ClaimOutcome> {
    let now = worker.now_ms();
    let until_ms = now + as_ms(worker.settings.lease);
    let lease = Lease { owner: worker.id.clone(), until_ms };
    let token = worker.env.entropy.token();
    worker.store.claim(job, seq, &lease, &token, now).await
}

async fn run_claimed(
    worker: &Worker,
    claimed: &JobState,
    since: Instant,
) -> anyhow::Result<TickEnd> {
    if claimed.failed_at.is_some() {
        // It has failed before; only its dead letter is still to be sent.
        return send_letter(worker, claimed).await;
    }
    let mut account = Account::new(worker, claimed);
    let held = Held::since(since, worker.settings.lease);
    let worked = {
        let work = run::run(worker, claimed, &mut account);
        tokio::select! {
            biased;
            () = held.is_over() => return Ok(TickEnd::Lapsed),
            worked = work => worked,
            () = worker.drain.cancelled() => Ok(hand_back(worker)),
            () = keep_lease(worker, claimed, &held) => return Ok(TickEnd::Fenced),
        }
    };
    match worked {
        Ok(ending) => finish(worker, claimed, account, ending).await,
        Err(StoreError::Unreadable(e)) => {
            let failure = StoreError::from(e).into_failure();
            let ending = failing(worker, FailedAt { step: None, failure });
            finish(worker, claimed, account, ending).await
        }
        Err(e) => {
            // The table was out of reach: that is no fault of the job, so the claim does not count,
            // if the table takes that much. Otherwise the lease runs out.
            finish(worker, claimed, account, hand_back(worker)).await?;
            Err(e.into())
        }
    }
}

fn hand_back(worker: &Worker) -> Ending {
    Ending::HandBack { due_at_ms: worker.after(safety_interval(0)) }
}

/// A long tick's lease grows with it, up to this many of the first one: a renewal costs three write
/// units, and a tick that has lasted for minutes may be missed for minutes if it dies.
const LONGEST_LEASE: u32 = 5;

/// Renews the lease for as long as it is polled. Returns when the job was taken over. The message is
/// left to come again: it is refused by the lease then, and deleted.
async fn keep_lease(worker: &Worker, claimed: &JobState, held: &Held) {
    let first = worker.settings.lease;
    let mut lease = first;
    loop {
        worker.clock().sleep(lease / 3).await;
        lease = (lease * 2).min(first * LONGEST_LEASE);
        let (until, asked) = (worker.after(lease), Instant::now());
        match worker.store.renew(claimed.id, claimed.epoch, until).await {
            Ok(true) => held.renew(asked, lease),
            Ok(false) => return,
            Err(e) => tracing::warn!(job = %claimed.id, error = %e, "could not renew the lease"),
        }
    }
}

/// A lease in whole seconds, as SQS counts them.
#[must_use]
pub fn visibility_seconds(lease: Duration) -> i32 {
    i32::try_from(lease.as_millis().div_ceil(1000)).unwrap_or(43_200)
}

async fn finish(
    worker: &Worker,
    claimed: &JobState,
    account: Account,
    ending: Ending,
) -> anyhow::Result<TickEnd> {
    let now = worker.now_ms();
    let has_held_target = account.has_held_target;
    let (event, next) = account.close(ending.clone(), now);
    if matches!(ending, Ending::Fail { .. }) {
        aftercare::submit_giving_up(worker, &next).await?;
    }
    worker.store.put_event(&event).await?;
    if worker.store.commit(claimed, &next).await? == CommitOutcome::Fenced {
        tracing::warn!(job = %claimed.id, epoch = %claimed.epoch, "fenced: dropped everything");
        return Ok(TickEnd::Fenced);
    }
    tell_parking(worker, claimed, &next);
    if matches!(ending, Ending::Again { .. } | Ending::HandBack { .. }) {
        worker.queues(&next.region).send_for(&next).await?;
    }
    if has_held_target && !next.holds_target {
        release_target(worker, &next).await;
    }
    match ending {
        Ending::WaitFor { .. } | Ending::WaitUntil { .. } | Ending::Again { .. } => {
            Ok(TickEnd::Waits)
        }
        Ending::Park { .. } => Ok(TickEnd::Parked),
        Ending::HandBack { .. } => Ok(TickEnd::HandedBack),
        Ending::Succeed => Ok(TickEnd::Succeeded),
        Ending::Fail { .. } => send_letter(worker, &next).await,
    }
}

/// Counts and tells when a job comes to need a person, and when it does not any more.
fn tell_parking(worker: &Worker, before: &JobState, next: &JobState) {
    let job = next.id;
    match (&before.parked, &next.parked) {
        (None, Some(FailedAt { failure, .. })) => {
            worker.metrics.parked.inc();
            let (code, text) = (failure.code, failure.text.as_str());
            tracing::warn!(%job, %code, text, "parked: a person must do something, see docs/runbook");
        }
        (Some(_), None) => {
            worker.metrics.unparked.inc();
            tracing::info!(%job, status = next.status.as_str(), "parked no longer");
        }
        _ => {}
    }
}

/// Gives the target's slot back. If that fails, whoever wants the slot next sweeps it.
async fn release_target(worker: &Worker, ended: &JobState) {
    let released = async {
        let (spec, _) = worker.store.load_spec_and_plan(ended.id, None).await?;
        match spec {
            Some(spec) => {
                let slot = target_slot::name(&spec.request);
                worker.release_target(&slot, ended.id, ended.epoch).await
            }
            None => Ok(()),
        }
    };
    if let Err(e) = released.await {
        tracing::warn!(job = %ended.id, error = %e, "could not give the target's slot back");
    }
}

/// Sends the dead-letter message of a failed job, then notes that it was sent. A crash in between
/// sends it again under the same deduplication id.
async fn send_letter(worker: &Worker, failed: &JobState) -> anyhow::Result<TickEnd> {
    let Some(FailedAt { step, failure }) = &failed.failed_at else { return Ok(TickEnd::Failed) };
    sets::tell_failure(worker, failed).await?;
    let step = step.map(aurora_restore_shared::plan::StepName::as_str);
    let letter = DeadLetter::of_job(failed.id, failed.seq, step, failure);
    let (group, deduplication) = (failed.id.to_string(), format!("{}:{}", failed.id, failed.seq));
    let queues = worker.queues(&failed.region);
    queues.send_dead_letter(&letter, &group, &deduplication).await?;
    match worker.store.commit(failed, &failed.letter_sent()).await? {
        CommitOutcome::Stored => Ok(TickEnd::Failed),
        CommitOutcome::Fenced => Ok(TickEnd::Fenced),
    }
}

/// The ending of a job that failed now.
fn failing(worker: &Worker, failed_at: FailedAt) -> Ending {
    Ending::Fail { failed_at, due_at_ms: worker.after(LETTER_RETRY) }
}

#[cfg(test)]
mod tests;
