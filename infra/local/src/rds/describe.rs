//! Reading many at once: filters, pages, and two of the describe operations made of them.

use super::Rds;
use super::asked::in_range;
use super::clusters::find;
use super::engines;
use super::errors::{db_cluster_not_found, db_instance_not_found, invalid_parameter_value};
use super::model::Place;
use super::names::{self, Kind};
use super::render;
use crate::error::AwsError;
use crate::params::Params;
use crate::world::{Answer, Context, Reply};
use crate::xml::Xml;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// The most values one filter takes.
const MOST_VALUES: usize = 100;
/// What a marker begins with, so that a made-up one is recognised.
const MARKER: &str = "after:";

/// The filters of a request: the values allowed, by filter name.
#[derive(Debug, Default)]
pub(super) struct Filters(BTreeMap<String, BTreeSet<String>>);

impl Filters {
    /// Reads the filters; refuses those the operation does not know.
    pub(super) fn read(params: &Params, known: &[&str]) -> Result<Self, AwsError> {
        let mut filters = BTreeMap::new();
        for filter in params.structs("Filters.Filter") {
            let name = filter.get("Name").unwrap_or_default().to_owned();
            let values = filter.list("Values.Value");
            if !known.contains(&name.as_str()) {
                return Err(invalid_parameter_value(format!("Unrecognized filter name: {name}")));
            }
            if values.is_empty() || values.len() > MOST_VALUES {
                return Err(invalid_parameter_value(format!(
                    "The filter {name} must have between 1 and {MOST_VALUES} values"
                )));
            }
            filters.insert(name, values.into_iter().collect());
        }
        Ok(Self(filters))
    }

    /// Whether a value passes a filter; it does when there is no such filter.
    pub(super) fn allows(&self, name: &str, value: &str) -> bool {
        self.0.get(name).is_none_or(|values| values.contains(value))
    }

    /// The identifiers a filter names by identifier or ARN; what is of another place keeps its ARN.
    pub(super) fn identifiers(
        &self,
        name: &str,
        place: &Place,
        kind: Kind,
    ) -> Option<BTreeSet<String>> {
        let values = self.0.get(name)?;
        let name =
            |v: &String| names::local(place, kind, v).unwrap_or_else(|| v.to_ascii_lowercase());
        Some(values.iter().map(name).collect())
    }
}

/// The page asked for.
#[derive(Debug)]
pub(super) struct Page {
    most: usize,
    after: Option<String>,
}

impl Page {
    pub(super) fn read(params: &Params) -> Result<Self, AwsError> {
        let most = in_range(params, "MaxRecords", 20, 100)?.unwrap_or(100);
        let after = match params.get("Marker").filter(|m| !m.is_empty()) {
            None => None,
            Some(given) => Some(given.strip_prefix(MARKER).ok_or_else(|| {
                invalid_parameter_value(format!("The marker {given} is not valid"))
            })?),
        };
        Ok(Self { most: most as usize, after: after.map(str::to_owned) })
    }

    /// Cuts the page out of what passes, in order of name; returns the marker of the next one.
    /// With `ids` only those are looked at.
    pub(super) fn cut<'a, T>(
        &self,
        all: &'a BTreeMap<String, T>,
        ids: Option<&BTreeSet<String>>,
        mut keep: impl FnMut(&T) -> bool,
    ) -> (Vec<&'a T>, Option<String>) {
        let start = self.after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let range = (start, Bound::Unbounded);
        let mut candidates: Box<dyn Iterator<Item = (&String, &T)>> = match ids {
            Some(ids) => Box::new(ids.range::<str, _>(range).filter_map(|i| all.get_key_value(i))),
            None => Box::new(all.range::<str, _>(range)),
        };
        let mut found = Vec::new();
        let mut last = None;
        while let Some((name, item)) = candidates.by_ref().find(|(_, item)| keep(item)) {
            if found.len() == self.most {
                return (found, last);
            }
            found.push(item);
            last = Some(format!("{MARKER}{name}"));
        }
        (found, None)
    }
}

