//! The planner: `plan(request, facts) -> Plan`, pure. It encodes what AWS demands and says why.

mod settings;

pub use settings::ClusterSettings;

use crate::facts::SourceFacts;
use crate::fault::{Fault, Faults};
use crate::request::{InstanceSpec, Request};
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
    /// Name, groups and quotas checked before hours are spent.
    CheckTarget => "check_target",
    /// The cluster restored with all its settings.
    RestoreCluster => "restore_cluster",
    /// Its instances created.
    CreateInstances => "create_instances",
    /// The master password set.
    SetCredentials => "set_credentials",
    /// Everything masked that must be, and proven so.
    MaskData => "mask_data",
    /// Every check run, evidence kept.
    VerifyRestore => "verify_restore",
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
    /// The settings the restored cluster gets.
    pub settings: ClusterSettings,
    /// Its instances, the writer first.
    pub instances: Vec<InstanceSpec>,
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
}

/// Makes the plan of a request.
///
/// # Errors
/// [`Faults`]: everything that makes it impossible, each with what to change.
pub fn plan(request: &Request, facts: &SourceFacts) -> Result<Plan, Faults> {
    let mut faults = check_engine(request, facts);
    let mut why = vec![chosen(facts)];
    let settings = settings::follow_source(request, facts, &mut why);
    let instances = instances(request, facts, &mut why).unwrap_or_else(|fault| {
        faults.push(fault);
        Vec::new()
    });
    if faults.is_empty() {
        let steps = steps(request, &mut why);
        Ok(Plan { steps, facts: facts.clone(), settings, instances, why })
    } else {
        Err(Faults(faults))
    }
}

fn chosen(facts: &SourceFacts) -> String {
    let SourceFacts { snapshot_id, created_at, allocated_gib, .. } = facts;
    format!(
        "Restores snapshot {snapshot_id} of {created_at} ({allocated_gib} GiB) in place: same account and Region, so no copy is needed."
    )
}

fn check_engine(request: &Request, facts: &SourceFacts) -> Vec<Fault> {
    let mut faults = Vec::new();
    if facts.engine != "aurora-postgresql" {
        faults.push(Fault {
            path: "source".into(),
            problem: format!("is a snapshot of engine {:?}", facts.engine),
            fix: "this release restores aurora-postgresql".into(),
        });
    }
    let major = |version: &str| version.split('.').next().unwrap_or_default().parse::<u32>().ok();
    if let Some(wanted) = &request.target.engine_version
        && major(wanted) < major(&facts.engine_version)
    {
        faults.push(Fault {
            path: "target.engine_version".into(),
            problem: format!("is {wanted}, below the snapshot's {}", facts.engine_version),
            fix: "a restore never goes back to an older major version".into(),
        });
    }
    faults
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

/// The steps that the plan of a request has, in order: known before its facts are.
#[must_use]
pub fn step_names(request: &Request) -> Vec<StepName> {
    steps(request, &mut Vec::new()).into_iter().map(|step| step.name).collect()
}

fn step(name: StepName, after: &[StepName], behind: &[StepName]) -> PlannedStep {
    PlannedStep { name, after: after.to_vec(), behind: behind.to_vec() }
}

fn steps(request: &Request, why: &mut Vec<String>) -> Vec<PlannedStep> {
    use StepName as S;
    let mut steps = vec![
        step(S::ResolveSource, &[], &[]),
        step(S::CheckTarget, &[S::ResolveSource], &[]),
        step(S::RestoreCluster, &[S::CheckTarget], &[]),
        step(S::CreateInstances, &[S::RestoreCluster], &[]),
    ];
    let mut proven_after = vec![S::CreateInstances];
    if request.access.master.is_some() {
        // Instances first: AWS refuses to create them while the password is being reset.
        steps.push(step(S::SetCredentials, &[S::RestoreCluster], &[S::CreateInstances]));
        proven_after.push(S::SetCredentials);
        why.push(
            "The restore has no password parameter: it is set while the instances start.".into(),
        );
    }
    steps.push(step(S::VerifyRestore, &proven_after, &[]));
    steps.push(step(S::Notify, &[S::VerifyRestore], &[]));
    steps
}

#[cfg(test)]
mod tests;
