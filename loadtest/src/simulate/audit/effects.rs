//! Effects on RDS.

use super::Invariant;
use super::book::Book;
use super::copies::{GROUPS, opens};
use super::job::Job;
use super::state::State;
use super::state_rules::Findings;
use super::swaps::beside;
use aurora_restore_local::params::Params;
use aurora_restore_local::rds::model::{Cluster, Instance, Place, Tags};
use aurora_restore_local::witness::Seen;
use aurora_restore_local::world::World;

/// The tag that everything carries that a job makes.
pub(super) const JOB_TAG: &str = "aurora-restore:job";

/// The parameter of a call that sets a password.
pub(super) const PASSWORD: &str = "MasterUserPassword";
/// That of one that has RDS make and keep one.
const MANAGED: &str = "ManageMasterUserPassword";
/// That of one that renames.
pub(super) const NEW_NAME: &str = "NewDBClusterIdentifier";

/// The step that restores.
const RESTORED: &str = "restore_cluster";

/// What calls that change a cluster consist of.
const KNOWN_PARAMS: [&str; 8] = [
    "Action",
    "Version",
    "DBClusterIdentifier",
    PASSWORD,
    NEW_NAME,
    MANAGED,
    "DeletionProtection",
    "ApplyImmediately",
];

impl Book {
    /// One of ours has called RDS.
    pub(super) fn rds_called(&mut self, seen: &Seen<'_>) {
        let operation = seen.call.operation.as_str();
        if operation.starts_with("Describe") || operation.starts_with("List") {
            return;
        }
        let params = Params::parse(&seen.request.body);
        let is_done = seen.record.outcome == "ok";
        let mut wrong = destroyed(operation, &params);
        if is_done && self.setting.source_clusters.contains(&seen.record.resource) {
            wrong.push((Invariant::NothingIsDestroyed, "a source was changed".into()));
        }
        let job = match operation {
            "RestoreDBClusterFromSnapshot" | "RestoreDBClusterToPointInTime" if is_done => {
                self.restored(seen, &params, &mut wrong)
            }
            "ModifyDBCluster" if params.get(NEW_NAME).is_some() => {
                self.renamed(seen, &params, is_done, &mut wrong)
            }
            "CreateDBInstance" if is_done => self.instance_made(seen, &params, &mut wrong),
            "ModifyDBCluster" if sets_password(&params) => {
                if is_done {
                    self.password_set(seen, &mut wrong)
                } else {
                    None
                }
            }
            "CopyDBClusterSnapshot" if is_done => self.copied(&params, &mut wrong),
            "DeleteDBClusterSnapshot" | "ModifyDBClusterSnapshotAttribute" => {
                self.copy_changed(seen, &params, &mut wrong);
                None
            }
            "ModifyDBCluster" if opens(&params) => {
                if is_done {
                    self.opened(seen, &mut wrong)
                } else {
                    None
                }
            }
            "ModifyDBCluster" | "DeleteDBCluster" | "DeleteDBInstance" | "StartDBCluster" => {
                self.retired(seen, &params, &mut wrong);
                None
            }
            _ => None,
        };
        if let Some(job) = job {
            self.worked_for(seen, &job, &mut wrong);
        }
        for (invariant, text) in wrong {
            self.report(seen.record, invariant, text);
        }
    }

    /// An effect for a job: whoever holds the job works on a target whose slot it holds. The late
    /// effect of one who does not hold it any more is counted; what it does is judged like any.
    fn worked_for(&mut self, seen: &Seen<'_>, id: &str, wrong: &mut Findings) {
        let Some(job) = self.jobs.get(id) else { return };
        if !job.claimers.values().any(|claimer| claimer == seen.component) {
            let text = format!("it belongs to job {id}, which the caller has never claimed");
            wrong.push((Invariant::OnlyOwnResources, text));
        }
        if !job.is_held_by(seen.component) {
            self.sightings.late_effects += 1;
        } else if !self.is_holder(&job.slot, id) {
            let text = format!("job {id} works on {} without holding its slot", job.target);
            wrong.push((Invariant::OneJobPerTarget, text));
        }
    }

