//! What to restore from.

use crate::fault::Reader;
use crate::ids::{AccountId, ClusterId, RegionName};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What to restore from: exactly one of the kinds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A cluster snapshot.
    Snapshot(SnapshotSource),
    /// A moment in the life of a cluster.
    PointInTime(PointInTime),
    /// A copy-on-write clone of a cluster as it is now.
    Clone(ClusterRef),
}

impl Source {
    /// The account that holds the source.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        match self {
            Self::Snapshot(s) => &s.account,
            Self::PointInTime(p) => &p.account,
            Self::Clone(c) => &c.account,
        }
    }

    /// The Region that holds the source.
    #[must_use]
    pub fn region(&self) -> &RegionName {
        match self {
            Self::Snapshot(s) => &s.region,
            Self::PointInTime(p) => &p.region,
            Self::Clone(c) => &c.region,
        }
    }
}

/// A cluster somewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClusterRef {
    /// Its account.
    pub account: AccountId,
    /// Its Region.
    pub region: RegionName,
    /// Its identifier.
    pub cluster: ClusterId,
}

/// A moment in the life of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PointInTime {
    /// Account of the cluster.
    pub account: AccountId,
    /// Region of the cluster.
    pub region: RegionName,
    /// The cluster.
    pub cluster: ClusterId,
    /// `latest`, or a timestamp such as `2026-11-22T09:41:30Z`.
    pub to: String,
}

/// A cluster snapshot somewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SnapshotSource {
    /// Its account.
    pub account: AccountId,
    /// Its Region.
    pub region: RegionName,
    /// The snapshot itself, by identifier or ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The cluster whose snapshot is meant, with `latest` or `latest_before`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterId>,
    /// The newest one that is available.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub latest: bool,
    /// The newest one made before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub latest_before: Option<Timestamp>,
}

/// Which snapshot is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotPick<'a> {
    /// This one, by identifier or ARN.
    Exactly(&'a str),
    /// The newest of a cluster, made before a moment when one is given.
    Latest {
        /// The cluster.
        cluster: &'a ClusterId,
        /// Made before this.
        before: Option<Timestamp>,
    },
}

impl SnapshotSource {
    /// Which snapshot is meant; `None` only for a value that did not come through validation.
    #[must_use]
    pub fn pick(&self) -> Option<SnapshotPick<'_>> {
        if let Some(id) = &self.id {
            return Some(SnapshotPick::Exactly(id));
        }
        let cluster = self.cluster.as_ref()?;
        Some(SnapshotPick::Latest { cluster, before: self.latest_before })
    }
}

pub(super) fn read(r: &Reader<'_>) -> Option<Source> {
    const KINDS: [&str; 3] = ["snapshot", "point_in_time", "clone"];
    let map = r.object(&KINDS)?;
    let given: Vec<&str> = KINDS.into_iter().filter(|kind| map.contains_key(*kind)).collect();
    if given.len() != 1 {
        let problem = format!("names {} kinds of source", given.len());
        r.fault(problem, format!("give exactly one of {}", KINDS.join(", ")));
    }
    let snapshot = r.field("snapshot").optional(|r| snapshot(r).map(Source::Snapshot));
    let point = r.field("point_in_time").optional(|r| point_in_time(r).map(Source::PointInTime));
    let clone = r.field("clone").optional(|r| {
        r.object(&["account", "region", "cluster"])?;
        cluster_ref(r).map(Source::Clone)
    });
    snapshot.or(point).or(clone)
}

fn cluster_ref(r: &Reader<'_>) -> Option<ClusterRef> {
    let account = r.field("account").parsed();
    let region = r.field("region").parsed();
    let cluster = r.field("cluster").parsed();
    Some(ClusterRef { account: account?, region: region?, cluster: cluster? })
}

fn point_in_time(r: &Reader<'_>) -> Option<PointInTime> {
    r.object(&["account", "region", "cluster", "to"])?;
    let place = cluster_ref(r);
    let to = r.field("to").text();
    if to.as_ref().is_some_and(|t| t != "latest" && t.parse::<Timestamp>().is_err()) {
        let fix = "must be \"latest\" or a timestamp such as \"2026-11-22T09:41:30Z\"";
        r.field("to").fault(format!("is {:?}", to.as_deref().unwrap_or_default()), fix);
        return None;
    }
    let ClusterRef { account, region, cluster } = place?;
    Some(PointInTime { account, region, cluster, to: to? })
}

fn snapshot(r: &Reader<'_>) -> Option<SnapshotSource> {
    r.object(&["account", "region", "id", "cluster", "latest", "latest_before"])?;
    let account = r.field("account").parsed();
    let region = r.field("region").parsed();
    let id = r.field("id").optional(|r| r.short_text(512));
    let cluster = r.field("cluster").optional(Reader::parsed);
    let latest = r.field("latest").optional(Reader::flag).unwrap_or(false);
    let latest_before = r.field("latest_before").optional(Reader::parsed);
    check_pick(r, latest);
    Some(SnapshotSource { account: account?, region: region?, id, cluster, latest, latest_before })
}

/// Exactly one way of naming the snapshot.
fn check_pick(r: &Reader<'_>, latest: bool) {
    let (id, cluster) = (r.field("id").is_given(), r.field("cluster").is_given());
    let before = r.field("latest_before").is_given();
    let by_time = latest || before;
    match (id, cluster) {
        (true, false) if !by_time => {}
        (false, true) if latest != before => {}
        (false, true) => r.fault(
            "names a cluster but not which of its snapshots",
            "add exactly one of \"latest\": true or \"latest_before\": \"<timestamp>\"",
        ),
        (true, _) => r.fault(
            "names a snapshot by id and in another way, too",
            "give either \"id\", or \"cluster\" with \"latest\" or \"latest_before\"",
        ),
        (false, false) => r.fault(
            "does not say which snapshot",
            "give \"id\" (an identifier or ARN), or \"cluster\" with \"latest\": true",
        ),
    }
}
