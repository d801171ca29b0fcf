//! Aftercare: what must happen hours or days after a restore. Each is a job of its own, with an id
//! derived from the first one's, submitted before that one ends: a restore ends when the user can
//! use it.

use crate::clock::{EpochMs, as_ms};
use crate::facts::SourceFacts;
use crate::ids::{AccountId, ClusterId, JobId, RegionName};
use crate::job::JobState;
use crate::plan::{ClusterSettings, Path, Plan, PlannedStep, StepName, names};
use crate::request::{LEAST_KEPT, Request};
use crate::store::Spec;
use serde::{Deserialize, Serialize};

/// The output of a job with the immutable id of the cluster that it has restored.
pub const RESOURCE_ID: &str = "resource_id";

/// The output that says since when a cluster has the name that it is deleted under.
pub const RENAMED_AT: &str = "renamed_at";

/// A cluster that is to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    /// The name that it has when the aftercare is submitted.
    pub name: ClusterId,
    /// The name under which it is deleted: one that is never used again.
    pub last_name: ClusterId,
    /// Its immutable id: what is deleted, and nothing else.
    pub resource_id: String,
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
    /// The cluster that is to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<Leaving>,
    /// The snapshot copies that are to go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<CopyMade>,
}

impl Aftercare {
    /// The id of its job: the same for ever.
    #[must_use]
    pub fn id(&self) -> JobId {
        JobId::keyed("aurora-restore aftercare", &format!("{}:{}", self.of, self.step))
    }

    /// All of it as text, members in a fixed order.
    #[must_use]
    pub fn canonical(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Its plan: the one step. It needs no facts, and is not stored: it follows from this.
    #[must_use]
    pub fn plan(&self) -> Plan {
        Plan {
            steps: vec![PlannedStep { name: self.step, after: Vec::new(), behind: Vec::new() }],
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
        Spec { id: self.id(), created_at_ms: now_ms, aftercare, ..of.clone() }
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
    let after = |step, kept_ms| Aftercare {
        step,
        of: spec.id,
        of_created_at_ms: spec.created_at_ms,
        not_before_ms: now_ms + kept_ms,
        cluster: None,
        copies: Vec::new(),
    };
    let retire = plan.replaces.as_ref().map(|old| {
        let kept = request.keep.replaced_for().max(LEAST_KEPT);
        let name = names::replaced(&request.target.cluster, spec.id);
        let resource_id = old.resource_id.clone();
        let cluster = Some(Leaving { last_name: name.clone(), name, resource_id });
        Aftercare { cluster, ..after(StepName::RetireOld, as_ms(kept)) }
    });
    let expire = request.keep.restored.as_ref().and_then(|kept| {
        let cluster = Some(restored(request, spec.id, job.outputs.get(RESOURCE_ID)?));
        Some(Aftercare { cluster, ..after(StepName::Expire, as_ms(kept.length())) })
    });
    let copies = request.keep.copies().filter(|_| plan.path.makes_copies()).map(|kept| {
        let copies = copies_made(&plan.path, spec.id);
        Aftercare { copies, ..after(StepName::RemoveCopies, as_ms(kept.length())) }
    });
    retire.into_iter().chain(expire).chain(copies).collect()
}

fn restored(request: &Request, job: JobId, resource_id: &str) -> Leaving {
    let name = request.target.cluster.clone();
    let last_name = names::leaving(&name, job);
    Leaving { name, last_name, resource_id: resource_id.to_owned() }
}
