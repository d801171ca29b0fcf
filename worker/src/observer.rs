//! The observer: describes all watched resources of one account and Region in bulk, and wakes only
//! the jobs whose resource has changed. A waiting job itself costs nothing, and a place where no job
//! waits next to nothing.

use crate::fleet::Worker;
use crate::leader::{Pass, run_led};
use crate::pace;
use aurora_restore_shared::clock::EpochMs;
use aurora_restore_shared::failure::Failure;
use aurora_restore_shared::ids::{AccountId, RegionName};
use aurora_restore_shared::store::WatchedJob;
use aurora_restore_shared::watch::{self, StatusClass, WatchKind, WatchRef, classify_status};
use aws_sdk_rds::Client;
use aws_sdk_rds::types::Filter;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// RDS takes at most so many ids in one filter.
const IDS_PER_CALL: usize = 100;

/// A resource that is missing in so many looks in a row is gone: a describe may lag behind the
/// create that made it.
const LOOKS_UNTIL_GONE: u32 = 3;

/// What is told by the description of a cluster.
const OF_CLUSTERS: [WatchKind; 3] = [WatchKind::Cluster, WatchKind::Members, WatchKind::Arrival];

/// Where nothing is watched, the shortest time between two looks is this much longer: what is begun
/// meanwhile takes minutes.
const IDLE: u32 = 4;

/// Leadership of places other than the fleet's own ones lasts this much longer: there may be many of
/// them, most of them idle, and nothing is lost while one is not observed.
const ABROAD: u32 = 4;

/// Observes an account in a Region while this worker leads it.
pub async fn run(worker: &Worker, account: &AccountId, region: &RegionName) {
    let observer = Observer::new(worker, account.clone(), region.clone());
    let name = format!("observer#{}", observer.scope);
    run_led(worker, &name, observer).await;
}

/// One account and Region.
pub struct Observer<'a> {
    worker: &'a Worker,
    account: AccountId,
    region: RegionName,
    scope: String,
    missing: BTreeMap<WatchRef, u32>,
}

impl<'a> Observer<'a> {
    /// An observer of an account in a Region.
    #[must_use]
    pub fn new(worker: &'a Worker, account: AccountId, region: RegionName) -> Self {
        let scope = watch::scope(&account, &region);
        Self { worker, account, region, scope, missing: BTreeMap::new() }
    }

    /// Looks once at everything that is watched.
    async fn look(&mut self, jobs: &[WatchedJob]) -> anyhow::Result<()> {
        let env = &self.worker.env;
        let rds = env.place(&self.account, &self.region).await?.rds();
        let references: BTreeSet<WatchRef> = jobs.iter().map(|job| job.reference.clone()).collect();
        let statuses = describe(&rds, &references).await;
        if statuses.as_ref().is_err_and(Failure::is_about_rights) {
            env.forget_session(&self.account, &self.region).await;
        }
        let statuses = statuses?;
        self.count_missing(&references, &statuses);
        self.worker.metrics.looks.inc();
        for job in jobs {
            if self.has_changed(job, &statuses) {
                self.wake(job).await?;
            }
        }
        Ok(())
    }

    fn count_missing(&mut self, watched: &BTreeSet<WatchRef>, statuses: &Statuses) {
        self.missing.retain(|r, _| watched.contains(r) && !statuses.contains_key(r));
        for reference in watched.iter().filter(|r| !statuses.contains_key(*r)) {
            *self.missing.entry(reference.clone()).or_default() += 1;
        }
    }

    fn has_changed(&self, job: &WatchedJob, statuses: &Statuses) -> bool {
        let reference = &job.reference;
        match statuses.get(reference) {
            // A cluster whose instances are not listed yet is not there with its members.
            Some(found) if reference.kind == WatchKind::Members && found.len() < 2 => false,
            Some(found) => verdict(found, &job.want) != StatusClass::Working,
            None if reference.kind == WatchKind::Arrival => false,
            None => self.missing.get(reference).is_some_and(|n| *n >= LOOKS_UNTIL_GONE),
        }
    }

    async fn wake(&self, job: &WatchedJob) -> anyhow::Result<()> {
        // The wake takes the job out of the index, so that it is woken once.
        if self.worker.wake(job.id, Some(job.seq)).await? {
            tracing::debug!(job = %job.id, resource = %job.reference, "woken");
            self.worker.metrics.woken.inc();
        }
        Ok(())
    }
}

