//! Reading snapshots: one's own, and those that others share.

use super::Rds;
use super::clusters::find;
use super::describe::{Filters, Page, narrowed, note};
use super::errors::{
    db_cluster_snapshot_not_found, invalid_parameter_combination, invalid_parameter_value,
};
use super::model::{Place, Snapshot};
use super::names::{self, Kind};
use super::render;
use super::sharing::{Foreign, Others, is_public};
use crate::error::AwsError;
use crate::params::Params;
use crate::world::{Answer, Context, Reply};
use crate::xml::Xml;
use std::collections::{BTreeMap, BTreeSet};

/// What can stand in `SnapshotType`.
const TYPES: [&str; 5] = ["automated", "manual", "shared", "public", "awsbackup"];

/// A snapshot as it is seen from a place.
enum Seen<'a> {
    Own(&'a Snapshot),
    Foreign(Foreign<'a>),
}

impl Rds {
    pub(super) fn describe_snapshots(&self, cx: &mut Context<'_>, params: &Params) -> Answer {
        let place = Place::of(cx);
        let known = ["db-cluster-id", "db-cluster-snapshot-id", "snapshot-type", "engine"];
        let filters = Filters::read(params, &known)?;
        let page = Page::read(params)?;
        let wanted = Wanted::read(params, &filters, &place)?;
        let mut is_shown = |s: &Snapshot| !cx.faults.hides(s.created_ms, cx.now_ms);
        if let Some(given) = wanted.given {
            let named = self.named(&place, &wanted, given);
            named.filter(|s| is_shown(s)).ok_or_else(|| db_cluster_snapshot_not_found(given))?;
        }
        let ids = filters.identifiers("db-cluster-snapshot-id", &place, Kind::Snapshot);
        let ids = narrowed(wanted.one.clone(), ids);
        let foreign = self.wanted_foreign(&place, &wanted);
        let own = self.estates.get(&place).map(|e| &e.snapshots);
        let (members, marker) = match own {
            // The usual case, and the one that must be cheap: nothing of others is wanted.
            Some(own) if foreign.is_empty() => {
                let passes = |s: &Snapshot| wanted.includes(&Seen::Own(s), &filters) && is_shown(s);
                let (found, marker) = page.cut(own, ids.as_ref(), passes);
                let members: Vec<_> =
                    found.into_iter().map(|s| render::snapshot(&place, s, cx.now_ms)).collect();
                (members, marker)
            }
            own => {
                let own = own.into_iter().flat_map(BTreeMap::values);
                let own = own.map(|s| (s.identifier.clone(), Seen::Own(s)));
                let foreign = foreign.into_iter().map(|f| (f.name(), Seen::Foreign(f)));
                let all: BTreeMap<_, _> = own.chain(foreign).collect();
                let passes = |s: &Seen<'_>| wanted.includes(s, &filters) && is_shown(s.snapshot());
                let (found, marker) = page.cut(&all, ids.as_ref(), passes);
                (found.into_iter().map(|s| s.render(&place, cx.now_ms)).collect(), marker)
            }
        };
        note(cx, wanted.given, ids.as_ref().or(wanted.clusters.as_ref()), members.len());
        let result = Xml::new("DescribeDBClusterSnapshotsResult").maybe("Marker", marker);
        Ok(Reply::Xml(result.list("DBClusterSnapshots", members)))
    }

    /// The one snapshot that is asked for by name, if it is there.
    fn named(&self, place: &Place, wanted: &Wanted<'_>, given: &str) -> Option<&Snapshot> {
        let own = self.estates.get(place).zip(wanted.one.as_ref());
        let own = own.and_then(|(estate, one)| estate.snapshots.get(one));
        own.or_else(|| self.foreign_named(place, given).map(|foreign| foreign.snapshot))
    }

    fn wanted_foreign(&self, place: &Place, wanted: &Wanted<'_>) -> Vec<Foreign<'_>> {
        match wanted.given {
            Some(given) => self.foreign_named(place, given).into_iter().collect(),
            None if wanted.others.shared || wanted.others.public => {
                self.foreign(place, wanted.others)
            }
            None => Vec::new(),
        }
    }
}

impl Seen<'_> {
    fn snapshot(&self) -> &Snapshot {
        match self {
            Seen::Own(snapshot) => snapshot,
            Seen::Foreign(foreign) => foreign.snapshot,
        }
    }

    fn snapshot_type(&self) -> &str {
        match self {
            Seen::Own(snapshot) => &snapshot.snapshot_type,
            Seen::Foreign(foreign) => foreign.kind,
        }
    }

    fn is_of_type(&self, wanted: &str) -> bool {
        let own_public = matches!(self, Seen::Own(s) if wanted == "public" && is_public(s));
        own_public || self.snapshot_type() == wanted
    }

    fn render(&self, place: &Place, now_ms: i64) -> Xml {
        match self {
            Seen::Own(snapshot) => render::snapshot(place, snapshot, now_ms),
            Seen::Foreign(Foreign { owner, snapshot, kind }) => {
                render::foreign_snapshot(owner, snapshot, kind, now_ms)
            }
        }
    }
}

/// What a description of snapshots asks for, its filters aside.
struct Wanted<'a> {
    given: Option<&'a str>,
    one: Option<String>,
    clusters: Option<BTreeSet<String>>,
    snapshot_type: Option<&'a str>,
    others: Others,
    resource_id: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    fn read(params: &'a Params, filters: &Filters, place: &Place) -> Result<Self, AwsError> {
        let given = params.get("DBClusterSnapshotIdentifier");
        let cluster = params.get("DBClusterIdentifier");
        if given.is_some() && cluster.is_some() {
            let text = "DBClusterIdentifier can't be used in conjunction with \
                DBClusterSnapshotIdentifier.";
            return Err(invalid_parameter_combination(text));
        }
        let snapshot_type = params.get("SnapshotType");
        if let Some(bad) = snapshot_type.filter(|t| !TYPES.contains(t)) {
            return Err(invalid_parameter_value(format!("Invalid snapshot type: {bad}")));
        }
        let cluster =
            cluster.map(|c| find(names::local(place, Kind::Cluster, c), c)).transpose()?;
        let clusters = filters.identifiers("db-cluster-id", place, Kind::Cluster);
        let one = given.map(|g| {
            names::local(place, Kind::Snapshot, g).unwrap_or_else(|| g.to_ascii_lowercase())
        });
        Ok(Self {
            given,
            one,
            clusters: narrowed(cluster, clusters),
            snapshot_type,
            others: others(params, snapshot_type),
            resource_id: params.get("DbClusterResourceId"),
        })
    }

    fn includes(&self, seen: &Seen<'_>, filters: &Filters) -> bool {
        let snapshot = seen.snapshot();
        self.clusters.as_ref().is_none_or(|c| c.contains(&snapshot.cluster))
            && self.snapshot_type.is_none_or(|t| seen.is_of_type(t))
            && self.resource_id.is_none_or(|r| r == snapshot.cluster_resource_id)
            && filters.allows("snapshot-type", seen.snapshot_type())
            && filters.allows("engine", super::engines::of(snapshot.engine).name)
    }
}

/// Which snapshots of others a request wants: those it names the type of, or, when it names none,
/// those it includes.
fn others(params: &Params, snapshot_type: Option<&str>) -> Others {
    let included = |name: &str| snapshot_type.is_none() && params.flag(name) == Some(true);
    Others {
        shared: snapshot_type == Some("shared") || included("IncludeShared"),
        public: snapshot_type == Some("public") || included("IncludePublic"),
    }
}
