//! `plan`: what a restore would do, without doing it. Reads the source, never writes anything.

use crate::submit::Submitter;
use crate::trouble::Trouble;
use aurora_restore_shared::environment::Environment;
use aurora_restore_shared::estimate::{Operation, usual};
use aurora_restore_shared::facts::{self, SourceKind};
use aurora_restore_shared::failure::{Failure, FailureCode};
use aurora_restore_shared::fault::{Fault, Faults};
use aurora_restore_shared::plan::{Plan, PlannedStep, StepName, plan};
use aurora_restore_shared::request::Request;
use std::collections::BTreeMap;
use std::time::Duration;

/// What a restore would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// The plan.
    pub plan: Plan,
    /// How long each step usually takes; steps of a moment are left out.
    pub usual: BTreeMap<StepName, Duration>,
    /// When each step usually begins, from the start.
    pub begins: BTreeMap<StepName, Duration>,
    /// How long it usually takes in all, with what runs side by side.
    pub total: Duration,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PreviewError {
    /// The request cannot be done: everything that stands against it.
    #[error("{0}")]
    BadInput(Faults),
    /// AWS did not do its part.
    #[error("{0}")]
    Aws(#[from] Trouble),
}

/// Plans a request against what is there now.
///
/// # Errors
/// [`PreviewError`].
pub async fn preview(env: &Environment, request: &Request) -> Result<Preview, PreviewError> {
    let faults = Submitter::new(env).faults(request).await;
    if !faults.is_empty() {
        return Err(PreviewError::BadInput(Faults(faults)));
    }
    let facts = facts::read(env, request).await.map_err(no_facts)?;
    let plan = plan(request, &facts).map_err(PreviewError::BadInput)?;
    let usual = usual_times(&plan);
    let begins = begins(&plan.steps, &usual);
    let takes = |step| usual.get(step).copied().unwrap_or_default();
    let total = begins.iter().map(|(step, begin)| *begin + takes(step)).max().unwrap_or_default();
    Ok(Preview { plan, usual, begins, total })
}

/// A source that is not there, or not fit, is a fault of the request; all else is trouble with AWS.
fn no_facts(failure: Failure) -> PreviewError {
    use FailureCode as C;
    let fix = match failure.code {
        C::SourceNotFound => {
            "name a snapshot that exists (`aws rds describe-db-cluster-snapshots`)"
        }
        C::SourceUnusable | C::PlanRefused => "name a snapshot that is available",
        C::ResourceBusy => "wait until the snapshot is available, or name another one",
        _ => return Trouble::from(failure).into(),
    };
    let fault = Fault { path: "source".into(), problem: failure.text, fix: fix.into() };
    PreviewError::BadInput(Faults(vec![fault]))
}

fn usual_times(plan: &Plan) -> BTreeMap<StepName, Duration> {
    let operation = |step: &PlannedStep| match step.name {
        StepName::RestoreCluster if plan.facts.kind == SourceKind::Clone => {
            Some(Operation::CloneCluster)
        }
        StepName::RestoreCluster => {
            Some(Operation::RestoreCluster { gib: plan.facts.allocated_gib })
        }
        StepName::MakeShareable | StepName::CopySnapshot => {
            Some(Operation::CopySnapshot { gib: plan.facts.allocated_gib })
        }
        StepName::OpenAccess | StepName::SwapIn => Some(Operation::Modify),
        StepName::CreateInstances => Some(Operation::CreateInstances),
        StepName::SetCredentials => Some(Operation::ResetPassword),
        StepName::ResolveSource
        | StepName::CheckTarget
        | StepName::ShareSnapshot
        | StepName::MaskData
        | StepName::VerifyRestore
        | StepName::JoinSet
        | StepName::RemoveCopies
        | StepName::RetireOld
        | StepName::Expire
        | StepName::GiveUp
        | StepName::Notify => None,
    };
    plan.steps.iter().filter_map(|step| Some((step.name, usual(operation(step)?)))).collect()
}

/// When each step begins: when all that it comes after are done, and what it comes behind has begun.
fn begins(
    steps: &[PlannedStep],
    usual: &BTreeMap<StepName, Duration>,
) -> BTreeMap<StepName, Duration> {
    let mut begins: BTreeMap<StepName, Duration> = BTreeMap::new();
    for step in steps {
        let takes = |name| usual.get(name).copied().unwrap_or_default();
        let end = |name| begins.get(name).map(|begin| *begin + takes(name));
        let after = step.after.iter().filter_map(end);
        let behind = step.behind.iter().filter_map(|name| begins.get(name).copied());
        let begin = after.chain(behind).max().unwrap_or_default();
        begins.insert(step.name, begin);
    }
    begins
}
