//! What must hold in the end.

use super::Excuses;
use super::Invariant;
use super::acks::Said;
use super::book::Book;
use super::effects::job_of;
use super::job::Job;
use super::state::State;
use super::state_rules::Findings;
use super::swaps::{beside, gone};
use aurora_restore_local::rds::model::{Cluster, Instance};
use aurora_restore_local::world::World;
use std::collections::BTreeMap;

impl Book {
    /// Judges the end.
    pub(super) fn finish(&mut self, world: &World, excuses: &Excuses) {
        let mut found = Findings::new();
        let codes = excused(excuses);
        let made = made(world);
        for (id, job) in &self.jobs {
            if job.is_accepted {
                let codes = (&codes, self.is_set_against(job));
                ended(id, job, codes, excuses, &mut found);
                job.is_chained(id, &mut found);
            }
            let is_judged = job.follows.is_none();
            if is_judged && !excuses.touched_targets.contains(&job.target) {
                let made = made.get(id);
                result(id, job, made.unwrap_or(&Made::default()), self.now_ms, &mut found);
                if excuses.has_lingered {
                    found.extend(outlived(id, job, made, self.now_ms));
                }
            }
        }
        self.letters(world, excuses, &mut found);
        self.sources(world, excuses, &mut found);
        found.extend(self.sets(world, excuses));
        found.extend(self.left_copies(world));
        found.extend(self.old_ones(world, |target| excuses.touched_targets.contains(target)));
        for (invariant, text) in found {
            self.report_at_end(invariant, text);
        }
    }

    /// A job that ends well has waited for what it makes.
    pub(super) fn finished_early(&self, world: &World, id: &str) -> Option<String> {
        let is_its = |tags| job_of(tags).is_some_and(|tag| tag == id);
        let is_stray =
            |c: &Cluster| self.jobs.get(id).is_some_and(|job| job.strays.contains(&c.resource_id));
        let declared = world.rds.clusters().filter(|(_, c)| !is_stray(c));
        let mut clusters = declared.map(|(_, c)| (&c.tags, &c.identifier, &c.status));
        let mut instances = world.rds.instances().map(|(_, i)| (&i.tags, &i.identifier, &i.status));
        let mut all = clusters.by_ref().chain(instances.by_ref());
        let unready = all.find(|(tags, _, status)| is_its(tags) && status.as_str() == "creating");
        unready.map(|(_, name, _)| format!("job {id} has succeeded while {name} is being made"))
    }

    /// Pointers and failed jobs match one to one.
    fn letters(&self, world: &World, excuses: &Excuses, found: &mut Findings) {
        let mut pointers: BTreeMap<String, Vec<Option<i64>>> = BTreeMap::new();
        let account = &self.setting.account;
        let in_region = |(_, region)| world.sqs.messages(account, region, &self.dead_letters);
        for message in self.setting.places().flat_map(in_region) {
            if let Said::Pointer { job, seq } = Said::by(&message.body) {
                pointers.entry(job).or_default().push(seq);
            }
        }
        for (id, job) in &self.jobs {
            let mut there = pointers.remove(id).unwrap_or_default();
            there.dedup();
            let at = job.state.as_ref().map(|state| state.seq - 1);
            let is_its = |seq: &Option<i64>| *seq == at;
            let is_excused = |n: i64| {
                job.late_letters.contains(&n) || excuses.left_pointers.contains(&(id.clone(), n))
            };
            there.retain(|seq| is_its(seq) || !seq.is_some_and(is_excused));
            let failed = job.state.as_ref().filter(|s| s.status == "failed" && !s.letter_pending);
            let its = at.map(|n| (id.clone(), n));
            let is_lost =
                excuses.lost_letters || its.is_some_and(|its| excuses.lost_pointers.contains(&its));
            let is_right = match failed {
                Some(_) => {
                    there.iter().all(is_its) && (there.len() == 1 || (there.is_empty() && is_lost))
                }
                None => there.is_empty(),
            };
            if !is_right {
                let at = failed.and(at);
                let text = format!("job {id} failed at {at:?}, its pointers name {there:?}");
                found.push((Invariant::LettersMatch, text));
            }
        }
        let strays = pointers.into_keys();
        let stray =
            |id| (Invariant::LettersMatch, format!("a pointer to job {id}, which is not there"));
        found.extend(strays.map(stray));
    }

    /// The sources are what they were.
    fn sources(&self, world: &World, excuses: &Excuses, found: &mut Findings) {
        for name in self.setting.source_clusters.difference(&excuses.touched_targets) {
            let there = self.cluster(world, name);
            if there.is_none_or(|source| job_of(&source.tags).is_some()) {
                let text = format!("source {name} is gone, or carries the tag of a job");
                found.push((Invariant::NothingIsDestroyed, text));
            }
        }
    }
}