    /// The job whose tag something is made with.
    pub(super) fn job_tagged(
        &self,
        params: &Params,
        made: &str,
        wrong: &mut Findings,
    ) -> Option<String> {
        let id = tagged(params).filter(|id| self.jobs.contains_key(id));
        if id.is_none() {
            let text = format!("{made} without the tag of a job");
            wrong.push((Invariant::OnlyOwnResources, text));
        }
        id
    }

    fn restored(
        &mut self,
        seen: &Seen<'_>,
        params: &Params,
        wrong: &mut Findings,
    ) -> Option<String> {
        let name = &seen.record.resource;
        let id = self.job_tagged(params, "restored", wrong)?;
        let job = self.jobs.entry(id.clone()).or_default();
        let target = job.target.clone();
        // One that has another name now was taken away by people, or swapped in.
        let is_there = |(known, name): &(&String, &String)| {
            let has_name = |c: &Cluster| c.identifier == **name || c.identifier == target;
            let is_it = |c: &Cluster| c.resource_id == **known && has_name(c);
            seen.world.rds.clusters().any(|(_, cluster)| is_it(cluster))
        };
        // Whoever holds the job knows that it is done: the request is one of an earlier tick.
        let has_restored = job.state.as_ref().is_some_and(|s| s.done().any(|s| s == RESTORED));
        let is_old = !job.is_held_by(seen.component) || has_restored;
        let is_late = is_old && beside(&target, &id) == *name;
        let earlier = job.restored.iter().find(is_there).map(|(earlier, _)| earlier.clone());
        let is_stray = is_late && earlier.is_some();
        // A plan that was not committed before people took the target away is made anew, otherwise.
        let is_excused = is_stray || self.moved.contains(&target);
        if let Some(earlier) = earlier.filter(|_| !is_excused) {
            let text = format!("job {id} has {earlier} already");
            wrong.push((Invariant::OneClusterPerJob, text));
        } else if !job.restored.is_empty() {
            self.sightings.restores_after_loss += 1;
        }
        if let Some(text) = self.restored_open(&id, params) {
            wrong.push((Invariant::MaskedBeforeOpened, text));
        }
        if target != *name && beside(&target, &id) != *name {
            let text = format!("job {id} is for {target}");
            wrong.push((Invariant::OnlyOwnResources, text));
        }
        if let Some(cluster) = self.cluster(seen.world, name) {
            let resource_id = cluster.resource_id.clone();
            let job = self.jobs.entry(id.clone()).or_default();
            if is_stray {
                job.strays.insert(resource_id.clone());
            }
            job.restored.insert(resource_id, name.clone());
        }
        Some(id)
    }

    fn instance_made(
        &mut self,
        seen: &Seen<'_>,
        params: &Params,
        wrong: &mut Findings,
    ) -> Option<String> {
        let name = &seen.record.resource;
        let id = self.job_tagged(params, "created", wrong)?;
        let parent = params.get("DBClusterIdentifier").unwrap_or_default().to_ascii_lowercase();
        let cluster = self.cluster(seen.world, &parent);
        if cluster.is_none_or(|cluster| self.maker(cluster).as_ref() != Some(&id)) {
            let text = format!("created for job {id} in {parent}, which that job has not made");
            wrong.push((Invariant::OnlyOwnResources, text));
        }
        let all: Vec<_> = seen.world.rds.instances().map(|(_, instance)| instance).collect();
        let made = all.iter().find(|instance| instance.identifier == *name);
        let resource_id = made.map(|instance| instance.resource_id.clone()).unwrap_or_default();
        if let Some(earlier) = self.instances.insert(name.clone(), resource_id)
            && all.iter().any(|instance| instance.resource_id == earlier)
        {
            let text = "created twice".to_owned();
            wrong.push((Invariant::OneClusterPerJob, text));
        }
        let is_its =
            |i: &&&Instance| job_of(&i.tags) == Some(&id) && i.status.as_str() != "deleting";
        let count = u64::try_from(all.iter().filter(is_its).count()).ok();
        let planned = self.jobs.get(&id).and_then(Job::planned_instances);
        if planned.is_some() && count > planned {
            let text = format!("job {id} has {count:?} instances, planned {planned:?}");
            wrong.push((Invariant::OneClusterPerJob, text));
        }
        Some(id)
    }