impl Pass for Observer<'_> {
    async fn pass(&mut self) -> anyhow::Result<EpochMs> {
        let jobs = self.worker.store.watched_jobs(&self.scope).await?;
        if !jobs.is_empty() {
            self.look(&jobs).await?;
        }
        let (shortest, longest) = self.worker.settings.observe;
        let now = self.worker.now_ms();
        let expected = jobs.iter().map(|job| job.expected_at_ms);
        let next = pace::next_look(now, expected, shortest, longest);
        Ok(next.unwrap_or_else(|| self.worker.after((shortest * IDLE).min(longest))))
    }

    fn leadership(&self, usual: Duration) -> Duration {
        let is_own = self.account == self.worker.account;
        if is_own && self.worker.regions().contains(&self.region) { usual } else { usual * ABROAD }
    }
}

/// The statuses found of a resource: one of a snapshot or cluster; those of a cluster and of all
/// its instances for its members.
type Statuses = BTreeMap<WatchRef, Vec<String>>;

/// One broken part decides; else the one that is farthest from the wanted status.
fn verdict(found: &[String], want: &str) -> StatusClass {
    let classes = found.iter().map(|status| classify_status(status, want));
    classes.max().unwrap_or(StatusClass::Working)
}

async fn describe(rds: &Client, references: &BTreeSet<WatchRef>) -> Result<Statuses, Failure> {
    let ids = |kinds: &[WatchKind]| -> Vec<String> {
        let of_kind = references.iter().filter(|r| kinds.contains(&r.kind));
        of_kind.map(|r| r.id.clone()).collect::<BTreeSet<_>>().into_iter().collect()
    };
    let clusters = ids(&OF_CLUSTERS);
    let members = ids(&[WatchKind::Members]);
    let snapshots = ids(&[WatchKind::Snapshot]);
    let mut statuses = Statuses::new();
    for chunk in clusters.chunks(IDS_PER_CALL) {
        for (id, status) in describe_clusters(rds, chunk).await? {
            for kind in OF_CLUSTERS {
                statuses.entry(WatchRef { kind, id: id.clone() }).or_default().push(status.clone());
            }
        }
    }
    for chunk in members.chunks(IDS_PER_CALL) {
        for (id, status) in describe_instances(rds, chunk).await? {
            let reference = WatchRef { kind: WatchKind::Members, id };
            statuses.entry(reference).or_default().push(status);
        }
    }
    for chunk in snapshots.chunks(IDS_PER_CALL) {
        for (id, status) in describe_snapshots(rds, chunk).await? {
            statuses.entry(WatchRef { kind: WatchKind::Snapshot, id }).or_default().push(status);
        }
    }
    Ok(statuses)
}

fn filter(name: &str, ids: &[String]) -> Filter {
    Filter::builder().name(name).set_values(Some(ids.to_vec())).build()
}

fn pair(id: Option<&str>, status: Option<&str>) -> (String, String) {
    (id.unwrap_or_default().to_owned(), status.unwrap_or_default().to_owned())
}

async fn describe_clusters(rds: &Client, ids: &[String]) -> Result<Vec<(String, String)>, Failure> {
    let call = rds.describe_db_clusters().filters(filter("db-cluster-id", ids));
    let mut pages = call.into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(cluster) = pages.next().await {
        let cluster = cluster.map_err(|e| Failure::from_sdk("observing clusters", &e))?;
        found.push(pair(cluster.db_cluster_identifier(), cluster.status()));
    }
    Ok(found)
}

/// Instances by their clusters: (cluster, status of the instance).
async fn describe_instances(
    rds: &Client,
    ids: &[String],
) -> Result<Vec<(String, String)>, Failure> {
    let call = rds.describe_db_instances().filters(filter("db-cluster-id", ids));
    let mut pages = call.into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(instance) = pages.next().await {
        let instance = instance.map_err(|e| Failure::from_sdk("observing instances", &e))?;
        found.push(pair(instance.db_cluster_identifier(), instance.db_instance_status()));
    }
    Ok(found)
}

async fn describe_snapshots(
    rds: &Client,
    ids: &[String],
) -> Result<Vec<(String, String)>, Failure> {
    let call = rds.describe_db_cluster_snapshots();
    let call = call.filters(filter("db-cluster-snapshot-id", ids));
    let mut pages = call.into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(snapshot) = pages.next().await {
        let snapshot = snapshot.map_err(|e| Failure::from_sdk("observing snapshots", &e))?;
        found.push(pair(snapshot.db_cluster_snapshot_identifier(), snapshot.status()));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_ready_only_together_and_one_broken_decides() {
        let of = |statuses: &[&str]| {
            let found: Vec<String> = statuses.iter().map(|s| (*s).to_owned()).collect();
            verdict(&found, "available")
        };
        assert_eq!(of(&["available", "available"]), StatusClass::Ready);
        assert_eq!(of(&["available", "creating"]), StatusClass::Working);
        assert_eq!(of(&["available", "creating", "incompatible-restore"]), StatusClass::Broken);
    }
}
