//! Swaps: which renames and deletions there may be, and that the replaced cluster lives until it may go.

use super::Invariant;
use super::book::Book;
use super::effects::NEW_NAME;
use super::job::Job;
use super::state::State;
use super::state_rules::Findings;
use crate::simulate::knobs::WIDEST_SKEW_MS;
use aurora_restore_local::params::Params;
use aurora_restore_local::rds::model::Cluster;
use aurora_restore_local::witness::Seen;
use aurora_restore_local::world::World;

/// A replaced cluster is kept so long at the least, milliseconds: an hour, by clocks of which one may
/// be behind and another ahead, and be put forward besides.
const LEAST_KEPT_MS: i64 = 3_600_000 - 3 * WIDEST_SKEW_MS;

/// So long after its job has ended a throw-away copy is gone, milliseconds: both times that it is kept
/// for, what clocks are wrong by, and the deletions.
const LONGEST_GOING_MS: i64 = 2 * 3_600_000 + 3 * WIDEST_SKEW_MS + 3_600_000;

/// The name that a job's cluster has beside the one that it replaces.
pub(super) fn beside(target: &str, job: &str) -> String {
    format!("{target}-new-{}", short(job))
}

/// The name that the replaced one has from then on.
fn replaced(target: &str, job: &str) -> String {
    format!("{target}-old-{}", short(job))
}

/// The name that a cluster has before it is deleted.
pub(super) fn gone(target: &str, job: &str) -> String {
    format!("{target}-gone-{}", short(job))
}

/// The last eight digits of a job's id.
fn short(job: &str) -> &str {
    job.get(job.len().saturating_sub(8)..).unwrap_or(job)
}

/// What a rename of a swap does.
enum Rename {
    OldAway,
    NewIn,
    /// A restore set goes back.
    NewAway,
    OldBack,
    /// The job is given up.
    Gone,
}

impl Book {
    /// A cluster is to have another name: only as a swap of its job demands.
    pub(super) fn renamed(
        &self,
        seen: &Seen<'_>,
        params: &Params,
        is_done: bool,
        wrong: &mut Findings,
    ) -> Option<String> {
        let lower = |name| params.get(name).unwrap_or_default().to_ascii_lowercase();
        let (from, to) = (lower("DBClusterIdentifier"), lower(NEW_NAME));
        let Some((id, job, rename)) = self.swap_that_renames(&from, &to) else {
            let text = format!("{from} was to be renamed to {to}, which no swap demands");
            wrong.push((Invariant::NothingIsDestroyed, text));
            return None;
        };
        if !is_done {
            return None;
        }
        let cluster = self.cluster(seen.world, &from).or_else(|| self.cluster(seen.world, &to));
        let resource_id = cluster.map(|c| c.resource_id.as_str()).unwrap_or_default();
        let is_right = match rename {
            Rename::NewIn | Rename::NewAway => job.restored.contains_key(resource_id),
            Rename::Gone => job.may_go(seen.record.at_ms) && job.restored.contains_key(resource_id),
            Rename::OldAway | Rename::OldBack => job.replaces().as_deref() == Some(resource_id),
        };
        if !is_right {
            let text = format!("{from} ({resource_id}) is not what job {id} is to rename to {to}");
            wrong.push((Invariant::NothingIsDestroyed, text));
        }
        if matches!(rename, Rename::OldAway) && !job.is_proven() {
            let text = format!("job {id} renamed {from} away before its own cluster was verified");
            wrong.push((Invariant::NothingIsDestroyed, text));
        }
        if matches!(rename, Rename::OldAway | Rename::NewIn)
            && let Some(text) = self.swaps_alone(id, job)
        {
            wrong.push((Invariant::SetsAreWhole, text));
        }
        // What is given up goes by a job of its own.
        (!matches!(rename, Rename::Gone)).then(|| id.clone())
    }

    fn swap_that_renames(&self, from: &str, to: &str) -> Option<(&String, &Job, Rename)> {
        self.jobs.iter().find_map(|(id, job)| {
            let (target, old) = (&job.target, replaced(&job.target, id));
            let rename = match (from, to) {
                _ if from == target && to == old => Rename::OldAway,
                _ if from == beside(target, id) && to == target => Rename::NewIn,
                _ if from == target && to == beside(target, id) => Rename::NewAway,
                _ if from == old && to == target => Rename::OldBack,
                _ if from == target && to == gone(target, id) => Rename::Gone,
                _ => return None,
            };
            Some((id, job, rename))
        })
    }

