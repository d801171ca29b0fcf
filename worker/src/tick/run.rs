//! The work of a tick: run every ready step until nothing is ready, independent ones side by side.

use super::account::Account;
use super::endings::{SLOW_POLL, Verdict, Waits, ending, judge};
use super::failing;
use crate::fleet::Worker;
use crate::step::{Outcome, StepContext, StepResult, Waiting};
use crate::{aftercare, steps, target_slot};
use aurora_restore_shared::aftercare::{Aftercare, Leaving, RENAMED_AT};
use aurora_restore_shared::chain;
use aurora_restore_shared::clock::as_ms;
use aurora_restore_shared::failure::{Failure, FailureCode};
use aurora_restore_shared::job::{Ending, FailedAt, JobState, StepStatus};
use aurora_restore_shared::plan::{FIRST_STEP, Plan, StepName};
use aurora_restore_shared::request::{Schedule, Start};
use aurora_restore_shared::store::{Claimant, Spec, StoreResult};
use futures::future::join_all;
use std::collections::BTreeSet;
use std::time::Duration;

/// How long a job that waits for its target's slot waits before it asks again; it is woken sooner
/// when the slot is granted.
const SLOT_POLL_MS: i64 = 5 * 60 * 1000;

/// How often a job looks at a resource that no observer sees: as seldom as an observer at most.
const UNOBSERVED_POLL: Duration = Duration::from_secs(5 * 60);

/// What the tick reads once.
struct Loaded {
    spec: Spec,
    plan: Option<Plan>,
}

/// Runs a tick up to its ending.
///
/// # Errors
/// When the table is missing or AWS does not answer.
pub(super) async fn run(
    worker: &Worker,
    claimed: &JobState,
    account: &mut Account,
) -> StoreResult<Ending> {
    if claimed.claims > worker.settings.max_claims {
        return Ok(failing(worker, poisoned(claimed)));
    }
    let (spec, plan) = worker.store.load_spec_and_plan(claimed.id, claimed.plan_epoch).await?;
    let Some(spec) = spec else { return Ok(failing(worker, lost_record("request"))) };
    if claimed.plan_epoch.is_some() && plan.is_none() {
        return Ok(failing(worker, lost_record("plan")));
    }
    if let Some(ending) = before_its_time(worker, &spec, account) {
        return Ok(ending);
    }
    // What follows another job has its plan from the start.
    let plan = plan.or_else(|| spec.aftercare.as_ref().map(Aftercare::plan));
    let mut loaded = Loaded { spec, plan };
    let mut waits = Waits::default();
    let mut visited = BTreeSet::new();
    loop {
        if let Some(waiting) = hold_target(worker, &loaded, account).await? {
            return Ok(waiting);
        }
        let ready = ready_steps(loaded.plan.as_ref(), &account.job, &visited);
        if ready.is_empty() {
            break;
        }
        visited.extend(ready.iter().copied());
        let results = visit(worker, claimed, account, &loaded, &ready).await;
        forget_sessions(worker, &loaded.spec, &results).await;
        for (step, result) in ready.into_iter().zip(results) {
            if let Some(plan) = made_plan(&result) {
                // Before its step counts as done: without a plan it would be run once more.
                worker.store.put_plan(claimed.id, claimed.epoch, plan).await?;
                account.job.plan_epoch = Some(claimed.epoch);
                loaded.plan = Some(plan.clone());
            }
            take(worker, account, step, result, &mut waits);
        }
        if let Some(failed_at) = failed(account) {
            return Ok(failing(worker, failed_at));
        }
    }
    if loaded.plan.is_some() && !works_on_target(&loaded, &account.job) {
        account.job.holds_target = false;
    }
    look_where_nobody_observes(worker, &mut waits);
    if let Some(waiting) = ending(&waits, worker.now_ms()) {
        return Ok(waiting);
    }
    if let Some(plan) = &loaded.plan {
        aftercare::submit(worker, &loaded.spec, plan, &account.job).await?;
    }
    Ok(Ending::Succeed)
}

/// A job that has not started waits for the time that its schedule allows. `Some`: not now.
fn before_its_time(worker: &Worker, spec: &Spec, account: &mut Account) -> Option<Ending> {
    let now = worker.now_ms();
    let due_at_ms = match (&spec.aftercare, &spec.request.schedule) {
        (Some(care), _) if now < care.not_before_ms => care.not_before_ms,
        (None, Some(schedule)) if account.job.steps.is_empty() => match schedule.start(now) {
            Start::Now => return None,
            Start::At(at_ms) => at_ms,
            Start::Never => return Some(failing(worker, start_missed(schedule))),
        },
        _ => return None,
    };
    account.note("waiting", None, now, "for the time that its schedule allows");
    Some(Ending::WaitUntil { due_at_ms })
}

