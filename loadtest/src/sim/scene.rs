//! One step at a time, without ticks: for tests that run it twice, stop it at every suspension
//! point, or let a rival run it.

use super::Sim;
use super::masking;
use super::suspend::{Driven, drive_to};
use super::two_accounts::{HUB, refresh};
use aurora_restore_shared::aftercare;
use aurora_restore_shared::clock::EpochMs;
use aurora_restore_shared::failure::FailureKind;
use aurora_restore_shared::ids::{Epoch, JobId};
use aurora_restore_shared::job::{JobState, StepState, StepStatus};
use aurora_restore_shared::plan::{FIRST_STEP, Plan, StepName};
use aurora_restore_shared::request::Request;
use aurora_restore_shared::store::Spec;
use aurora_restore_worker::fleet::Worker;
use aurora_restore_worker::step::{Outcome, StepContext, StepResult};
use aurora_restore_worker::steps;
use serde_json::json;
use std::collections::BTreeSet;
use std::pin::pin;
use std::time::Duration;

/// The longest that anything of a scene takes.
const LONG: Duration = Duration::from_secs(3600);

/// More visits than any step needs.
const VISITS: usize = 12;

/// What the job of a scene asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Road {
    /// The drill, with users and masking.
    Drill,
    /// A masked swap in another account and Region.
    Refresh,
}

/// A job just before one of its steps, on a cloud of its own.
#[derive(Debug)]
pub struct Scene {
    /// The cloud.
    pub sim: Sim,
    /// The clusters that were there before, by their immutable ids.
    pub before: BTreeSet<String>,
    /// The job.
    pub view: View,
}

/// A job as one process sees it. A clone is what another process sees.
#[derive(Debug, Clone)]
pub struct View {
    spec: Spec,
    plan: Option<Plan>,
    job: JobState,
    step: StepName,
    since_ms: EpochMs,
}

impl Scene {
    /// A fresh cloud and a job whose steps before `step` are done. A step that only comes hours after
    /// a restore is that of a job of its own.
    ///
    /// # Errors
    /// When one of them fails: a fault of the test.
    pub async fn before(road: Road, step: StepName) -> anyhow::Result<Self> {
        let (sim, request) = match road {
            Road::Drill => {
                let sim = Sim::prepared(7).await?;
                let mut drill = sim.drill("orders-drill");
                ask_for_more(&mut drill)?;
                (sim, drill)
            }
            Road::Refresh => (Sim::two_accounts(7).await?, refreshing()?),
        };
        let before = resource_ids(&sim);
        let id = sim.submit(&request).await?;
        let (spec, _) = sim.env("reader").store().load_spec_and_plan(id, None).await?;
        let mut job = sim.state(id).await?;
        job.epoch = Epoch(1);
        job.claims = 1;
        let since_ms = sim.clock.now_ms();
        let spec = spec.ok_or_else(|| anyhow::anyhow!("the submitted job has no spec"))?;
        let mut view = View { spec, plan: None, job, step: FIRST_STEP, since_ms };
        let worker = sim.worker("driver");
        while view.step != step {
            view.run_to_done(&sim, &worker).await?;
            let now_ms = sim.clock.now_ms();
            match view.next_step() {
                Some(next) => (view.step, view.since_ms) = (next, now_ms),
                None => view = view.aftercare(step, now_ms)?,
            }
        }
        Ok(Self { sim, before, view })
    }

    /// The job.
    #[must_use]
    pub fn job(&self) -> JobId {
        self.view.spec.id
    }
}

fn refreshing() -> anyhow::Result<Request> {
    let source = json!({"snapshot": {"account": HUB, "region": "us-east-1", "cluster": "orders-prod", "latest": true}});
    let mut request = refresh();
    request["version"] = json!(1);
    request["source"] = source;
    request["target"]["instances"] = json!([{"class": "db.r6g.large"}]);
    Ok(Request::from_json(&request)?)
}

fn resource_ids(sim: &Sim) -> BTreeSet<String> {
    sim.cloud.world().rds.clusters().map(|(_, cluster)| cluster.resource_id.clone()).collect()
}

/// Users and masking, with the secret of the drill.
fn ask_for_more(request: &mut Request) -> anyhow::Result<()> {
    let secret = "drill/orders/master";
    request.access.users = serde_json::from_value(json!([
        { "name": "app", "secret": secret, "grants": ["CONNECT ON DATABASE orders"] },
        { "name": "reader", "secret": secret, "grants": ["SELECT ON ALL TABLES IN SCHEMA public"] }
    ]))?;
    request.verify.connect_as = vec!["reader".into()];
    request.keep.restored = "1h".parse().ok();
    request.mask = serde_json::from_value(masking())?;
    Ok(())
}

impl View {
    fn next_step(&self) -> Option<StepName> {
        let steps = self.plan.as_ref()?.steps.as_slice();
        let here = steps.iter().position(|s| s.name == self.step)?;
        steps.get(here + 1).map(|next| next.name)
    }

    /// The job that does this after a restore which has ended well.
    fn aftercare(&self, step: StepName, now_ms: EpochMs) -> anyhow::Result<Self> {
        let plan = self.plan.as_ref().ok_or_else(|| anyhow::anyhow!("there is no plan"))?;
        let all = aftercare::of(&self.spec, plan, &self.job, now_ms);
        let care = all.into_iter().find(|care| care.step == step);
        let care = care.ok_or_else(|| anyhow::anyhow!("no {step} follows this job"))?;
        let spec = care.spec(&self.spec, now_ms);
        let job = JobState { epoch: Epoch(1), claims: 1, ..spec.first_state(0) };
        Ok(Self { job, plan: Some(care.plan()), spec, step, since_ms: now_ms })
    }