    fn password_set(&mut self, seen: &Seen<'_>, wrong: &mut Findings) -> Option<String> {
        let cluster = self.cluster(seen.world, &seen.record.resource)?;
        let Some(id) = self.maker(cluster) else {
            let text = "a cluster was changed that no job of ours has made".to_owned();
            wrong.push((Invariant::OnlyOwnResources, text));
            return None;
        };
        let state = self.jobs.get(&id).and_then(|job| job.state.as_ref());
        if state.and_then(State::resource_id) != Some(&cluster.resource_id) {
            let text = format!("no commit of job {id} has recorded {}", cluster.resource_id);
            wrong.push((Invariant::IntentBeforeEffect, text));
        }
        Some(id)
    }

    /// The cluster of a name.
    pub(super) fn cluster<'w>(&self, world: &'w World, name: &str) -> Option<&'w Cluster> {
        let Self { setting, .. } = self;
        let is_here =
            |place: &Place| setting.places().any(|here| here == (&*place.account, &*place.region));
        let is_it =
            |(place, cluster): &(&Place, &Cluster)| cluster.identifier == name && is_here(place);
        world.rds.clusters().find(is_it).map(|(_, cluster)| cluster)
    }

    /// The job that a cluster was restored for, as was seen: neither a tag nor a record makes
    /// something that another has made one's own.
    pub(super) fn maker(&self, cluster: &Cluster) -> Option<String> {
        let mut jobs = self.jobs.iter();
        jobs.find(|(_, job)| job.restored.contains_key(&cluster.resource_id))
            .map(|(id, _)| id.clone())
    }
}

fn sets_password(params: &Params) -> bool {
    [PASSWORD, MANAGED].iter().any(|name| params.get(name).is_some())
}

/// The job whose tag something carries.
pub(super) fn job_of(tags: &Tags) -> Option<&String> {
    tags.get(JOB_TAG)
}

/// The job whose tag a call gives to what it makes.
fn tagged(params: &Params) -> Option<String> {
    let tags = params.structs("Tags.Tag");
    let tag = tags.iter().find(|tag| tag.get("Key") == Some(JOB_TAG))?;
    tag.get("Value").map(str::to_owned)
}

/// What this release never does, whether or not it is let.
fn destroyed(operation: &str, params: &Params) -> Findings {
    let wrong = |text: String| vec![(Invariant::NothingIsDestroyed, text)];
    match operation {
        "RestoreDBClusterFromSnapshot"
        | "RestoreDBClusterToPointInTime"
        | "CreateDBInstance"
        | "DeleteDBInstance"
        | "DeleteDBCluster"
        | "StartDBCluster"
        | "CopyDBClusterSnapshot"
        | "DeleteDBClusterSnapshot"
        | "ModifyDBClusterSnapshotAttribute" => Findings::new(),
        "ModifyDBCluster" => {
            let is_known = |name: &str| KNOWN_PARAMS.contains(&name) || name.starts_with(GROUPS);
            let other = params.iter().find(|(name, _)| !is_known(name));
            other.map(|(name, _)| wrong(format!("{name} was changed"))).unwrap_or_default()
        }
        _ => wrong("no step of this release calls it".into()),
    }
}
