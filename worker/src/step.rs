//! The contract of a step: observe, decide (pure), at most one effect, then say how it stands.
//! Running a step again at any time is harmless.

use crate::fleet::Worker;
use aurora_restore_shared::aftercare::GIVEN_UP;
use aurora_restore_shared::clock::EpochMs;
use aurora_restore_shared::environment::Place;
use aurora_restore_shared::estimate::{self, Operation};
use aurora_restore_shared::failure::Failure;
use aurora_restore_shared::ids::ClusterId;
use aurora_restore_shared::job::{How, JobState, StepState, StepStatus};
use aurora_restore_shared::plan::{Plan, StepName};
use aurora_restore_shared::store::Spec;
use aurora_restore_shared::watch::{Watch, WatchKind};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a step is given.
#[derive(Debug, Clone, Copy)]
pub struct StepContext<'a> {
    /// The worker that runs it.
    pub worker: &'a Worker,
    /// The request.
    pub spec: &'a Spec,
    /// The plan; none for the step that makes it.
    pub plan: Option<&'a Plan>,
    /// The job, as this tick has changed it so far.
    pub job: &'a JobState,
    /// The job's outputs as the last commit recorded them: the only identifiers an irreversible
    /// call may act on.
    pub committed: &'a BTreeMap<String, String>,
    /// The job's steps as the last commit recorded them: what an irreversible call may rely on.
    pub committed_steps: &'a BTreeMap<StepName, StepState>,
    /// When the step was first started.
    pub since_ms: EpochMs,
}

/// The output with the ARN of the copy in the target's place.
pub const COPY_ARN: &str = "copy_arn";

/// The output with the ARN of the copy that can be shared.
pub const SHAREABLE_ARN: &str = "shareable_arn";

/// How a step stands after a visit. A failure is an `Err` of the step's result: what becomes of it
/// is decided in one table, in `tick`.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is done.
    Done(Box<Done>),
    /// It waits for a resource.
    WaitFor(Waiting),
    /// It waits for a time.
    WaitUntil {
        /// The moment.
        at_ms: EpochMs,
    },
    /// It must not act before what this tick found out is committed: commit, and come back at once.
    CommitFirst,
    /// The same, for what it is about to do: committed before it is done.
    CommitIntent {
        /// Says what it is about to do.
        outputs: BTreeMap<String, String>,
    },
}

/// What a step that is done leaves behind.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    /// How it came to be done.
    pub how: How,
    /// Identifiers for later steps.
    pub outputs: BTreeMap<String, String>,
    /// In words, for the audit trail.
    pub note: String,
    /// Figures and answers, for the audit trail.
    pub details: BTreeMap<String, String>,
    /// The plan, from the step that makes it.
    pub plan: Option<Plan>,
}

/// What a step waits for.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// The resource.
    pub watch: Watch,
    /// How long the operation may take, since it began.
    pub deadline: Duration,
    /// Whether it began in this visit: the deadline counts from now on, not from earlier waits for
    /// room or for a turn.
    pub begun: bool,
    /// Identifiers for later visits and steps.
    pub outputs: BTreeMap<String, String>,
    /// In words, for the audit trail.
    pub note: String,
    /// Figures, for the audit trail.
    pub details: BTreeMap<String, String>,
}

/// What a step returns.
pub type StepResult = Result<Outcome, Failure>;