    /// One visit of the step.
    ///
    /// # Errors
    /// The failure of the step.
    pub async fn visit(&self, worker: &Worker) -> StepResult {
        let context = StepContext {
            worker,
            spec: &self.spec,
            plan: self.plan.as_ref(),
            job: &self.job,
            committed: &self.job.outputs,
            committed_steps: &self.job.steps,
            since_ms: self.since_ms,
        };
        steps::run(self.step, context).await
    }

    /// Visits until the step is done, letting time pass while it waits or is told to come again.
    ///
    /// # Errors
    /// When it fails for good, or is not done after a dozen visits.
    pub async fn run_to_done(&mut self, sim: &Sim, worker: &Worker) -> anyhow::Result<()> {
        for _ in 0..VISITS {
            match self.visit(worker).await {
                Ok(Outcome::Done(done)) => {
                    let status = StepStatus::Done;
                    let state = StepState { status, ..StepState::started(self.since_ms) };
                    self.job.steps.insert(self.step, state);
                    self.job.outputs.extend(done.outputs);
                    self.plan = done.plan.or(self.plan.take());
                    return Ok(());
                }
                Ok(Outcome::WaitFor(waiting)) => self.job.outputs.extend(waiting.outputs),
                Ok(Outcome::CommitIntent { outputs }) => self.job.outputs.extend(outputs),
                Ok(Outcome::WaitUntil { .. }) => {}
                Ok(Outcome::CommitFirst) => anyhow::bail!("{} lacks a commit", self.step),
                Err(failure) if failure.kind == FailureKind::Permanent => {
                    return Err(failure.into());
                }
                Err(_) => {}
            }
            sim.pass(LONG).await;
        }
        anyhow::bail!("{} is not done after {VISITS} visits", self.step)
    }
}

/// Runs a step to its end, and then again: the second time finds it done.
///
/// # Errors
/// When it is not harmless.
pub async fn run_twice(road: Road, step: StepName) -> anyhow::Result<Scene> {
    let mut scene = Scene::before(road, step).await?;
    let worker = scene.sim.worker("twice");
    scene.view.run_to_done(&scene.sim, &worker).await?;
    let effects = changes(&scene.sim);
    let again = scene.view.visit(&worker).await?;
    anyhow::ensure!(matches!(again, Outcome::Done(_)), "the second run says {again:?}");
    anyhow::ensure!(changes(&scene.sim) == effects, "the second run changed something");
    Ok(scene)
}

/// Drops the step at each of its suspension points, one after the other, each in a fresh scene, and
/// lets another worker do it. Returns the scenes' number.
///
/// # Errors
/// When the step cannot be done afterwards, or `check` refuses what is there then.
pub async fn dropped_everywhere(
    road: Road,
    step: StepName,
    check: impl Fn(&Scene) -> anyhow::Result<()>,
) -> anyhow::Result<usize> {
    for point in 1.. {
        let mut scene = Scene::before(road, step).await?;
        let (victim, heir) = (scene.sim.worker("victim"), scene.sim.worker("heir"));
        let ended = {
            let visit = pin!(scene.view.visit(&victim));
            matches!(drive_to(visit, point).await, Driven::Ended(_))
        };
        scene.sim.pass(LONG).await;
        scene.view.run_to_done(&scene.sim, &heir).await?;
        check(&scene).map_err(|e| e.context(format!("dropped at point {point}")))?;
        if ended {
            return Ok(point - 1);
        }
    }
    unreachable!("the loop ends when the step does")
}

/// Freezes the step at each of its suspension points while a rival does it, then lets it go on:
/// whatever it says, nothing may have been done twice. Returns the number of points.
///
/// # Errors
/// When the rival cannot do it, or `check` refuses what is there at the end.
pub async fn taken_over_everywhere(
    road: Road,
    step: StepName,
    check: impl Fn(&Scene) -> anyhow::Result<()>,
) -> anyhow::Result<usize> {
    for point in 1.. {
        let scene = Scene::before(road, step).await?;
        let mut rivals_view = scene.view.clone();
        let (frozen, rival) = (scene.sim.worker("frozen"), scene.sim.worker("rival"));
        let mut visit = Box::pin(scene.view.visit(&frozen));
        let ended = matches!(drive_to(visit.as_mut(), point).await, Driven::Ended(_));
        rivals_view.run_to_done(&scene.sim, &rival).await?;
        if !ended {
            // A zombie may fail or succeed; what counts is what it leaves behind.
            drop(visit.await);
        } else {
            drop(visit);
        }
        scene.sim.pass(LONG).await;
        check(&scene).map_err(|e| e.context(format!("frozen at point {point}")))?;
        if ended {
            return Ok(point - 1);
        }
    }
    unreachable!("the loop ends when the step does")
}

/// Calls that changed something in RDS.
fn changes(sim: &Sim) -> usize {
    let kinds = ["Create", "Restore", "Modify", "Delete"];
    let world = sim.cloud.world();
    let is_change = |op: &str| kinds.iter().any(|kind| op.starts_with(kind));
    let calls = world.meter.recent();
    calls
        .filter(|c| c.outcome == "ok" && c.operation.contains("DB") && is_change(&c.operation))
        .count()
}
