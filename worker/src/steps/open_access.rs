//! `open_access`: wants the final security groups and the deletion protection on the cluster. It is
//! masked and verified by now.

use super::restore_cluster::{RESOURCE_ID, restored_cluster};
use crate::rds::{self, Cluster};
use crate::step::{Outcome, StepContext, StepResult, Waiting, done, request_ids};
use aurora_restore_shared::estimate::Operation;
use aurora_restore_shared::facts::ClusterFacts;
use aurora_restore_shared::failure::Failure;
use aurora_restore_shared::job::How;
use aurora_restore_shared::watch::{StatusClass, WatchKind, classify_status};
use std::collections::BTreeSet;

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    Open,
    Wait,
    Done,
}

pub(super) async fn run(cx: StepContext<'_>) -> StepResult {
    if !cx.committed.contains_key(RESOURCE_ID) {
        return Ok(Outcome::CommitFirst);
    }
    let rds = rds::target(&cx).await?;
    let found = rds::find_cluster(&rds, &cx).await?;
    let cluster = restored_cluster(&found, &cx)?;
    let wait = || {
        cx.wait_for(WatchKind::Cluster, Operation::Modify, "the security groups are being attached")
    };
    match decide(cluster, &cx.plan()?.settings.cluster)? {
        Decision::Done => Ok(done(How::Did, "the security groups are attached").into()),
        Decision::Wait => Ok(Outcome::WaitFor(wait())),
        Decision::Open => {
            let details = request_ids(rds::open_access(&rds, &cx).await?);
            Ok(Outcome::WaitFor(Waiting { begun: true, details, ..wait() }))
        }
    }
}

fn decide(cluster: &Cluster, wanted: &ClusterFacts) -> Result<Decision, Failure> {
    let set = |groups: &[String]| groups.iter().cloned().collect::<BTreeSet<_>>();
    let has_groups = set(&cluster.settings.security_groups) == set(&wanted.security_groups);
    let is_open = has_groups && cluster.settings.deletion_protection == wanted.deletion_protection;
    match (classify_status(&cluster.status, "available"), is_open) {
        (StatusClass::Ready, true) => Ok(Decision::Done),
        (StatusClass::Ready, false) => Ok(Decision::Open),
        (StatusClass::Working, _) => Ok(Decision::Wait),
        (StatusClass::Broken, _) => Err(rds::broken(&cluster.status)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(status: &str, groups: &[&str], deletion_protection: bool) -> Cluster {
        let security_groups = groups.iter().map(ToString::to_string).collect();
        let settings =
            ClusterFacts { security_groups, deletion_protection, ..ClusterFacts::default() };
        Cluster { status: status.into(), settings, ..Cluster::creating("cluster-A") }
    }

    #[test]
    fn it_opens_once_and_is_done_when_groups_and_protection_are_as_wanted() {
        let wanted = ClusterFacts {
            security_groups: vec!["sg-2".into(), "sg-1".into()],
            deletion_protection: true,
            ..ClusterFacts::default()
        };
        let decided = |c: &Cluster| decide(c, &wanted).unwrap();
        assert_eq!(decided(&cluster("available", &["sg-0"], false)), Decision::Open);
        assert_eq!(decided(&cluster("available", &["sg-1", "sg-2"], false)), Decision::Open);
        assert_eq!(decided(&cluster("modifying", &["sg-1", "sg-2"], true)), Decision::Wait);
        assert_eq!(decided(&cluster("available", &["sg-1", "sg-2"], true)), Decision::Done);
        assert!(decide(&cluster("failed", &[], false), &wanted).is_err());
    }
}
