//! The settings of the restored cluster: those of the request, else those of the source. Never the
//! Region's defaults, which is what AWS uses for whatever a restore call leaves out.

use super::Path;
use crate::facts::{ClusterFacts, SourceFacts};
use crate::request::Request;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything a restored cluster is given. `None` means: neither the request nor the source says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClusterSettings {
    /// Engine, such as `aurora-postgresql`.
    pub engine: String,
    /// Engine version: always said, because the default is the Region's, not the snapshot's.
    pub engine_version: String,
    /// What a running cluster tells of itself, too.
    #[serde(flatten)]
    pub cluster: ClusterFacts,
    /// KMS key; none: that of the snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<String>,
    /// `aurora` or `aurora-iopt1`: always said, so that I/O-Optimized is kept.
    pub storage_type: String,
    /// TCP port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Backtrack window in hours (Aurora MySQL): can only be given to a new cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backtrack_hours: Option<u16>,
    /// Tags of the request.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

pub(super) fn follow_source(
    request: &Request,
    facts: &SourceFacts,
    path: &Path,
    why: &mut Vec<String>,
) -> ClusterSettings {
    let target = &request.target;
    let mut source = facts.cluster.clone().unwrap_or_default();
    if request.changes_place() {
        // Ids and names of the source's place mean nothing in the target's.
        (source.subnet_group, source.security_groups) = (None, Vec::new());
    }
    if facts.cluster.is_none() {
        why.push("The source cluster is gone: settings that neither the request nor the snapshot says are the Region's defaults.".into());
    } else {
        why.push("Settings left out of the request follow the source cluster.".into());
    }
    let or = |asked: &Option<String>, of_source: Option<String>| asked.clone().or(of_source);
    let cluster = ClusterFacts {
        parameter_group: or(&target.parameter_group, parameter_group(request, facts)),
        subnet_group: or(&target.subnet_group, source.subnet_group),
        security_groups: target.security_groups.clone().unwrap_or(source.security_groups),
        serverless: target.serverless.clone().or(source.serverless),
        iam_auth: target.iam_auth.unwrap_or(source.iam_auth),
        log_exports: target.log_exports.clone().unwrap_or(source.log_exports),
        backup_retention_days: target.backup_retention_days.or(source.backup_retention_days),
        deletion_protection: target.deletion_protection.unwrap_or(source.deletion_protection),
    };
    ClusterSettings {
        engine: facts.engine.clone(),
        engine_version: or(&target.engine_version, Some(facts.engine_version.clone()))
            .unwrap_or_default(),
        cluster,
        kms_key: target.kms_key.clone().or_else(|| path.restore_key.clone()),
        storage_type: or(&target.storage_type, facts.storage_type.clone())
            .unwrap_or_else(|| "aurora".into()),
        port: target.port.or(facts.port),
        backtrack_hours: target.backtrack_hours.filter(|hours| *hours > 0),
        tags: target.tags.clone(),
    }
}

/// The source's parameter group fits only while the major version stays the same: a group belongs
/// to a parameter group family.
fn parameter_group(request: &Request, facts: &SourceFacts) -> Option<String> {
    let major = |version: &str| version.split('.').next().map(str::to_owned);
    let wanted = request.target.engine_version.as_deref().unwrap_or(&facts.engine_version);
    let same_family = major(wanted) == major(&facts.engine_version);
    facts.cluster.as_ref().filter(|_| same_family)?.parameter_group.clone()
}
