//! Aftercare: what must happen hours or days after a restore. Each is a job of its own, with an id
//! derived from the first one's, submitted before that one ends: a restore ends when the user can
//! use it. What a failed job has made is aftercare, too: it goes when nobody has retried the job.

use crate::clock::{EpochMs, as_ms};
use crate::facts::{SourceFacts, Standing};
use crate::ids::{AccountId, ClusterId, JobId, RegionName};
use crate::job::{JobState, StepStatus};
use crate::plan::{ClusterSettings, Path, Plan, PlannedStep, StepName, names};
use crate::request::{LEAST_KEPT, Request};
use crate::store::Spec;
use serde::{Deserialize, Serialize};

/// The output of a job with the immutable id of the cluster that it has restored.
pub const RESOURCE_ID: &str = "resource_id";

/// The output that says since when a cluster has the name that it is deleted under.
pub const RENAMED_AT: &str = "renamed_at";

/// The output of aftercare that says that its job was given up: what it has made goes.
pub const GIVEN_UP: &str = "given_up";

/// A cluster that is to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    /// The name that it has when the aftercare is submitted.
    pub name: ClusterId,
    /// The name under which it is deleted: one that is never used again.
    pub last_name: ClusterId,
    /// Its immutable id: what is deleted, and nothing else. None where the job that made it has
    /// failed before it was recorded: then it is looked for by the tag of that job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
}

/// A snapshot copy that is to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyMade {
    /// The account that owns it.
    pub account: AccountId,
    /// Its Region.
    pub region: RegionName,
    /// Its identifier.
    pub id: String,
}

/// What a job of aftercare does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aftercare {
    /// Its one step.
    pub step: StepName,
    /// The job that it follows.
    pub of: JobId,
    /// When that one was accepted.
    pub of_created_at_ms: EpochMs,
    /// Not before this moment.
    pub not_before_ms: EpochMs,
    /// When that one failed, where this removes what it has made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_at_ms: Option<EpochMs>,
    /// The cluster that is to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<Leaving>,
    /// The snapshot copies that are to go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<CopyMade>,
}

impl Aftercare {
    /// The id of its job: the same for ever. Each failure of a job has one of its own.
    #[must_use]
    pub fn id(&self) -> JobId {
        let which = self.failed_at_ms.map_or_else(String::new, |at_ms| format!(":{at_ms}"));
        JobId::keyed("aurora-restore aftercare", &format!("{}:{}{which}", self.of, self.step))
    }

