//! Snapshot copies and shares, and who is let in on a cluster when.

use super::Invariant;
use super::book::Book;
use super::effects::job_of;
use super::job::Job;
use super::state_rules::Findings;
use aurora_restore_local::params::Params;
use aurora_restore_local::rds::model::{Place, Snapshot};
use aurora_restore_local::witness::Seen;
use aurora_restore_local::world::World;
use serde_json::Value;
use std::collections::BTreeSet;

/// What the names of parameters begin with that attach security groups.
pub(super) const GROUPS: &str = "VpcSecurityGroupIds.";

/// Whether a call attaches security groups.
pub(super) fn opens(params: &Params) -> bool {
    params.iter().any(|(name, _)| name.starts_with(GROUPS))
}

/// The security groups that a call names.
fn groups(params: &Params) -> BTreeSet<String> {
    let named = params.iter().filter(|(name, _)| name.starts_with(GROUPS));
    named.map(|(_, group)| group.to_owned()).collect()
}

impl Book {
    /// A snapshot was copied: for a job, under a name of that job.
    pub(super) fn copied(&mut self, params: &Params, wrong: &mut Findings) -> Option<String> {
        let name = params.get("TargetDBClusterSnapshotIdentifier").unwrap_or_default();
        let id = self.job_tagged(params, "copied", wrong)?;
        if !name.contains(&id[id.len().saturating_sub(8)..]) {
            let text = format!("copy {name} does not have the name of job {id}");
            wrong.push((Invariant::OnlyOwnResources, text));
        }
        self.copies.insert(name.to_owned(), id.clone());
        self.sightings.copies += 1;
        Some(id)
    }

    /// A snapshot is to go, or somebody is let in on it or out again: a copy of ours may go, and one
    /// account of ours is let in.
    pub(super) fn copy_changed(&self, seen: &Seen<'_>, params: &Params, wrong: &mut Findings) {
        let id = params.get("DBClusterSnapshotIdentifier").unwrap_or_default();
        if seen.call.operation == "DeleteDBClusterSnapshot" {
            if !self.copies.contains_key(id) {
                let text = format!("snapshot {id} was to go, which is no copy of ours");
                wrong.push((Invariant::NothingIsDestroyed, text));
            }
            return;
        }
        let given = params.iter().filter(|(name, _)| name.starts_with("ValuesTo"));
        let is_ours = |account: &str| self.setting.places().any(|(ours, _)| ours == account);
        for (_, account) in given.filter(|(_, account)| !is_ours(account)) {
            let text = format!("{id} was to be shared with {account}, or no longer");
            wrong.push((Invariant::OnlyOwnResources, text));
        }
    }

    /// Security groups were attached to a cluster.
    pub(super) fn opened(&mut self, seen: &Seen<'_>, wrong: &mut Findings) -> Option<String> {
        let cluster = self.cluster(seen.world, &seen.record.resource)?;
        let Some(id) = self.maker(cluster) else {
            let text = "a cluster was opened that no job of ours has made".to_owned();
            wrong.push((Invariant::OnlyOwnResources, text));
            return None;
        };
        let scripts = self.jobs.get(&id)?.scripts();
        let masked = self.setting.volumes.of(&cluster.resource_id).masked.len();
        if masked < scripts {
            let text = format!("job {id} opened its cluster after {masked} of {scripts} scripts");
            wrong.push((Invariant::MaskedBeforeOpened, text));
        }
        self.sightings.openings += 1;
        Some(id)
    }

    /// A cluster was restored: one that is to be masked has the closed groups.
    pub(super) fn restored_open(&self, id: &str, params: &Params) -> Option<String> {
        let closed = self.jobs.get(id)?.closed_groups();
        let given = groups(params);
        (!closed.is_empty() && given != closed)
            .then(|| format!("job {id} restored with groups {given:?}, closed are {closed:?}"))
    }

    /// In the end, a job that succeeded has left no copy that is not kept, and nobody is let in on the
    /// source when no job that needs that is left.
    pub(super) fn left_copies(&self, world: &World) -> Findings {
        let mut found = Findings::new();
        for (_, snapshot) in world.rds.snapshots() {
            let Some(id) = job_of(&snapshot.tags) else { continue };
            let Some(job) = self.jobs.get(id) else { continue };
            let has_succeeded = job.state.as_ref().is_some_and(|s| s.status == "succeeded");
            let is_leaving = snapshot.status.as_str() == "deleting";
            if has_succeeded && !is_leaving && !job.keeps_copies() {
                let text = format!("job {id} has left snapshot copy {}", snapshot.identifier);
                found.push((Invariant::OnlyTheDeclaredResult, text));
            }
        }
        let needs_share = |job: &Job| job.shares() && job.has_failed();
        if !self.jobs.values().any(needs_share) {
            let is_shared = |(_, s): &(&Place, &Snapshot)| {
                job_of(&s.tags).is_none() && !s.shared_with.is_empty()
            };
            if let Some((_, snapshot)) = world.rds.snapshots().find(is_shared) {
                let text = format!("{} is still shared", snapshot.identifier);
                found.push((Invariant::OnlyTheDeclaredResult, text));
            }
        }
        found
    }
}

impl Job {
    /// How many scripts mask its data.
    fn scripts(&self) -> usize {
        self.asked()["mask"]["scripts"].as_array().map_or(0, Vec::len)
    }

    fn asked(&self) -> Value {
        serde_json::from_str(self.request.as_deref().unwrap_or_default()).unwrap_or_default()
    }

    /// The groups that its cluster has until it is masked.
    fn closed_groups(&self) -> BTreeSet<String> {
        let plan = self.plan().unwrap_or_default();
        let groups = plan["closed_groups"].as_array().cloned().unwrap_or_default();
        groups.iter().filter_map(|group| group.as_str().map(str::to_owned)).collect()
    }

    /// Whether its cluster is a throw-away copy.
    pub(super) fn expires(&self) -> bool {
        self.asked()["keep"]["restored"].is_string()
    }

    /// Whether its request keeps the copies that it makes.
    fn keeps_copies(&self) -> bool {
        self.asked()["keep"]["snapshot_copies"].is_string()
    }

    /// Whether it lets another account in on its source.
    fn shares(&self) -> bool {
        self.plan().is_some_and(|plan| plan["path"]["share_with"].is_string())
    }
}