/// The codes that are excused, of single jobs by their ids.
fn excused(excuses: &Excuses) -> BTreeMap<String, Vec<&'static str>> {
    let of_job = excuses.of_job.iter();
    of_job.map(|(id, codes)| (id.to_string(), codes.iter().map(|c| c.as_str()).collect())).collect()
}

/// An accepted job has ended, and if badly, for a reason that is known.
fn ended(
    id: &str,
    job: &Job,
    (codes, is_set_against): (&BTreeMap<String, Vec<&'static str>>, bool),
    excuses: &Excuses,
    found: &mut Findings,
) {
    let Some(state) = job.state.as_ref().filter(|state| !state.is_live()) else {
        let place = |s: &State| format!("{} due {:?}, owner {:?}", s.status, s.due_at, s.owner);
        let state = job.state.as_ref().map(place);
        return found.push((Invariant::EveryJobEnds, format!("job {id} has not ended: {state:?}")));
    };
    if state.status != "failed" {
        return;
    }
    let code = state.failed_code.as_deref().unwrap_or("(none)");
    let for_all = excuses.any.iter().any(|excused| excused.as_str() == code);
    let for_this = codes.get(id).is_some_and(|codes| codes.contains(&code));
    let by_set = is_set_against && code == "set_abandoned";
    if !for_all && !for_this && !by_set {
        let text = format!("job {id} failed with {code}, for which there was no reason");
        found.push((Invariant::FailuresHaveACause, text));
    }
}

/// What carries the tag of a job.
#[derive(Default)]
struct Made<'a> {
    clusters: Vec<&'a Cluster>,
    instances: Vec<&'a Instance>,
}

fn made(world: &World) -> BTreeMap<&String, Made<'_>> {
    let mut made: BTreeMap<&String, Made<'_>> = BTreeMap::new();
    for (_, cluster) in world.rds.clusters() {
        if let Some(job) = job_of(&cluster.tags) {
            made.entry(job).or_default().clusters.push(cluster);
        }
    }
    for (_, instance) in world.rds.instances() {
        if let Some(job) = job_of(&instance.tags) {
            made.entry(job).or_default().instances.push(instance);
        }
    }
    made
}

/// What was kept for a time goes when that is over.
fn outlived(
    id: &str,
    job: &Job,
    made: Option<&Made<'_>>,
    now_ms: i64,
) -> Option<(Invariant, String)> {
    let is_there = made.is_some_and(|made| !made.clusters.is_empty());
    (is_there && job.has_outlived(now_ms)).then(|| {
        let text = format!("the throw-away copy of job {id} is still there");
        (Invariant::OnlyTheDeclaredResult, text)
    })
}

/// Exactly the declared result: all of it when the job has succeeded, nothing besides in any
/// case.
fn result(id: &str, job: &Job, made: &Made<'_>, now_ms: i64, found: &mut Findings) {
    let Made { clusters, instances } = made;
    let mut wrong = |text: String| found.push((Invariant::OnlyTheDeclaredResult, text));
    // One that has failed before its swap keeps its cluster beside the other one.
    let has_succeeded = job.state.as_ref().is_some_and(|state| state.status == "succeeded");
    let beside = beside(&job.target, id);
    // One that is given up has another name before it goes, which may not be over at the end.
    let gone = gone(&job.target, id);
    let is_leaving = job.may_go(now_ms);
    let is_its = |name: &str| {
        name == job.target || (!has_succeeded && name == beside) || (is_leaving && name == gone)
    };
    let is_stray = |c: &Cluster| job.strays.contains(&c.resource_id);
    for cluster in clusters.iter().filter(|c| !is_its(&c.identifier) && !is_stray(c)) {
        wrong(format!("job {id} has left cluster {}", cluster.identifier));
    }
    for instance in instances.iter().filter(|i| !is_its(&i.cluster)) {
        wrong(format!("job {id} has left instance {}", instance.identifier));
    }
    let Some(state) = job.state.as_ref().filter(|s| s.status == "succeeded") else { return };
    if job.has_expired(now_ms) {
        return;
    }
    let Some(cluster) = clusters.iter().find(|c| c.identifier == job.target) else {
        return wrong(format!("job {id} has succeeded, and there is no {}", job.target));
    };
    let status = cluster.status.as_str();
    if status != "available" || state.resource_id() != Some(&cluster.resource_id) {
        let ids = (state.resource_id(), &cluster.resource_id);
        wrong(format!("job {id}: {} is {status}, {ids:?}", job.target));
    }
    let ready = instances.iter().filter(|i| i.status.as_str() == "available").count();
    let planned = job.planned_instances();
    if u64::try_from(ready).ok() != planned || ready != instances.len() {
        let all = instances.len();
        wrong(format!("job {id}: {ready} of {all} instances are available, planned {planned:?}"));
    }
}
