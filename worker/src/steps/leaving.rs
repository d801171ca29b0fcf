//! `retire_old` and `expire`: want a cluster gone, by its immutable id. The clusters of `expire` still
//! have a name that will be used again, so they are renamed first, and deleted only when no late call
//! can meet another cluster under that name.

use super::stray;
use crate::rds::{self, Instance, Standing};
use crate::step::{Outcome, StepContext, StepResult, Waiting, done, pairs, request_ids};
use aurora_restore_shared::aftercare::{Leaving, RENAMED_AT, RESOURCE_ID};
use aurora_restore_shared::clock::{EpochMs, as_ms};
use aurora_restore_shared::estimate::Operation;
use aurora_restore_shared::ids::ClusterId;
use aurora_restore_shared::job::How;
use aurora_restore_shared::request::LEAST_KEPT;
use aurora_restore_shared::watch::WatchKind;
use std::collections::BTreeMap;

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    /// It gets its last name.
    Rename,
    /// It has its last name since now.
    NoteName,
    /// It keeps its last name until this moment.
    WaitUntil(EpochMs),
    /// The deletion protection goes.
    Unprotect,
    /// A stopped cluster cannot be deleted.
    Start,
    /// These instances go first.
    DeleteInstances(Vec<String>),
    /// The cluster itself.
    Delete,
    /// Something is on its way.
    Wait,
    /// It is gone.
    Done,
}

pub(super) async fn run(cx: StepContext<'_>) -> StepResult {
    let Some((leaving, id)) = what_goes(&cx) else {
        return Ok(done(How::FoundDone, "no cluster is to go").into());
    };
    if !cx.committed.contains_key(RESOURCE_ID) && cx.job.outputs.contains_key(RESOURCE_ID) {
        return Ok(Outcome::CommitFirst);
    }
    let rds = rds::target(&cx).await?;
    let names = [&leaving.name, &leaving.last_name];
    let (there, members) =
        tokio::try_join!(rds::standing(&rds, &names), rds::members(&rds, &leaving.last_name))?;
    let renamed_at = cx.committed.get(RENAMED_AT).and_then(|at| at.parse().ok());
    let name = leaving.last_name.as_str();
    let wait = |note: &str| waiting(&cx, WatchKind::Cluster, &leaving.last_name, note);
    match decide((leaving, &id), &there, &members, renamed_at, cx.worker.now_ms()) {
        Decision::Done => {
            if let Some(outcome) = stray::see_off(&cx, &rds).await? {
                return Ok(outcome);
            }
            let note = format!("cluster {id} ({name}) is gone");
            return Ok(done(How::Did, note).into());
        }
        Decision::Wait => return Ok(Outcome::WaitFor(wait("the cluster is on its way out"))),
        Decision::WaitUntil(at_ms) => return Ok(Outcome::WaitUntil { at_ms }),
        Decision::NoteName => {
            let outputs = pairs([(RENAMED_AT, cx.worker.now_ms().to_string())]);
            return Ok(Outcome::WaitFor(Waiting {
                outputs,
                ..wait("the cluster has its last name")
            }));
        }
        Decision::Rename => {
            let id = rds::rename(&rds, leaving.name.as_str(), name).await?;
            let details = request_ids(id);
            let arrival = waiting(&cx, WatchKind::Arrival, &leaving.last_name, "renamed away");
            return Ok(Outcome::WaitFor(Waiting { begun: true, details, ..arrival }));
        }
        Decision::Unprotect => drop(rds::unprotect(&rds, name).await?),
        Decision::Start => rds::start(&rds, name).await?,
        Decision::DeleteInstances(ids) => {
            for id in &ids {
                rds::delete_instance(&rds, id).await?;
            }
        }
        Decision::Delete => rds::delete_cluster(&rds, name).await?,
    }
    Ok(Outcome::WaitFor(Waiting { begun: true, ..wait("the cluster is being deleted") }))
}

/// The cluster that goes, and its immutable id: that of the request, or the one that giving up has
/// found.
fn what_goes<'a>(cx: &StepContext<'a>) -> Option<(&'a Leaving, String)> {
    let leaving = cx.spec.aftercare.as_ref()?.cluster.as_ref().filter(|_| !cx.is_called_off())?;
    let id = cx.job.outputs.get(RESOURCE_ID).or(leaving.resource_id.as_ref())?;
    Some((leaving, id.clone()))
}

/// A wait for the cluster to take the next call, or to be gone.
fn waiting(cx: &StepContext<'_>, kind: WatchKind, name: &ClusterId, note: &str) -> Waiting {
    cx.wait_at_target(kind, name.as_str(), Operation::Modify, note)
}