/// Outputs or details from pairs.
pub fn pairs<const N: usize>(pairs: [(&str, String); N]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The detail that names the AWS requests by which a step has changed something: none, one or several.
pub fn request_ids(ids: impl IntoIterator<Item = String>) -> BTreeMap<String, String> {
    let ids: Vec<String> = ids.into_iter().collect();
    let detail = (!ids.is_empty()).then(|| ("aws_request_id".to_owned(), ids.join(", ")));
    detail.into_iter().collect()
}

/// Done, with a note.
#[must_use]
pub fn done(how: How, note: impl Into<String>) -> Done {
    let (outputs, details) = (BTreeMap::new(), BTreeMap::new());
    Done { how, outputs, note: note.into(), details, plan: None }
}

impl From<Done> for Outcome {
    fn from(done: Done) -> Self {
        Self::Done(Box::new(done))
    }
}

impl<'a> StepContext<'a> {
    /// The plan.
    ///
    /// # Errors
    /// `record_unreadable` when it is missing: the step runs only after it was made.
    pub fn plan(&self) -> Result<&'a Plan, Failure> {
        let code = aurora_restore_shared::failure::FailureCode::RecordUnreadable;
        self.plan.ok_or_else(|| Failure::permanent(code, "the job's plan is missing"))
    }

    /// The name of the cluster that is worked on: the target's, or one beside it until the names are
    /// swapped.
    ///
    /// # Errors
    /// `record_unreadable` when the plan is missing.
    pub fn cluster_name(&self) -> Result<ClusterId, Failure> {
        Ok(self.plan()?.restored_as(&self.spec.request.target.cluster, self.spec.id))
    }

    /// What the cluster is restored from: the last copy on the way, else the source itself, by ARN.
    ///
    /// # Errors
    /// `record_unreadable` when the plan is missing.
    pub fn restores_from(&self) -> Result<String, Failure> {
        let plan = self.plan()?;
        let output = |name: &str| self.job.outputs.get(name).cloned();
        let last = output(COPY_ARN).or_else(|| plan.path.reuse.clone());
        Ok(last
            .or_else(|| output(SHAREABLE_ARN))
            .unwrap_or_else(|| plan.facts.snapshot_arn.clone()))
    }

    /// The clients where the target is, with the rights that are meant for it. Not to be kept.
    ///
    /// # Errors
    /// `role_denied` when the settings or STS do not allow it; whatever else STS answers, classified.
    pub async fn target(&self) -> Result<Place, Failure> {
        let target = &self.spec.request.target;
        self.worker.env.place(&target.account, &target.region).await
    }

    /// The clients where the source is, with the rights that are meant for it. Not to be kept.
    ///
    /// # Errors
    /// As [`StepContext::target`].
    pub async fn source(&self) -> Result<Place, Failure> {
        let source = &self.spec.request.source;
        self.worker.env.place(source.account(), source.region()).await
    }

    /// Whether this was to remove what a failed job has made, and that job went on: it keeps it.
    #[must_use]
    pub fn is_called_off(&self) -> bool {
        let gives_up = self.plan.is_some_and(|plan| plan.has(StepName::GiveUp));
        gives_up && !self.job.outputs.contains_key(GIVEN_UP)
    }

    /// Whether an earlier commit says that a step is done.
    #[must_use]
    pub fn is_committed(&self, step: StepName) -> bool {
        self.committed_steps.get(&step).is_some_and(|state| state.status == StepStatus::Done)
    }

    /// Whether a worker before this one claimed the job and never committed: what is found done now
    /// was begun by it.
    #[must_use]
    pub fn is_takeover(&self) -> bool {
        self.job.claims > 1
    }

    /// A wait for the restored cluster (or for it and its members) to become available.
    #[must_use]
    pub fn wait_for(&self, kind: WatchKind, operation: Operation, note: &str) -> Waiting {
        let id = self.cluster_name().unwrap_or_else(|_| self.spec.request.target.cluster.clone());
        self.wait_at_target(kind, id.as_str(), operation, note)
    }

    /// A wait for something where the target is.
    #[must_use]
    pub fn wait_at_target(
        &self,
        kind: WatchKind,
        id: &str,
        operation: Operation,
        note: &str,
    ) -> Waiting {
        let target = &self.spec.request.target;
        let scale = self.worker.settings.duration_scale;
        let usual = estimate::usual(operation).mul_f64(scale);
        let watch = Watch {
            account: target.account.clone(),
            region: target.region.clone(),
            kind,
            id: id.to_owned(),
            want: "available".into(),
            expected_at_ms: self.since_ms + aurora_restore_shared::clock::as_ms(usual),
        };
        let deadline = estimate::deadline(operation, scale);
        let (outputs, details) = (BTreeMap::new(), BTreeMap::new());
        Waiting { watch, deadline, begun: false, outputs, note: note.into(), details }
    }
}
