//! What the settings of the fleet say of the accounts and Regions that a request is about.

use crate::request::Request;
use crate::settings::Common;
use serde::{Deserialize, Serialize};

/// What the settings say: keys for copies, groups that nobody but the workers reaches, approvals.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Site {
    /// Customer key for copies that the source's account makes in the source's Region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_key: Option<String>,
    /// Customer key for copies that the source's account makes in the target's Region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_key_there: Option<String>,
    /// Key of the target's account in the target's Region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_key: Option<String>,
    /// Key of the target's account in the source's Region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_key_here: Option<String>,
    /// Security groups that let in the workers only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub closed_groups: Vec<String>,
    /// Whether snapshots under a key that AWS owns may be shared.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub sse_rds_sharing: bool,
    /// The rule by which the target is protected: a swap onto it needs an approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protected_by: Option<String>,
}

impl Site {
    /// What the settings say of the places of a request.
    #[must_use]
    pub fn of(common: &Common, request: &Request) -> Self {
        let (source, target) = (&request.source, &request.target);
        let key = |account, region| {
            let account = common.accounts.get(account)?;
            account.copy_keys.get(region).cloned()
        };
        let closed = common.accounts.get(&target.account);
        let closed = closed.and_then(|a| a.closed_security_groups.get(&target.region));
        let tags = target.tags.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Self {
            source_key: key(source.account(), source.region()),
            source_key_there: key(source.account(), &target.region),
            target_key: key(&target.account, &target.region),
            target_key_here: key(&target.account, source.region()),
            closed_groups: closed.cloned().unwrap_or_default(),
            sse_rds_sharing: common.allow_sse_rds_sharing,
            protected_by: common.protected.matches(target.cluster.as_str(), tags),
        }
    }

    /// Whether the settings say nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