/// What the meter notes about a read: the one name, or how many names were asked for.
pub(super) fn note(
    cx: &mut Context<'_>,
    one: Option<&str>,
    ids: Option<&BTreeSet<String>>,
    items: usize,
) {
    cx.record.items = items as u64;
    cx.record.resource = match (one, ids) {
        (Some(one), _) => one.to_ascii_lowercase(),
        (None, Some(ids)) if ids.len() == 1 => ids.iter().cloned().collect(),
        (None, Some(ids)) => format!("{} ids", ids.len()),
        (None, None) => String::new(),
    };
}

/// Both an identifier and a filter on identifiers: only what is in both.
pub(super) fn narrowed(
    one: Option<String>,
    ids: Option<BTreeSet<String>>,
) -> Option<BTreeSet<String>> {
    match (one, ids) {
        (Some(one), ids) => Some(
            BTreeSet::from([one])
                .into_iter()
                .filter(|o| ids.as_ref().is_none_or(|i| i.contains(o)))
                .collect(),
        ),
        (None, ids) => ids,
    }
}

impl Rds {
    pub(super) fn describe_clusters(&mut self, cx: &mut Context<'_>, params: &Params) -> Answer {
        let place = Place::of(cx);
        let known = ["db-cluster-id", "db-cluster-resource-id", "engine"];
        let filters = Filters::read(params, &known)?;
        let page = Page::read(params)?;
        let given = params.get("DBClusterIdentifier");
        let one = given.map(|given| self.shown_cluster(cx, params, given)).transpose()?;
        let ids = narrowed(one, filters.identifiers("db-cluster-id", &place, Kind::Cluster));
        let estate = self.estate(&place);
        let (found, marker) = page.cut(&estate.clusters, ids.as_ref(), |c| {
            filters.allows("db-cluster-resource-id", &c.resource_id)
                && filters.allows("engine", engines::of(c.engine).name)
                && !cx.faults.hides(c.created_ms, cx.now_ms)
        });
        note(cx, given, ids.as_ref(), found.len());
        let members = found.into_iter().map(|c| render::cluster(&place, estate, c, cx.now_ms));
        let result = Xml::new("DescribeDBClustersResult").maybe("Marker", marker);
        Ok(Reply::Xml(result.list("DBClusters", members)))
    }

    /// The name of the cluster that a description is asked of by name, as soon as it is shown.
    fn shown_cluster(
        &mut self,
        cx: &mut Context<'_>,
        params: &Params,
        given: &str,
    ) -> Result<String, AwsError> {
        let place = Place::of(cx);
        let identifier = self.named_cluster(cx, params, &place)?;
        let cluster = find(self.estate(&place).clusters.get(&identifier), given)?;
        if cx.faults.hides(cluster.created_ms, cx.now_ms) {
            return Err(db_cluster_not_found(given));
        }
        Ok(identifier)
    }

    pub(super) fn describe_instances(&mut self, cx: &mut Context<'_>, params: &Params) -> Answer {
        let place = Place::of(cx);
        let known = ["db-instance-id", "db-cluster-id", "dbi-resource-id", "engine"];
        let filters = Filters::read(params, &known)?;
        let page = Page::read(params)?;
        let given = params.get("DBInstanceIdentifier");
        let estate = self.estate(&place);
        let one = given
            .map(|g| {
                names::local(&place, Kind::Instance, g)
                    .filter(|i| {
                        let found = estate.instances.get(i);
                        found.is_some_and(|i| !cx.faults.hides(i.created_ms, cx.now_ms))
                    })
                    .ok_or_else(|| db_instance_not_found(g))
            })
            .transpose()?;
        let ids = narrowed(one, filters.identifiers("db-instance-id", &place, Kind::Instance));
        let clusters = filters.identifiers("db-cluster-id", &place, Kind::Cluster);
        let (found, marker) = page.cut(&estate.instances, ids.as_ref(), |i| {
            clusters.as_ref().is_none_or(|c| c.contains(&i.cluster))
                && filters.allows("dbi-resource-id", &i.resource_id)
                && filters.allows("engine", engines::of(i.engine).name)
                && !cx.faults.hides(i.created_ms, cx.now_ms)
        });
        note(cx, given, ids.as_ref().or(clusters.as_ref()), found.len());
        let members = found.into_iter().map(|i| render::instance(&place, estate, i, cx.now_ms));
        let result = Xml::new("DescribeDBInstancesResult").maybe("Marker", marker);
        Ok(Reply::Xml(result.list("DBInstances", members)))
    }
}
