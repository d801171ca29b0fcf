//! Effects: the calls by which a job changes something in RDS.

mod clusters;
mod restore;
mod snapshots;

pub use clusters::{
    create_instance, delete_cluster, delete_instance, manage_master_password, open_access, rename,
    set_master_password, start, unprotect,
};
pub use restore::{Made, restore_cluster};
pub use snapshots::{Copied, copy_snapshot, delete_snapshot, set_sharing};

use super::{JOB_TAG, KEEP_TAG};
use crate::step::StepContext;
use aurora_restore_shared::clock::{as_ms, timestamp};
use aws_sdk_rds::types::Tag;
use std::time::Duration;

fn tag(key: &str, value: impl Into<String>) -> Tag {
    Tag::builder().key(key).value(value).build()
}

/// The tag of the job, and until when the thing is kept, where that is limited.
fn own_tags(cx: &StepContext<'_>, kept: Option<Duration>) -> Vec<Tag> {
    let mut tags = vec![tag(JOB_TAG, cx.spec.id.to_string())];
    if let Some(kept) = kept {
        let until = cx.spec.created_at_ms + as_ms(kept);
        tags.push(tag(KEEP_TAG, timestamp(until).to_string()));
    }
    tags
}

/// The tags of a restored cluster and its instances: the job's, then those of the request.
fn tags(cx: &StepContext<'_>) -> Vec<Tag> {
    let kept = cx.spec.request.keep.restored.as_ref().map(|keep| keep.length());
    let asked = cx.spec.request.target.tags.iter();
    let mut tags = own_tags(cx, kept);
    tags.extend(asked.map(|(key, value)| tag(key, value)));
    tags
}
