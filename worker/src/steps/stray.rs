//! What a request that came too late may have left: after a swap the name beside the target is free, and
//! a restore that was on its way when its worker froze makes a second cluster there. It carries the tag of
//! its job, nobody uses it, and it goes with the replaced cluster.

use crate::rds::{self, Cluster, Found};
use crate::step::{Outcome, StepContext, Waiting, pairs};
use aurora_restore_shared::estimate::Operation;
use aurora_restore_shared::failure::Failure;
use aurora_restore_shared::plan::{StepName, names};
use aurora_restore_shared::watch::WatchKind;
use aws_sdk_rds::Client;

/// The output with the immutable id of the cluster that a late request has made.
const STRAY: &str = "stray_resource_id";

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    /// What is deleted is recorded first.
    Record,
    Delete,
    Wait,
}

/// Sees to it that none is left; `None`: there is none.
///
/// # Errors
/// Whatever AWS answers, classified.
pub(super) async fn see_off(
    cx: &StepContext<'_>,
    rds: &Client,
) -> Result<Option<Outcome>, Failure> {
    let Some(care) = cx.spec.aftercare.as_ref().filter(|c| c.step == StepName::RetireOld) else {
        return Ok(None);
    };
    let name = names::beside(&cx.spec.request.target.cluster, care.of);
    let Found::Ours(cluster) = rds::find_cluster_named(rds, cx, &name).await? else {
        return Ok(None);
    };
    let wait = |begun| {
        let note = format!("cluster {name}, which a late request has made, is on its way out");
        let wait = cx.wait_at_target(WatchKind::Cluster, name.as_str(), Operation::Modify, &note);
        Outcome::WaitFor(Waiting { begun, ..wait })
    };
    Ok(Some(match decide(&cluster, cx.committed.get(STRAY)) {
        Decision::Record => {
            Outcome::CommitIntent { outputs: pairs([(STRAY, cluster.resource_id)]) }
        }
        Decision::Wait => wait(false),
        Decision::Delete => {
            rds::delete_cluster(rds, name.as_str()).await?;
            wait(true)
        }
    }))
}

fn decide(cluster: &Cluster, recorded: Option<&String>) -> Decision {
    match cluster.status.as_str() {
        _ if recorded != Some(&cluster.resource_id) => Decision::Record,
        "available" | "failed" => Decision::Delete,
        _ => Decision::Wait,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_cluster_that_was_recorded_is_deleted() {
        let cluster = |status: &str| Cluster { status: status.into(), ..Cluster::creating("c-1") };
        let (this, other) = ("c-1".to_owned(), "c-2".to_owned());
        assert_eq!(decide(&cluster("available"), None), Decision::Record);
        assert_eq!(decide(&cluster("available"), Some(&other)), Decision::Record);
        assert_eq!(decide(&cluster("available"), Some(&this)), Decision::Delete);
        assert_eq!(decide(&cluster("creating"), Some(&this)), Decision::Wait);
        assert_eq!(decide(&cluster("deleting"), Some(&this)), Decision::Wait);
    }
}