fn start_missed(schedule: &Schedule) -> FailedAt {
    let before = schedule.start_before.map_or_else(String::new, |t| format!(" before {t}"));
    let text = format!("there was no time at which it could start{before}; nothing was done");
    FailedAt { step: None, failure: Failure::permanent(FailureCode::StartMissed, text) }
}

/// A call that was refused may have been made with a session that is over: the next visit gets fresh
/// ones.
async fn forget_sessions(worker: &Worker, spec: &Spec, results: &[StepResult]) {
    if !results.iter().flat_map(|result| result.as_ref().err()).any(Failure::is_about_rights) {
        return;
    }
    let (source, target) = (&spec.request.source, &spec.request.target);
    worker.env.forget_session(source.account(), source.region()).await;
    worker.env.forget_session(&target.account, &target.region).await;
}

/// A job that waits for something in a place that the fleet does not observe looks itself.
fn look_where_nobody_observes(worker: &Worker, waits: &mut Waits) {
    let next = worker.after(UNOBSERVED_POLL);
    for (watch, due_ms) in &mut waits.watches {
        if !worker.observes(watch) {
            *due_ms = next.min(*due_ms);
        }
    }
}

fn poisoned(claimed: &JobState) -> FailedAt {
    let text = format!(
        "{} workers took this job and none came back: it seems to end whoever runs it",
        claimed.claims - 1
    );
    FailedAt { step: None, failure: Failure::permanent(FailureCode::Poisoned, text) }
}

fn lost_record(what: &str) -> FailedAt {
    let text = format!("the job's {what} is not in the table");
    FailedAt { step: None, failure: Failure::permanent(FailureCode::RecordUnreadable, text) }
}

/// Whether a job does anything under the target's name (any more): what is deleted has another one.
fn works_on_target(loaded: &Loaded, job: &JobState) -> bool {
    let care = loaded.spec.aftercare.as_ref();
    let leaving = care.and_then(|care| care.cluster.as_ref());
    let has_its_name = |leaving: &Leaving| {
        leaving.name != leaving.last_name && !job.outputs.contains_key(RENAMED_AT)
    };
    let restores = |plan: &Plan| plan.has(StepName::RestoreCluster);
    loaded.plan.as_ref().is_some_and(restores) || leaving.is_some_and(has_its_name)
}

/// Makes sure that the job holds its target's slot before any step after the plan. `Some`: it must
/// wait.
async fn hold_target(
    worker: &Worker,
    loaded: &Loaded,
    account: &mut Account,
) -> StoreResult<Option<Ending>> {
    if !works_on_target(loaded, &account.job) || account.job.holds_target {
        return Ok(None);
    }
    let job = &account.job;
    let asking = Claimant { job: job.id, epoch: job.epoch, priority: job.priority };
    let slot = target_slot::name(&loaded.spec.request);
    let now = worker.now_ms();
    match target_slot::acquire(worker, &slot, asking).await? {
        None => {
            account.take_target();
            Ok(None)
        }
        Some(holder) => {
            let note = format!("the target is in use by job {holder}");
            account.note("waiting", None, now, &note);
            Ok(Some(Ending::WaitUntil { due_at_ms: now + SLOT_POLL_MS }))
        }
    }
}

/// The steps that can run now and were not visited in this tick.
fn ready_steps(plan: Option<&Plan>, job: &JobState, visited: &BTreeSet<StepName>) -> Vec<StepName> {
    let status = |name: &StepName| job.steps.get(name).map(|state| state.status);
    let is_done = |name: &StepName| status(name) == Some(StepStatus::Done);
    let Some(plan) = plan else {
        let first = [FIRST_STEP];
        return first.into_iter().filter(|s| !visited.contains(s)).collect();
    };
    let is_ready = |step: &&aurora_restore_shared::plan::PlannedStep| {
        !is_done(&step.name)
            && !visited.contains(&step.name)
            && step.after.iter().all(is_done)
            && step.behind.iter().all(|name| status(name).is_some())
    };
    plan.steps.iter().filter(is_ready).map(|step| step.name).collect()
}

