//! The accident: one worker is killed while it holds the lease of a job whose restore AWS has just
//! accepted, before it could write that down.

use super::cloud::{About, Call};
use super::fleet::Worker;
use super::jobs::Job;
use super::screen::{Screen, span};
use anyhow::{Context, Result, ensure};
use aurora_restore_producer::view::{DetailsView, EventView};
use aurora_restore_shared::environment::Environment;
use aurora_restore_shared::ids::Seq;
use aurora_restore_shared::job::{JobState, Lease, Status};
use serde::Serialize;
use serde_json::json;
use std::time::Duration;

/// The call in the middle of which the worker dies.
const OPERATION: &str = "RestoreDBClusterFromSnapshot";

/// How long the first such call is on its way: half of it to AWS and half of it back.
const HELD_MS: i64 = 5_000;

/// A tick whose call was handled so long ago, and that has not ended, is the one that is held.
const SURELY_HELD_MS: i64 = 500;

const PATIENCE_MS: i64 = 40_000;
const TURN: Duration = Duration::from_millis(50);

/// What happened.
#[derive(Debug, Clone, Serialize)]
pub struct Killing {
    /// The worker that was killed.
    pub worker: String,
    /// Its process.
    pub pid: u32,
    /// The job it was working on.
    pub job: String,
    /// The cluster of that job.
    pub cluster: String,
    /// The fencing token of the tick that was cut off.
    pub epoch: u64,
    /// Whether the table still named it as the holder of the lease after it was dead.
    pub held_the_lease: bool,
    /// How much of the lease was left then, milliseconds.
    pub lease_left_ms: i64,
    /// When, milliseconds since the Unix epoch.
    pub at_ms: i64,
}

/// Slows the first restore call down, so that there is a tick to interrupt.
///
/// # Errors
/// The local cloud refuses.
pub(super) async fn prepare(about: &About) -> Result<()> {
    let fault = json!({ "kind": "latency", "ms": HELD_MS });
    let rule = json!({ "fault": fault, "rate": 1.0, "operation": OPERATION, "limit": 1 });
    about.add_fault(&rule).await
}

/// Waits for the moment and kills the worker. The others stay.
///
/// # Errors
/// The moment does not come.
pub(super) async fn kill_one(
    env: &Environment,
    about: &About,
    jobs: &[Job],
    workers: &mut [Worker],
    screen: &Screen,
) -> Result<Killing> {
    let (job, held) = until_held(env, about, jobs).await?;
    let lease = held.lease.context("nobody holds the lease")?;
    let owner = lease.owner.as_str();
    let victim = workers.iter_mut().find(|w| w.process.name() == owner);
    let victim = victim.with_context(|| format!("{owner} is none of the demo's workers"))?;
    victim.process.kill()?;
    let at_ms = env.clock.now_ms();
    let after = state(env, job).await?;
    let still =
        after.lease.filter(|lease| after.epoch == held.epoch && lease.owner.as_str() == owner);
    let left = |lease: &Lease| lease.until_ms - at_ms;
    let killing = Killing {
        worker: owner.to_owned(),
        pid: victim.process.pid(),
        job: job.id.to_string(),
        cluster: job.cluster().to_owned(),
        epoch: held.epoch.0,
        held_the_lease: still.as_ref().is_some_and(|lease| left(lease) > 0),
        lease_left_ms: still.as_ref().map_or(0, left),
        at_ms,
    };
    screen.say(&format!(
        "{owner} (process {}) is killed by SIGKILL: AWS has accepted the restore of {}, and the \
         worker could not write it down",
        killing.pid, killing.cluster
    ));
    until_taken_over(env, job, &killing, screen).await?;
    Ok(killing)
}

async fn until_taken_over(
    env: &Environment,
    job: &Job,
    killing: &Killing,
    screen: &Screen,
) -> Result<()> {
    loop {
        let state = state(env, job).await?;
        let later_ms = env.clock.now_ms() - killing.at_ms;
        if state.epoch.0 > killing.epoch {
            let after = span(later_ms);
            screen.say(&format!("{} is taken over, {after} after that", killing.cluster));
            return Ok(());
        }
        ensure!(later_ms < PATIENCE_MS, "nobody takes {} over", killing.cluster);
        env.clock.sleep(TURN).await;
    }
}

async fn state(env: &Environment, job: &Job) -> Result<JobState> {
    env.store().state(job.id).await?.context("the job is not in the table")
}

/// The job whose tick is held in the middle of its restore call.
async fn until_held<'a>(
    env: &Environment,
    about: &About,
    jobs: &'a [Job],
) -> Result<(&'a Job, JobState)> {
    let until = env.clock.now_ms() + PATIENCE_MS;
    loop {
        let now = env.clock.now_ms();
        let is_held = |call: &Call| {
            call.operation == OPERATION && call.outcome == "ok" && now - call.at_ms > SURELY_HELD_MS
        };
        let calls = about.calls().await?;
        for call in calls.iter().filter(|call| is_held(call)) {
            let Some(job) = jobs.iter().find(|job| job.cluster() == call.resource) else {
                continue;
            };
            let state = state(env, job).await?;
            // Later ticks have later wake-ups: this one's tick has not committed anything yet.
            let is_first = state.seq == Seq(1) && state.status == Status::Running;
            if is_first && state.lease.is_some() {
                return Ok((job, state));
            }
        }
        ensure!(now < until, "no worker was in the middle of {OPERATION}");
        env.clock.sleep(TURN).await;
    }
}

/// Who went on with the job of the dead worker, and when.
#[derive(Debug, Clone, Serialize)]
pub struct Takeover {
    /// The worker.
    pub worker: String,
    /// The fencing token of its first tick.
    pub epoch: u64,
    /// How long after the death it had the job, milliseconds.
    pub after_ms: i64,
    /// What it wrote into the audit trail.
    pub note: String,
}

impl Takeover {
    /// By the audit trail of the job.
    pub(super) fn of(killing: &Killing, details: &DetailsView) -> Option<Self> {
        let by_another = |e: &&EventView| e.epoch > killing.epoch && e.worker != killing.worker;
        let event = details.events.iter().find(by_another)?;
        let entry = event.entries.iter().find(|entry| entry.what == "claimed")?;
        let at: jiff::Timestamp = entry.at.parse().ok()?;
        Some(Self {
            worker: event.worker.clone(),
            epoch: event.epoch,
            after_ms: at.as_millisecond() - killing.at_ms,
            note: entry.note.clone(),
        })
    }
}
