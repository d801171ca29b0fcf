//! `set_credentials`: wants the master password of the request's secret set, and then the users of
//! the request there. A restore call has no password parameter; the cluster comes up with the
//! source's.
//!
//! Setting a password cannot be undone, so it acts only on a cluster whose immutable id an earlier
//! commit has recorded. Setting the same password twice is harmless.

pub(super) mod users;

use super::restore_cluster::{RESOURCE_ID, restored_cluster};
use crate::database::{MASTER_SECRET, SECRET_VERSION};
use crate::rds::{self, Cluster, Found};
use crate::step::{Outcome, StepContext, StepResult, Waiting, done, pairs, request_ids};
use aurora_restore_shared::estimate::Operation;
use aurora_restore_shared::failure::Failure;
use aurora_restore_shared::job::How;
use aurora_restore_shared::request::Master;
use aurora_restore_shared::watch::{StatusClass, WatchKind, classify_status};

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    CommitFirst,
    Set,
    Wait,
    Done,
}

pub(super) async fn run(cx: StepContext<'_>) -> StepResult {
    let secret = match cx.spec.request.master() {
        Some(Master::Secret(secret)) => secret,
        Some(Master::Managed) => return managed(&cx).await,
        None => return Ok(done(How::FoundDone, "the source's password stays").into()),
    };
    let rds = rds::target(&cx).await?;
    let found = rds::find_cluster(&rds, &cx).await?;
    let committed = cx.committed.get(RESOURCE_ID).map(String::as_str);
    let was_set = cx.job.outputs.contains_key(SECRET_VERSION);
    match decide(&found, committed, was_set)? {
        Decision::CommitFirst => Ok(Outcome::CommitFirst),
        Decision::Done => {
            let set = done(How::Did, "the master password is set");
            users::run(&cx, restored_cluster(&found, &cx)?, set).await
        }
        Decision::Wait => Ok(Outcome::WaitFor(waiting(&cx))),
        Decision::Set => {
            let password = crate::database::read_secret(&cx, secret, None).await?;
            let id = rds::set_master_password(&rds, &cx, &password).await?;
            let outputs = pairs([(SECRET_VERSION, password.version)]);
            let details = request_ids(id);
            Ok(Outcome::WaitFor(Waiting { begun: true, outputs, details, ..waiting(&cx) }))
        }
    }
}

/// RDS makes the password, keeps it in Secrets Manager and rotates it.
async fn managed(cx: &StepContext<'_>) -> StepResult {
    let rds = rds::target(cx).await?;
    let found = rds::find_cluster(&rds, cx).await?;
    let committed = cx.committed.get(RESOURCE_ID).map(String::as_str);
    let secret = match &found {
        Found::Ours(cluster) => cluster.master_secret.clone(),
        _ => None,
    };
    match decide(&found, committed, secret.is_some())? {
        Decision::CommitFirst => Ok(Outcome::CommitFirst),
        Decision::Wait => Ok(Outcome::WaitFor(waiting(cx))),
        Decision::Set => {
            let details = request_ids(rds::manage_master_password(&rds, cx).await?);
            Ok(Outcome::WaitFor(Waiting { begun: true, details, ..waiting(cx) }))
        }
        // What reads the secret does so by what the last commit says.
        Decision::Done if !cx.committed.contains_key(MASTER_SECRET) => {
            let outputs = pairs([(MASTER_SECRET, secret.unwrap_or_default())]);
            Ok(Outcome::WaitFor(Waiting { outputs, ..waiting(cx) }))
        }
        Decision::Done => {
            let set = done(How::Did, "RDS manages the master password");
            users::run(cx, restored_cluster(&found, cx)?, set).await
        }
    }
}

fn waiting(cx: &StepContext<'_>) -> Waiting {
    cx.wait_for(
        WatchKind::Cluster,
        Operation::ResetPassword,
        "waits for the cluster to take its master password",
    )
}

fn decide(found: &Found, committed: Option<&str>, was_set: bool) -> Result<Decision, Failure> {
    let Some(id) = committed else { return Ok(Decision::CommitFirst) };
    match found {
        Found::Ours(Cluster { resource_id, status, .. }) if resource_id == id => {
            match (classify_status(status, "available"), was_set) {
                (StatusClass::Ready, true) => Ok(Decision::Done),
                (StatusClass::Ready, false) => Ok(Decision::Set),
                (StatusClass::Working, _) => Ok(Decision::Wait),
                (StatusClass::Broken, _) => Err(rds::broken(status)),
            }
        }
        _ => Err(rds::lost(found, id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aurora_restore_shared::failure::FailureCode;

    fn ours(status: &str) -> Found {
        Found::Ours(Cluster { status: status.into(), ..Cluster::creating("cluster-A") })
    }

    #[test]
    fn it_acts_only_on_an_id_that_an_earlier_commit_recorded() {
        assert_eq!(decide(&ours("available"), None, false).unwrap(), Decision::CommitFirst);
        assert_eq!(decide(&ours("available"), Some("cluster-A"), false).unwrap(), Decision::Set);
        let lost = decide(&ours("available"), Some("cluster-B"), false).unwrap_err();
        assert_eq!(lost.code, FailureCode::ResourceLost);
        assert!(decide(&Found::Stranger("x".into()), Some("cluster-A"), false).is_err());
    }

    #[test]
    fn it_is_done_when_the_cluster_is_available_again() {
        let set = |status| decide(&ours(status), Some("cluster-A"), true).unwrap();
        assert_eq!(set("resetting-master-credentials"), Decision::Wait);
        assert_eq!(set("available"), Decision::Done);
    }

    #[test]
    fn it_waits_for_a_cluster_that_does_something_else() {
        let busy = decide(&ours("backing-up"), Some("cluster-A"), false).unwrap();
        assert_eq!(busy, Decision::Wait);
        assert!(decide(&ours("failed"), Some("cluster-A"), false).is_err());
    }
}