fn decide(
    (leaving, id): (&Leaving, &str),
    there: &BTreeMap<String, Standing>,
    members: &[Instance],
    renamed_at: Option<EpochMs>,
    now_ms: EpochMs,
) -> Decision {
    let is_it = |name: &ClusterId| there.get(name.as_str()).filter(|c| c.resource_id == id);
    let has_two_names = leaving.name != leaving.last_name;
    let Some(cluster) = is_it(&leaving.last_name) else {
        // Another cluster under the first name is no concern of this job: it is the next restore.
        return match is_it(&leaving.name).map(|c| c.status.as_str()) {
            Some("available") => Decision::Rename,
            Some("stopped") => Decision::Start,
            Some(_) => Decision::Wait,
            None => Decision::Done,
        };
    };
    if has_two_names {
        match renamed_at.map(|at| at + as_ms(LEAST_KEPT)) {
            None => return Decision::NoteName,
            Some(until) if now_ms < until => return Decision::WaitUntil(until),
            Some(_) => {}
        }
    }
    let left: Vec<String> =
        members.iter().filter(|i| i.status != "deleting").map(|i| i.id.clone()).collect();
    match cluster.status.as_str() {
        "deleting" => Decision::Wait,
        "stopped" => Decision::Start,
        "available" if cluster.is_protected => Decision::Unprotect,
        "available" | "failed" if !left.is_empty() => Decision::DeleteInstances(left),
        "available" | "failed" => Decision::Delete,
        _ => Decision::Wait,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaving(name: &str) -> Leaving {
        let (name, last_name) = (name.parse().unwrap(), "drill-gone-1".parse().unwrap());
        Leaving { name, last_name, resource_id: None }
    }

    fn there(clusters: &[(&str, &str, &str, bool)]) -> BTreeMap<String, Standing> {
        let standing = |(name, id, status, is_protected): &(&str, &str, &str, bool)| {
            let (resource_id, status) = ((*id).to_owned(), (*status).to_owned());
            ((*name).to_owned(), Standing { resource_id, status, is_protected: *is_protected })
        };
        clusters.iter().map(standing).collect()
    }

    const NOW: EpochMs = 100 * 3_600_000;
    const GONE: &str = "drill-gone-1";

    #[test]
    fn a_cluster_is_renamed_then_kept_an_hour_then_deleted_with_its_instances_first() {
        let instance = |status: &str| Instance { id: "i-1".into(), status: status.into() };
        let (long_ago, just_now) = (Some(NOW - 2 * 3_600_000), Some(NOW));
        let one = vec!["i-1".to_owned()];
        for (cluster, members, renamed, expected) in [
            (("drill", "available", false), vec![], None, Decision::Rename),
            (("drill", "renaming", false), vec![], None, Decision::Wait),
            (("drill", "stopped", false), vec![], None, Decision::Start),
            ((GONE, "available", false), vec![], None, Decision::NoteName),
            ((GONE, "available", false), vec![], just_now, Decision::WaitUntil(NOW + 3_600_000)),
            ((GONE, "available", true), vec![instance("available")], long_ago, Decision::Unprotect),
            (
                (GONE, "available", false),
                vec![instance("available")],
                long_ago,
                Decision::DeleteInstances(one),
            ),
            ((GONE, "available", false), vec![instance("deleting")], long_ago, Decision::Delete),
            ((GONE, "deleting", false), vec![], long_ago, Decision::Wait),
        ] {
            let there = there(&[(cluster.0, "cluster-A", cluster.1, cluster.2)]);
            let decided = decide((&leaving("drill"), "cluster-A"), &there, &members, renamed, NOW);
            assert_eq!(decided, expected, "{cluster:?}");
        }
    }

    #[test]
    fn only_the_immutable_id_counts_and_never_the_name() {
        let another = there(&[("drill", "cluster-B", "available", false)]);
        assert_eq!(
            decide((&leaving("drill"), "cluster-A"), &another, &[], None, NOW),
            Decision::Done
        );
        let stranger = there(&[(GONE, "cluster-C", "available", false)]);
        assert_eq!(
            decide((&leaving("drill"), "cluster-A"), &stranger, &[], Some(0), NOW),
            Decision::Done
        );
    }

    #[test]
    fn a_cluster_that_has_its_last_name_already_is_deleted_at_once() {
        let there = there(&[(GONE, "cluster-A", "available", false)]);
        assert_eq!(decide((&leaving(GONE), "cluster-A"), &there, &[], None, NOW), Decision::Delete);
    }
}
