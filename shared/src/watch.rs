//! What a waiting job waits for, and when a resource has changed enough to wake it.

use crate::clock::EpochMs;
use crate::ids::{AccountId, RegionName};
use std::fmt;
use std::str::FromStr;

/// The kinds of resources that can be watched in bulk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WatchKind {
    /// A DB cluster snapshot.
    Snapshot,
    /// A DB cluster, by itself.
    Cluster,
    /// A DB cluster and all its instances: one resource.
    Members,
    /// A DB cluster that comes up under another name: as long as there is none, it is on its way.
    Arrival,
}

impl WatchKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Snapshot, Self::Cluster, Self::Members, Self::Arrival];

    /// The name, as stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Snapshot => "snapshot",
            Self::Cluster => "cluster",
            Self::Members => "members",
            Self::Arrival => "arrival",
        }
    }
}

/// The resource a waiting job waits for, and the status it wants to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// Account of the resource.
    pub account: AccountId,
    /// Region of the resource.
    pub region: RegionName,
    /// Kind of the resource.
    pub kind: WatchKind,
    /// Its identifier.
    pub id: String,
    /// The status that ends the wait, such as `available`.
    pub want: String,
    /// When that is expected: paces the observer. A guess, never a promise.
    pub expected_at_ms: EpochMs,
}

impl Watch {
    /// The partition of the `watching` index: `<account>#<region>`.
    #[must_use]
    pub fn scope(&self) -> String {
        scope(&self.account, &self.region)
    }

    /// The key within the scope: `<kind>#<id>`.
    #[must_use]
    pub fn reference(&self) -> WatchRef {
        WatchRef { kind: self.kind, id: self.id.clone() }
    }

    /// Whether news of this resource are news of the other, too: a cluster with its members covers
    /// the cluster itself.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let same_place = self.scope() == other.scope() && self.id == other.id;
        same_place && self.kind == WatchKind::Members && other.kind == WatchKind::Cluster
    }
}

/// The partition of the `watching` index for one account and Region.
#[must_use]
pub fn scope(account: &AccountId, region: &RegionName) -> String {
    format!("{account}#{region}")
}

/// A watched resource within its account and Region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WatchRef {
    /// Kind of the resource.
    pub kind: WatchKind,
    /// Its identifier.
    pub id: String,
}

impl fmt::Display for WatchRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.kind.as_str(), self.id)
    }
}

impl FromStr for WatchRef {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, id) = text.split_once('#').ok_or_else(|| format!("{text:?} has no kind"))?;
        let kind = WatchKind::ALL.into_iter().find(|k| k.as_str() == kind);
        let kind = kind.ok_or_else(|| format!("{text:?} is of no known kind"))?;
        Ok(Self { kind, id: id.to_owned() })
    }
}

/// What a status says to somebody who waits for another one; of several, the greatest decides. The list of statuses is open: one
/// that is not known means "still working", until the deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StatusClass {
    /// The wanted one.
    Ready,
    /// On its way, or unknown.
    Working,
    /// It will never get there by itself: `failed`, `incompatible-*`, `inaccessible-*`.
    Broken,
}

/// Sorts a status. Sources: "Viewing Amazon Aurora DB cluster status" and "Viewing DB instance
/// status", Amazon Aurora User Guide.
#[must_use]
pub fn classify_status(status: &str, want: &str) -> StatusClass {
    let broken = status == "failed"
        || status == "insufficient-capacity"
        || status.starts_with("incompatible-")
        || status.starts_with("inaccessible-");
    match (status == want, broken) {
        (true, _) => StatusClass::Ready,
        (false, true) => StatusClass::Broken,
        (false, false) => StatusClass::Working,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_status_means_still_working() {
        assert_eq!(classify_status("teleporting", "available"), StatusClass::Working);
        assert_eq!(classify_status("available", "available"), StatusClass::Ready);
        assert_eq!(classify_status("incompatible-restore", "available"), StatusClass::Broken);
        let key = "inaccessible-encryption-credentials";
        assert_eq!(classify_status(key, "available"), StatusClass::Broken);
    }

    #[test]
    fn a_watch_reference_reads_back_as_written() {
        for text in ["cluster#orders", "members#a-b", "snapshot#rds:orders-2026", "arrival#a"] {
            assert_eq!(text.parse::<WatchRef>().map(|r| r.to_string()), Ok(text.to_owned()));
        }
        assert!("orders".parse::<WatchRef>().is_err());
        assert!("galaxy#orders".parse::<WatchRef>().is_err());
    }
}
