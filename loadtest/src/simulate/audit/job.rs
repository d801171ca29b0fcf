//! What the auditor knows of a job.

use super::chain::Link;
use super::state::State;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A job, from the writes that were seen.
#[derive(Debug, Default)]
pub(super) struct Job {
    pub(super) state: Option<State>,
    /// Its request, as first stored.
    pub(super) request: Option<String>,
    /// The cluster it restores to.
    pub(super) target: String,
    /// The slot of that.
    pub(super) slot: String,
    /// Its plans by sort key.
    pub(super) plans: BTreeMap<String, String>,
    /// What its first event follows.
    pub(super) genesis: String,
    /// Its events by sort key.
    pub(super) events: BTreeMap<String, Link>,
    /// Writes of its state that an event tells of.
    pub(super) told: u32,
    /// Who has claimed which epoch.
    pub(super) claimers: BTreeMap<i64, String>,
    /// Claims since the last commit.
    pub(super) open_claims: u32,
    /// Ticks that ended without the slot it wants, although its holder had ended.
    pub(super) vain_waits: u32,
    /// The epoch in which it was last seen to have ended.
    pub(super) ended_epoch: Option<i64>,
    /// The wake-up numbers that pointers to it were sent for, and when the first of each was.
    pub(super) letters: BTreeMap<i64, i64>,
    /// Those that were sent again after SQS had forgotten the first: such a pointer may lie there
    /// although its job has gone on.
    pub(super) late_letters: BTreeSet<i64>,
    /// The immutable ids of the clusters that were restored for it, and the name of each then.
    pub(super) restored: BTreeMap<String, String>,
    /// The job that it follows, where it is aftercare.
    pub(super) follows: Option<String>,
    /// The restore set that it is a member of.
    pub(super) set: Option<String>,
    /// Clusters that a request restored which was on its way when its sender had lost the job, and came
    /// after a swap had made the name free: the failure model says that there may be such.
    pub(super) strays: BTreeSet<String>,
    /// Whether its submitter was told that it is accepted.
    pub(super) is_accepted: bool,
}

impl Job {
    pub(super) fn is_live(&self) -> bool {
        self.state.as_ref().is_some_and(State::is_live)
    }

    /// The code of its failure.
    pub(super) fn failed_code(&self) -> Option<&str> {
        let failed = self.state.as_ref().filter(|state| state.status == "failed")?;
        failed.failed_code.as_deref()
    }

    /// Whether it has failed.
    pub(super) fn has_failed(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.status == "failed")
    }

    /// Who has claimed an epoch.
    pub(super) fn claimer(&self, epoch: i64) -> Option<&str> {
        self.claimers.get(&epoch).map(String::as_str)
    }

    /// Whether a process holds its lease by the table.
    pub(super) fn is_held_by(&self, component: &str) -> bool {
        self.state.as_ref().is_some_and(|s| s.owner.as_deref() == Some(component))
    }

    /// The plan that its state names.
    pub(super) fn plan(&self) -> Option<Value> {
        let epoch = self.state.as_ref()?.plan_epoch?;
        serde_json::from_str(self.plans.get(&plan_key(epoch))?).ok()
    }

    /// How many instances its plan has.
    pub(super) fn planned_instances(&self) -> Option<u64> {
        let plan = self.plan()?;
        let counts = plan.get("instances")?.as_array()?.iter();
        Some(counts.map(|spec| spec.get("count").and_then(Value::as_u64).unwrap_or(1)).sum())
    }

    /// Takes in the request, as it lies in the item.
    pub(super) fn take_request(&mut self, request: &str) {
        let parsed: Value = serde_json::from_str(request).unwrap_or_default();
        let part = |name: &str| {
            let part = parsed.get("target").and_then(|t| t.get(name)).and_then(Value::as_str);
            part.unwrap_or_default().to_owned()
        };
        self.target = part("cluster");
        self.slot = format!("slots#{}#{}#target:{}", part("account"), part("region"), self.target);
        self.request = Some(request.to_owned());
    }
}

/// The sort key of the plan of an epoch.
pub(super) fn plan_key(epoch: i64) -> String {
    format!("plan#{epoch:08}")
}