async fn visit(
    worker: &Worker,
    claimed: &JobState,
    account: &mut Account,
    loaded: &Loaded,
    ready: &[StepName],
) -> Vec<StepResult> {
    let now = worker.now_ms();
    for step in ready {
        account.start(*step, now);
    }
    let job = &account.job;
    let visits = ready.iter().map(|step| {
        let since_ms = job.steps.get(step).map_or(now, |state| state.since_ms);
        let (spec, plan) = (&loaded.spec, loaded.plan.as_ref());
        let (committed, committed_steps) = (&claimed.outputs, &claimed.steps);
        let cx = StepContext { worker, spec, plan, job, committed, committed_steps, since_ms };
        steps::run(*step, cx)
    });
    join_all(visits).await
}

/// The plan, where a step has made it.
fn made_plan(result: &StepResult) -> Option<&Plan> {
    match result {
        Ok(Outcome::Done(done)) => done.plan.as_ref(),
        _ => None,
    }
}

/// Takes the result of one visit into account.
fn take(
    worker: &Worker,
    account: &mut Account,
    step: StepName,
    result: StepResult,
    waits: &mut Waits,
) {
    let now = worker.now_ms();
    match result {
        Ok(Outcome::Done(mut done)) => {
            worker.metrics.step_visited(step.as_str(), "done");
            let hash =
                done.plan.as_ref().map(|plan| (chain::PLAN.to_owned(), chain::plan_hash(plan)));
            done.details.extend(hash);
            account.done(step, *done, now);
        }
        Ok(Outcome::WaitFor(waiting)) => {
            worker.metrics.step_visited(step.as_str(), "waiting");
            take_wait(account, step, waiting, now, waits);
        }
        Ok(Outcome::WaitUntil { at_ms }) => {
            worker.metrics.step_visited(step.as_str(), "waiting");
            account.start(step, now);
            waits.times.push(at_ms);
        }
        Ok(Outcome::CommitFirst) => waits.commit_first = true,
        Ok(Outcome::CommitIntent { outputs }) => {
            account.job.outputs.extend(outputs);
            waits.commit_first = true;
        }
        Err(failure) => take_failure(worker, account, step, &failure, waits),
    }
}

fn take_wait(account: &mut Account, step: StepName, waiting: Waiting, now: i64, waits: &mut Waits) {
    let state = account.start(step, now);
    if waiting.begun {
        state.since_ms = now;
    }
    let deadline = state.since_ms + as_ms(waiting.deadline);
    if now >= deadline {
        let text = format!("{step} is not done at its deadline: {}", waiting.note);
        let late = Failure::permanent(FailureCode::DeadlinePassed, text);
        account.failed(step, &late, now);
        account.job.failed_at = Some(FailedAt { step: Some(step), failure: late });
        return;
    }
    account.waits(step, &waiting, now);
    waits.watches.push((waiting.watch, deadline.min(now + as_ms(SLOW_POLL))));
}

fn take_failure(
    worker: &Worker,
    account: &mut Account,
    step: StepName,
    failure: &Failure,
    waits: &mut Waits,
) {
    let now = worker.now_ms();
    let state = account.start(step, now).clone();
    match judge(failure, &state, now, &worker.env.entropy) {
        Verdict::Again { at_ms, uses_attempt } => {
            worker.metrics.step_visited(step.as_str(), "retrying");
            let state = account.start(step, now);
            state.attempts += u32::from(uses_attempt);
            state.retrying_since_ms = state.retrying_since_ms.or(Some(now));
            account.retries(step, failure, now);
            waits.times.push(at_ms);
        }
        Verdict::Park { at_ms } => {
            worker.metrics.step_visited(step.as_str(), "parked");
            let state = account.start(step, now);
            state.retrying_since_ms = state.retrying_since_ms.or(Some(now));
            account.parks(step, failure, now);
            waits.times.push(at_ms);
            let failed_at = FailedAt { step: Some(step), failure: failure.clone() };
            waits.parked.get_or_insert(failed_at);
        }
        Verdict::Final(failure) => {
            worker.metrics.step_visited(step.as_str(), "failed");
            account.failed(step, &failure, now);
            let earlier = account.job.failed_at.take();
            account.job.failed_at = earlier.or(Some(FailedAt { step: Some(step), failure }));
        }
    }
}

/// The failure of this tick, when a step has failed for good.
fn failed(account: &mut Account) -> Option<FailedAt> {
    account.job.failed_at.take()
}

#[cfg(test)]
mod tests;