    /// All of it as text, members in a fixed order.
    #[must_use]
    pub fn canonical(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Its steps: the one, and where a job is given up, those that remove what it has made.
    #[must_use]
    pub fn steps(&self) -> Vec<PlannedStep> {
        let step = |name, after| PlannedStep { name, after, behind: Vec::new() };
        let first = step(self.step, Vec::new());
        let removing = [(StepName::Expire, self.cluster.is_some()), (StepName::RemoveCopies, true)];
        let removing = removing.into_iter().filter(|(_, is_needed)| *is_needed);
        let removing = removing.map(|(name, _)| step(name, vec![self.step]));
        let gives_up = self.step == StepName::GiveUp;
        std::iter::once(first).chain(removing.filter(|_| gives_up)).collect()
    }

    /// Its plan. It needs no facts, and is not stored: it follows from this.
    #[must_use]
    pub fn plan(&self) -> Plan {
        Plan {
            steps: self.steps(),
            facts: SourceFacts::default(),
            path: Path::default(),
            settings: ClusterSettings::default(),
            closed_groups: Vec::new(),
            instances: Vec::new(),
            replaces: None,
            why: Vec::new(),
        }
    }

    /// Its spec: the request is that of the job that it follows.
    #[must_use]
    pub fn spec(&self, of: &Spec, now_ms: EpochMs) -> Spec {
        let aftercare = Some(self.clone());
        Spec { id: self.id(), created_at_ms: now_ms, aftercare, set: None, ..of.clone() }
    }
}

/// The snapshot copies that a plan makes, by the names that they get.
#[must_use]
pub fn copies_made(path: &Path, job: JobId) -> Vec<CopyMade> {
    let hops = [(&path.shareable, "share"), (&path.first, "first"), (&path.copy, "copy")];
    let made = hops.into_iter().filter_map(|(hop, which)| {
        let hop = hop.as_ref()?;
        let (account, region) = (hop.account.clone(), hop.region.clone());
        Some(CopyMade { account, region, id: names::copy(job, which) })
    });
    made.collect()
}

/// All aftercare of a job that is about to end well.
#[must_use]
pub fn of(spec: &Spec, plan: &Plan, job: &JobState, now_ms: EpochMs) -> Vec<Aftercare> {
    let request = &spec.request;
    let after =
        |step, kept_ms| Aftercare { not_before_ms: now_ms + kept_ms, ..nothing(spec, step) };
    let retire = plan.replaces.as_ref().map(|old| {
        let kept = request.keep.replaced_for().max(LEAST_KEPT);
        let cluster = Some(replaced(request, spec.id, old));
        Aftercare { cluster, ..after(StepName::RetireOld, as_ms(kept)) }
    });
    let expire = request.keep.restored.as_ref().and_then(|kept| {
        job.outputs.get(RESOURCE_ID)?;
        let cluster = Some(restored(request, request.target.cluster.clone(), job));
        Some(Aftercare { cluster, ..after(StepName::Expire, as_ms(kept.length())) })
    });
    let copies = request.keep.copies().filter(|_| plan.path.makes_copies()).map(|kept| {
        let copies = copies_made(&plan.path, spec.id);
        Aftercare { copies, ..after(StepName::RemoveCopies, as_ms(kept.length())) }
    });
    retire.into_iter().chain(expire).chain(copies).collect()
}

/// Aftercare with nothing in it yet.
fn nothing(spec: &Spec, step: StepName) -> Aftercare {
    Aftercare {
        step,
        of: spec.id,
        of_created_at_ms: spec.created_at_ms,
        not_before_ms: spec.created_at_ms,
        failed_at_ms: None,
        cluster: None,
        copies: Vec::new(),
    }
}

/// The restored cluster as it is to go: under a name that is never used again.
fn restored(request: &Request, name: ClusterId, job: &JobState) -> Leaving {
    let target = &request.target.cluster;
    let last_name = if name == *target { names::leaving(target, job.id) } else { name.clone() };
    Leaving { name, last_name, resource_id: job.outputs.get(RESOURCE_ID).cloned() }
}

/// The replaced cluster as it is to go.
fn replaced(request: &Request, job: JobId, old: &Standing) -> Leaving {
    let name = names::replaced(&request.target.cluster, job);
    Leaving { last_name: name.clone(), name, resource_id: Some(old.resource_id.clone()) }
}

/// What removes that which a job has made that fails now, if nobody retries it. `None`: nothing is
/// to go.
#[must_use]
pub fn of_failed(spec: &Spec, plan: &Plan, failed: &JobState) -> Option<Aftercare> {
    use StepName as S;
    let failed_at_ms = failed.ended_at_ms?;
    let keep = &spec.request.keep;
    let has = |step| failed.steps.contains_key(&step);
    let is_used = is_handed_over(plan, failed);
    let cluster = has(S::RestoreCluster).then(|| left_by(spec, plan, failed, is_used)).flatten();
    let has_copied = has(S::MakeShareable) || has(S::CopySnapshot);
    let copies = if has_copied { copies_made(&plan.path, spec.id) } else { Vec::new() };
    let is_needed = cluster.is_some() || has_copied || has(S::ShareSnapshot);
    let has_replaced = is_used && plan.replaces.is_some();
    let least = if has_replaced { keep.replaced_for() } else { LEAST_KEPT };
    let kept = keep.failed_for().max(least).max(LEAST_KEPT);
    is_needed.then(|| Aftercare {
        not_before_ms: failed_at_ms + as_ms(kept),
        failed_at_ms: Some(failed_at_ms),
        cluster,
        copies,
        ..nothing(spec, S::GiveUp)
    })
}

/// The cluster that goes when its job is given up: the restored one, but where somebody may use that
/// already, what would go if the job had ended well.
fn left_by(spec: &Spec, plan: &Plan, failed: &JobState, is_used: bool) -> Option<Leaving> {
    let request = &spec.request;
    let its_own = || restored(request, plan.restored_as(&request.target.cluster, spec.id), failed);
    if !is_used {
        return Some(its_own());
    }
    match &plan.replaces {
        Some(old) => Some(replaced(request, spec.id, old)),
        None => request.keep.restored.as_ref().map(|_| its_own()),
    }
}

/// Whether somebody may use the cluster already, although its job has failed: it stays.
fn is_handed_over(plan: &Plan, failed: &JobState) -> bool {
    let status = |step| failed.steps.get(&step).map(|state| state.status);
    if plan.has(StepName::SwapIn) {
        status(StepName::SwapIn) == Some(StepStatus::Done)
    } else if plan.has(StepName::JoinSet) {
        status(StepName::JoinSet) == Some(StepStatus::Done)
    } else if plan.has(StepName::OpenAccess) {
        status(StepName::OpenAccess).is_some()
    } else {
        status(StepName::VerifyRestore) == Some(StepStatus::Done)
    }
}

#[cfg(test)]
mod tests;