    /// A cluster or an instance of one is to go: only a replaced one or a throw-away copy, when its time
    /// is over, or what a job has made that was given up.
    pub(super) fn retired(&self, seen: &Seen<'_>, params: &Params, wrong: &mut Findings) {
        let given = params.get("DBClusterIdentifier").map(str::to_ascii_lowercase);
        let instance = params.get("DBInstanceIdentifier").unwrap_or_default();
        let of_instance = || {
            let mut all = seen.world.rds.instances();
            all.find(|(_, i)| i.identifier == instance).map(|(_, i)| i.cluster.clone())
        };
        let name = given.or_else(of_instance).unwrap_or_default();
        let there = self.cluster(seen.world, &name);
        let may_go = self.jobs.iter().any(|(id, job)| {
            let is_over = job.has_ended_before(seen.record.at_ms - LEAST_KEPT_MS);
            let is_old = |c: &Cluster| job.replaces().as_ref() == Some(&c.resource_id);
            let is_new = |c: &Cluster| job.restored.contains_key(&c.resource_id);
            let is_stray = |c: &Cluster| job.strays.contains(&c.resource_id);
            if is_over && name == beside(&job.target, id) && there.is_some_and(is_stray) {
                return true;
            }
            if name == replaced(&job.target, id) {
                is_over && there.is_none_or(is_old)
            } else {
                let is_its = name == beside(&job.target, id) || name == gone(&job.target, id);
                is_its && job.may_go(seen.record.at_ms) && there.is_none_or(is_new)
            }
        });
        if !may_go {
            let text = format!("{name} {instance} was to go, and may not");
            wrong.push((Invariant::NothingIsDestroyed, text));
        }
    }

    /// In the end, the cluster that a job was to replace is there: under its own name, or under the one
    /// that it was given.
    pub(super) fn old_ones(&self, world: &World, touched: impl Fn(&str) -> bool) -> Findings {
        let mut found = Findings::new();
        for (id, job) in &self.jobs {
            let Some(old) = job.replaces().filter(|_| !touched(&job.target)) else { continue };
            let names = [job.target.clone(), replaced(&job.target, id)];
            let is_it = |c: &Cluster| c.resource_id == old && names.contains(&c.identifier);
            let is_there = world.rds.clusters().any(|(_, c)| is_it(c));
            let may_be_gone = job.has_ended_before(self.now_ms - LEAST_KEPT_MS);
            if !is_there && !may_be_gone {
                let text = format!("{old}, which job {id} was to replace, is gone");
                found.push((Invariant::NothingIsDestroyed, text));
            }
        }
        found
    }
}

impl Job {
    /// The immutable id of the cluster that its plan replaces.
    pub(super) fn replaces(&self) -> Option<String> {
        let old = self.plan()?;
        old.get("replaces")?.get("resource_id")?.as_str().map(str::to_owned)
    }

    /// Whether it is a throw-away copy whose time may be over: each is kept for an hour.
    pub(super) fn has_expired(&self, now_ms: i64) -> bool {
        let has_succeeded = self.state.as_ref().is_some_and(|s| s.status == "succeeded");
        has_succeeded && self.expires() && self.has_ended_before(now_ms - LEAST_KEPT_MS)
    }

    /// Whether what it has restored may go.
    pub(super) fn may_go(&self, now_ms: i64) -> bool {
        self.is_given_up() || self.has_expired(now_ms)
    }

    /// Whether it must be gone by now: it was kept for an hour, and for another one under its last name.
    pub(super) fn has_outlived(&self, now_ms: i64) -> bool {
        self.has_expired(now_ms) && self.has_ended_before(now_ms - LONGEST_GOING_MS)
    }

    /// Whether it was given up.
    pub(super) fn is_given_up(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.is_given_up)
    }

    /// Whether it has succeeded, or failed and was given up, and ended before this moment.
    fn has_ended_before(&self, at_ms: i64) -> bool {
        let over = |s: &&State| s.status == "succeeded" || s.is_given_up;
        let ended = self.state.as_ref().filter(over).and_then(|state| state.ended_at);
        ended.is_some_and(|ended| ended <= at_ms)
    }

    /// Whether a commit has said that its cluster is verified.
    pub(super) fn is_proven(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.done().any(|step| step == "verify_restore"))
    }
}
