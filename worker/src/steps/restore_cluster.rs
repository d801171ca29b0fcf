//! `restore_cluster`: wants the cluster restored under its name, with all its settings.

use crate::rds::{self, Cluster, Found};
use crate::step::{Done, StepContext, StepResult, Waiting, done, pairs};
use aurora_restore_shared::estimate::Operation;
use aurora_restore_shared::facts::SourceKind;
use aurora_restore_shared::failure::{Failure, FailureCode};
use aurora_restore_shared::job::How;
use aurora_restore_shared::watch::{StatusClass, WatchKind, classify_status};

pub(super) use aurora_restore_shared::aftercare::RESOURCE_ID;

/// What is to be done.
#[derive(Debug, PartialEq)]
enum Decision {
    Restore,
    Wait,
    Done,
}

pub(super) async fn run(cx: StepContext<'_>) -> StepResult {
    let rds = rds::target(&cx).await?;
    let known = cx.job.outputs.get(RESOURCE_ID).map(String::as_str);
    let found = rds::find_cluster(&rds, &cx).await?;
    match decide(&found, known)? {
        Decision::Done => Ok(restored(&cx, &found).into()),
        Decision::Wait => Ok(crate::step::Outcome::WaitFor(waiting(&cx, &found, None)?)),
        Decision::Restore => match rds::restore_cluster(&rds, &cx).await? {
            rds::Made::Now { resource_id, request_id } => {
                let made = Found::Ours(Cluster::creating(&resource_id));
                let wait = waiting(&cx, &made, request_id)?;
                Ok(crate::step::Outcome::WaitFor(Waiting { begun: true, ..wait }))
            }
            // Somebody took the name in between, or our own call was answered twice: look again.
            rds::Made::AlreadyThere => {
                let found = rds::find_cluster(&rds, &cx).await?;
                decide(&found, known)?;
                Ok(crate::step::Outcome::WaitFor(waiting(&cx, &found, None)?))
            }
        },
    }
}

fn decide(found: &Found, known: Option<&str>) -> Result<Decision, Failure> {
    match (found, known) {
        (Found::Stranger(why), _) => Err(rds::name_taken(why)),
        (Found::Nothing, None) => Ok(Decision::Restore),
        (Found::Nothing, Some(id)) => Err(rds::lost(found, id)),
        (Found::Ours(cluster), Some(id)) if cluster.resource_id != id => Err(rds::lost(found, id)),
        (Found::Ours(cluster), _) => match classify_status(&cluster.status, "available") {
            StatusClass::Ready => Ok(Decision::Done),
            StatusClass::Working => Ok(Decision::Wait),
            StatusClass::Broken => {
                let text = format!("the restored cluster ended in status {}", cluster.status);
                Err(Failure::permanent(FailureCode::ResourceFailed, text))
            }
        },
    }
}

/// The cluster that this job has restored, still under its name: what later steps act on.
///
/// # Errors
/// `resource_lost` when it is gone or another one stands there.
pub(super) fn restored_cluster<'a>(
    found: &'a Found,
    cx: &StepContext<'_>,
) -> Result<&'a Cluster, Failure> {
    let known = cx.job.outputs.get(RESOURCE_ID).map_or("", String::as_str);
    match found {
        Found::Ours(cluster) if cluster.resource_id == known => Ok(cluster),
        _ => Err(rds::lost(found, known)),
    }
}

fn restored(cx: &StepContext<'_>, found: &Found) -> Done {
    let how = match (cx.job.outputs.contains_key(RESOURCE_ID), cx.is_takeover()) {
        (true, _) => How::Did,
        (false, true) => How::TookOver,
        (false, false) => How::FoundDone,
    };
    Done { outputs: resource_id(found), ..done(how, "the cluster is available") }
}

fn resource_id(found: &Found) -> std::collections::BTreeMap<String, String> {
    match found {
        Found::Ours(cluster) => pairs([(RESOURCE_ID, cluster.resource_id.clone())]),
        _ => pairs([]),
    }
}

fn waiting(
    cx: &StepContext<'_>,
    found: &Found,
    request_id: Option<String>,
) -> Result<Waiting, Failure> {
    let facts = &cx.plan()?.facts;
    let operation = match facts.kind {
        SourceKind::Clone => Operation::CloneCluster,
        _ => Operation::RestoreCluster { gib: facts.allocated_gib },
    };
    let wait = cx.wait_for(WatchKind::Cluster, operation, "the cluster is being restored");
    let details = crate::step::request_ids(request_id);
    Ok(Waiting { outputs: resource_id(found), details, ..wait })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aurora_restore_shared::failure::FailureKind;

    fn ours(status: &str) -> Found {
        Found::Ours(Cluster { status: status.into(), ..Cluster::creating("cluster-A") })
    }

    #[test]
    fn it_restores_only_where_nothing_is_and_nothing_was() {
        assert_eq!(decide(&Found::Nothing, None).unwrap(), Decision::Restore);
        let lost = decide(&Found::Nothing, Some("cluster-A")).unwrap_err();
        assert_eq!((lost.kind, lost.code), (FailureKind::Transient, FailureCode::ResourceLost));
    }

    #[test]
    fn it_waits_while_the_status_is_on_its_way_or_unknown() {
        for status in ["creating", "migrating", "teleporting"] {
            assert_eq!(decide(&ours(status), None).unwrap(), Decision::Wait);
        }
        assert_eq!(decide(&ours("available"), Some("cluster-A")).unwrap(), Decision::Done);
    }

    #[test]
    fn a_failed_status_and_another_cluster_in_its_place_are_failures() {
        let failed = decide(&ours("failed"), None).unwrap_err();
        assert_eq!(failed.code, FailureCode::ResourceFailed);
        let other = decide(&ours("available"), Some("cluster-B")).unwrap_err();
        assert_eq!((other.kind, other.code), (FailureKind::Permanent, FailureCode::ResourceLost));
        let taken = decide(&Found::Stranger("no tag".into()), None).unwrap_err();
        assert_eq!(taken.code, FailureCode::TargetNameTaken);
    }
}
