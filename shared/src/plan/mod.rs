//! The planner: `plan(request, facts) -> Plan`, pure. It encodes what AWS demands and says why.

mod calls;
mod checks;
pub mod names;
mod path;
mod settings;

pub use calls::{Change, StepCalls, calls, calls_later};
pub use path::{Hop, Path};
pub use settings::ClusterSettings;

use crate::facts::{ClusterFacts, SourceFacts, Standing};
use crate::fault::{Fault, Faults};
use crate::ids::{ClusterId, JobId};
use crate::request::{IfExists, InstanceSpec, Request};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

macro_rules! step_names {
    ($($(#[$doc:meta])* $name:ident => $text:literal,)*) => {
        /// The steps. A step is one of these and one file in the worker; the compiler lists
        /// everything else that must change when one is added.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum StepName { $($(#[$doc])* $name,)* }

        impl StepName {
            /// All steps.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name, as stored and printed.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

step_names! {
    /// The source pinned and the plan made.
    ResolveSource => "resolve_source",
    /// Name, groups, quotas and approval checked before hours are spent.
    CheckTarget => "check_target",
    /// A copy that can be shared, where the source itself cannot.
    MakeShareable => "make_shareable",
    /// The target's account let in.
    ShareSnapshot => "share_snapshot",
    /// A copy in the target's account and Region.
    CopySnapshot => "copy_snapshot",
    /// The cluster restored with all its settings.
    RestoreCluster => "restore_cluster",
    /// Its instances created.
    CreateInstances => "create_instances",
    /// The master password set, users and grants made.
    SetCredentials => "set_credentials",
    /// Everything masked that must be, and proven so.
    MaskData => "mask_data",
    /// Every check run, evidence kept.
    VerifyRestore => "verify_restore",
    /// All members of the restore set verified, too.
    JoinSet => "join_set",
    /// The real security groups attached.
    OpenAccess => "open_access",
    /// The old cluster renamed away, the new one renamed in.
    SwapIn => "swap_in",
    /// Snapshot copies that are no longer kept deleted.
    RemoveCopies => "remove_copies",
    /// The replaced cluster deleted, by its immutable id.
    RetireOld => "retire_old",
    /// A throw-away copy deleted when its time is over.
    Expire => "expire",
    /// A failed job given up that nobody has retried, before what it made is removed.
    GiveUp => "give_up",
    /// Those who asked are told.
    Notify => "notify",
}

impl fmt::Display for StepName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for StepName {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|s| s.as_str() == text).copied();
        found.ok_or_else(|| format!("{text:?} is no step this release knows"))
    }
}

/// One step of a plan, with what must come before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// Which step.
    pub name: StepName,
    /// These must be done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<StepName>,
    /// These must at least have been started: their effect is under way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub behind: Vec<StepName>,
}

/// A plan: a small DAG of steps, and everything the steps need to know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The steps, in an order in which they can run.
    pub steps: Vec<PlannedStep>,
    /// What is known of the source.
    pub facts: SourceFacts,
    /// How the source gets to where it is restored.
    #[serde(default)]
    pub path: Path,
    /// The settings the restored cluster gets.
    pub settings: ClusterSettings,
    /// The security groups that it has until it is masked and verified; none: its own from the start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closed_groups: Vec<String>,
    /// Its instances, the writer first.
    pub instances: Vec<InstanceSpec>,
    /// The cluster that it replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Standing>,
    /// Why it is done this way, one sentence each.
    pub why: Vec<String>,
}

/// The first step of every job. It makes the plan, so it is known before there is one.
pub const FIRST_STEP: StepName = StepName::ResolveSource;

impl Plan {
    /// How many instances the plan makes.
    #[must_use]
    pub fn instance_count(&self) -> usize {
        self.instances.iter().map(|i| usize::from(i.count)).sum()
    }

    /// The name under which the cluster is restored: beside the one that it replaces, or its own.
    #[must_use]
    pub fn restored_as(&self, target: &ClusterId, job: JobId) -> ClusterId {
        match self.replaces {
            Some(_) => names::beside(target, job),
            None => target.clone(),
        }
    }

    /// The settings that the cluster is restored with: until access is opened, groups that let in the
    /// workers only, and no protection from deletion.
    #[must_use]
    pub fn first_settings(&self) -> ClusterFacts {
        let settings = self.settings.cluster.clone();
        if self.closed_groups.is_empty() {
            return settings;
        }
        let security_groups = self.closed_groups.clone();
        ClusterFacts { security_groups, deletion_protection: false, ..settings }
    }

    /// The same for a member of a restore set: what follows the proof waits for the other members.
    #[must_use]
    pub fn in_set(mut self) -> Self {
        join_set(&mut self.steps);
        let why = "It is a member of a restore set: it is handed over when all members are verified, or none is.";
        self.why.push(why.into());
        self
    }

    /// Whether a step is in it.
    #[must_use]
    pub fn has(&self, step: StepName) -> bool {
        self.steps.iter().any(|s| s.name == step)
    }
}

/// Makes the plan of a request.
///
/// # Errors
/// [`Faults`]: everything that makes it impossible, each with what to change.
pub fn plan(request: &Request, facts: &SourceFacts) -> Result<Plan, Faults> {
    let mut faults = checks::all(request, facts);
    let (path, mut why) = path::choose(request, facts).unwrap_or_else(|fault| {
        faults.push(fault);
        (Path::default(), Vec::new())
    });
    let settings = settings::follow_source(request, facts, &path, &mut why);
    let instances = instances(request, facts, &mut why).unwrap_or_else(|fault| {
        faults.push(fault);
        Vec::new()
    });
    if !faults.is_empty() {
        return Err(Faults(faults));
    }
    let replaces = facts.taken_by.clone();
    why.extend(replacing(request, replaces.as_ref()));
    let closed_groups = match request.access.open_after_masking {
        true => facts.site.closed_groups.clone(),
        false => Vec::new(),
    };
    let swap = match (&replaces, &facts.site.protected_by) {
        (None, _) => Swap::No,
        (Some(_), None) => Swap::Yes,
        (Some(_), Some(_)) => Swap::Approved,
    };
    let steps = steps(request, &path, swap, &mut why);
    let facts = facts.clone();
    Ok(Plan { steps, facts, path, settings, closed_groups, instances, replaces, why })
}

fn replacing(request: &Request, replaces: Option<&Standing>) -> Option<String> {
    match (request.target.if_exists, replaces) {
        (IfExists::Swap, Some(_)) => Some("The target's name is taken: the new cluster is restored beside it, and the names are swapped only when it is verified.".into()),
        (IfExists::Swap, None) => Some("The target's name is free: nothing is replaced.".into()),
        (IfExists::Refuse, _) => None,
    }
}

fn instances(
    request: &Request,
    facts: &SourceFacts,
    why: &mut Vec<String>,
) -> Result<Vec<InstanceSpec>, Fault> {
    if let Some(specs) = &request.target.instances {
        why.push("A restore makes no instances: those of the request are created after it.".into());
        return Ok(specs.clone());
    }
    if facts.instances.is_empty() {
        return Err(Fault {
            path: "target.instances".into(),
            problem: "is left out, and the source cluster is gone or has none to follow".into(),
            fix: "name the instances, such as [{\"class\": \"db.r6g.large\"}]".into(),
        });
    }
    why.push("A restore makes no instances: as many as the source cluster has are created.".into());
    Ok(facts.instances.clone())
}

/// The steps that the plan of a request, or of a member of a restore set, is likely to have, in order: a
/// guess, before its facts are known.
#[must_use]
pub fn step_names(request: &Request, is_member: bool) -> Vec<StepName> {
    let share_with = request.changes_account().then(|| request.target.account.clone());
    let copy = request.changes_region().then(|| Hop {
        account: request.target.account.clone(),
        region: request.target.region.clone(),
        key: None,
    });
    let path = Path { share_with, copy, ..Path::default() };
    let swaps = request.target.if_exists == IfExists::Swap;
    let swap = if swaps { Swap::Yes } else { Swap::No };
    let mut steps = steps(request, &path, swap, &mut Vec::new());
    if is_member {
        join_set(&mut steps);
    }
    steps.into_iter().map(|step| step.name).collect()
}

/// What comes after the proof comes after all members of the restore set are verified.
fn join_set(steps: &mut Vec<PlannedStep>) {
    for step in steps.iter_mut() {
        for after in step.after.iter_mut().filter(|after| **after == StepName::VerifyRestore) {
            *after = StepName::JoinSet;
        }
    }
    let verified = steps.iter().position(|step| step.name == StepName::VerifyRestore);
    let joins = step(StepName::JoinSet, &[StepName::VerifyRestore], &[]);
    steps.insert(verified.map_or(steps.len(), |n| n + 1), joins);
}

/// Whether a plan replaces a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Swap {
    No,
    Yes,
    /// Once somebody else has approved it.
    Approved,
}

