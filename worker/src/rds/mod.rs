//! Narrow reads and effects on Aurora: the only place in the project that changes anything in RDS.

mod effects;
mod reads;
mod snapshots;

pub use effects::{
    Copied, Made, copy_snapshot, create_instance, delete_cluster, delete_instance, delete_snapshot,
    manage_master_password, open_access, rename, restore_cluster, set_master_password, set_sharing,
    start, unprotect,
};
pub use reads::{
    Quotas, Standing, expect_own_instance, find_cluster, find_cluster_named, instances, members,
    missing_groups, quotas, standing,
};
pub use snapshots::{Copy, FoundCopy, find_copy, is_shared_with};

use crate::step::StepContext;
use aurora_restore_shared::facts::ClusterFacts;
use aurora_restore_shared::failure::{Failure, FailureCode};
use aurora_restore_shared::ids::JobId;
use aws_sdk_rds::Client;
use aws_sdk_rds::types::Tag;

pub use aurora_restore_shared::facts::{JOB_TAG, KEEP_TAG};

/// A cluster of ours.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// Its immutable id.
    pub resource_id: String,
    /// Its status: an open list.
    pub status: String,
    /// Its engine version.
    pub engine_version: String,
    /// Where clients reach it.
    pub endpoint: String,
    /// On this port.
    pub port: u16,
    /// Its master user.
    pub master_user: String,
    /// How many instances it has.
    pub members: usize,
    /// Its settings, as facts of a source are told.
    pub settings: ClusterFacts,
    /// The ARN of the secret in which RDS manages its master password, once that is in force.
    pub master_secret: Option<String>,
}

impl Cluster {
    /// A cluster that has just been asked for.
    #[must_use]
    pub fn creating(resource_id: &str) -> Self {
        Self {
            resource_id: resource_id.to_owned(),
            status: "creating".into(),
            engine_version: String::new(),
            endpoint: String::new(),
            port: 0,
            master_user: String::new(),
            members: 0,
            settings: ClusterFacts::default(),
            master_secret: None,
        }
    }
}

/// What stands under a target's name.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a visit holds one of them")]
pub enum Found {
    /// Nothing.
    Nothing,
    /// A cluster that this job made.
    Ours(Cluster),
    /// Somebody else's, with the reason why it is not ours.
    Stranger(String),
}

/// An instance of a cluster of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its identifier.
    pub id: String,
    /// Its status: an open list.
    pub status: String,
}

/// An instance to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its identifier.
    pub id: String,
    /// Its class.
    pub class: String,
    /// Its Availability Zone.
    pub zone: Option<String>,
    /// Its promotion tier.
    pub tier: Option<u16>,
}

/// RDS where the target of a job is.
///
/// # Errors
/// `role_denied` and the like: those of [`StepContext::target`].
pub async fn target(cx: &StepContext<'_>) -> Result<Client, Failure> {
    Ok(cx.target().await?.rds())
}

/// RDS where the source of a job is.
///
/// # Errors
/// `role_denied` and the like: those of [`StepContext::source`].
pub async fn source(cx: &StepContext<'_>) -> Result<Client, Failure> {
    Ok(cx.source().await?.rds())
}

/// The failure of a job whose target's name belongs to somebody else.
#[must_use]
pub fn name_taken(why: &str) -> Failure {
    let text = format!(
        "the target's name is taken by a cluster that this job did not make ({why}); it is left alone: choose another name, or remove that cluster yourself"
    );
    Failure::permanent(FailureCode::TargetNameTaken, text)
}

/// The failure of a job whose restored cluster will not come up by itself.
#[must_use]
pub fn broken(status: &str) -> Failure {
    let text = format!("the restored cluster is in status {status}");
    Failure::permanent(FailureCode::ResourceFailed, text)
}

/// The failure of a job that does not find the cluster which it has restored. A describe may lag
/// behind, so one that is not shown is looked for a few times more; another one in its place is not.
#[must_use]
pub fn lost(found: &Found, resource_id: &str) -> Failure {
    let code = FailureCode::ResourceLost;
    match found {
        Found::Nothing => {
            let text = format!(
                "the restored cluster ({resource_id}) is not there: somebody deleted or renamed it"
            );
            Failure::transient(code, text)
        }
        Found::Ours(other) => {
            let text =
                format!("another cluster ({}) stands where {resource_id} was", other.resource_id);
            Failure::permanent(code, text)
        }
        Found::Stranger(why) => {
            let text =
                format!("the restored cluster ({resource_id}) is not this job's any more: {why}");
            Failure::permanent(code, text)
        }
    }
}

/// Why something that carries these tags, made at this moment, is not this job's; `None` if it is.
/// A tag can be set by hand: what is older than the job itself was not made by it. The moments come
/// from different clocks, so a quarter of an hour is granted.
fn not_ours(tags: &[Tag], made_ms: Option<i64>, job: JobId, accepted_ms: i64) -> Option<String> {
    const CLOCKS_DIFFER_MS: i64 = 15 * 60 * 1000;
    let tag = tags.iter().find(|t| t.key() == Some(JOB_TAG)).and_then(Tag::value);
    match tag {
        None => Some(format!("it has no tag {JOB_TAG}")),
        Some(id) if id != job.to_string() => Some(format!("its tag {JOB_TAG} names job {id}")),
        Some(_) if made_ms.is_some_and(|made| made < accepted_ms - CLOCKS_DIFFER_MS) => {
            Some(format!("it is older than the job, so its tag {JOB_TAG} was set by hand"))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
pub(crate) mod made_by_hand;
#[cfg(test)]
mod quota_tests;

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(value: &str) -> Vec<Tag> {
        vec![Tag::builder().key(JOB_TAG).value(value).build()]
    }

    #[test]
    fn only_our_tag_on_something_younger_than_the_job_is_ours() {
        let job = JobId::keyed("a", "b");
        let accepted = 10_000_000;
        let verdict = |tags: &[Tag], made| not_ours(tags, Some(made), job, accepted);
        assert_eq!(verdict(&tags(&job.to_string()), accepted + 1), None);
        assert!(verdict(&[], accepted + 1).is_some());
        assert!(verdict(&tags("another"), accepted + 1).is_some());
        assert!(verdict(&tags(&job.to_string()), accepted - 3_600_000).is_some());
    }
}