fn step(name: StepName, after: &[StepName], behind: &[StepName]) -> PlannedStep {
    PlannedStep { name, after: after.to_vec(), behind: behind.to_vec() }
}

fn steps(request: &Request, path: &Path, swap: Swap, why: &mut Vec<String>) -> Vec<PlannedStep> {
    use StepName as S;
    let mut steps = vec![step(S::ResolveSource, &[], &[])];
    steps.push(step(S::CheckTarget, &[S::ResolveSource], &[]));
    // The checks run beside the copies, but nothing is shared before it is approved.
    let mut source = if swap == Swap::Approved { S::CheckTarget } else { S::ResolveSource };
    let hops = [
        (S::MakeShareable, path.shareable.is_some()),
        (S::ShareSnapshot, path.share_with.is_some()),
        (S::CopySnapshot, path.copy.is_some()),
    ];
    for (name, _) in hops.into_iter().filter(|(_, is_needed)| *is_needed) {
        steps.push(step(name, &[source], &[]));
        source = name;
    }
    let restore_after: &[S] = match source {
        S::ResolveSource | S::CheckTarget => &[S::CheckTarget],
        _ => &[S::CheckTarget, source],
    };
    steps.push(step(S::RestoreCluster, restore_after, &[]));
    steps.push(step(S::CreateInstances, &[S::RestoreCluster], &[]));
    let mut proven_after = vec![S::CreateInstances];
    if let Some(credentials) = credentials(request) {
        steps.push(credentials);
        proven_after.push(S::SetCredentials);
        why.push(
            "The restore has no password parameter: it is set while the instances start.".into(),
        );
        if request.access.master.is_none() {
            why.push("Checks, users or masking need the master user, and no password is named: RDS makes one and keeps it in Secrets Manager.".into());
        }
    }
    if request.mask.is_some() {
        steps.push(step(S::MaskData, &proven_after, &[]));
        proven_after = vec![S::MaskData];
    }
    steps.push(step(S::VerifyRestore, &proven_after, &[]));
    let mut last = S::VerifyRestore;
    let ends = [
        (S::OpenAccess, request.access.open_after_masking),
        (S::SwapIn, swap != Swap::No),
        (S::RemoveCopies, cleans_up(request, path)),
    ];
    for (name, _) in ends.into_iter().filter(|(_, is_needed)| *is_needed) {
        steps.push(step(name, &[last], &[]));
        last = name;
    }
    steps.push(step(S::Notify, &[last], &[]));
    steps
}

/// Whether something of the path goes as soon as the cluster is verified: copies that are not kept,
/// or the share of the source itself.
fn cleans_up(request: &Request, path: &Path) -> bool {
    let goes = path.makes_copies() && request.keep.copies().is_none();
    goes || (path.share_with.is_some() && path.shareable.is_none())
}

/// Users need a database that takes connections; the master password only a cluster, but AWS
/// refuses to create instances while it is being reset.
fn credentials(request: &Request) -> Option<PlannedStep> {
    use StepName as S;
    match (request.master().is_some(), request.access.users.is_empty()) {
        (_, false) => Some(step(S::SetCredentials, &[S::CreateInstances], &[])),
        (true, true) => Some(step(S::SetCredentials, &[S::RestoreCluster], &[S::CreateInstances])),
        (false, true) => None,
    }
}

#[cfg(test)]
mod tests;
