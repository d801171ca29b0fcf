//! Tags of clusters, instances, snapshots and groups.

use super::errors::{
    db_cluster_not_found, db_cluster_snapshot_not_found, db_instance_not_found,
    db_parameter_group_not_found, db_subnet_group_not_found, invalid_parameter_value,
};
use super::model::{Estate, Place, Tags};
use super::names::{Arn, Kind};
use super::{Rds, render, required};
use crate::error::AwsError;
use crate::params::Params;
use crate::world::{Answer, Context, Reply};
use crate::xml::Xml;

const MOST_TAGS: usize = 50;

/// The tags of a request, checked.
pub(super) fn read_tags(params: &Params) -> Result<Tags, AwsError> {
    let mut tags = Tags::new();
    for tag in params.structs("Tags.Tag") {
        let key = tag.get("Key").unwrap_or_default().to_owned();
        let value = tag.get("Value").unwrap_or_default().to_owned();
        check_tag(&key, &value)?;
        if tags.insert(key.clone(), value).is_some() {
            return Err(invalid_parameter_value(format!("Duplicate tag key: {key}")));
        }
    }
    check_count(&tags)?;
    Ok(tags)
}

fn check_tag(key: &str, value: &str) -> Result<(), AwsError> {
    if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
        let text = "Tag keys must have 1 to 128 characters and tag values at most 256.";
        return Err(invalid_parameter_value(text));
    }
    if key.to_ascii_lowercase().starts_with("aws:") {
        return Err(invalid_parameter_value("Tag keys may not begin with aws:"));
    }
    let known = |c: char| {
        c.is_alphanumeric() || matches!(c, '_' | '.' | ':' | '/' | '=' | '+' | '@' | '-' | ' ')
    };
    if key.chars().chain(value.chars()).all(known) {
        return Ok(());
    }
    Err(invalid_parameter_value(format!("Tag {key} has a character that is not allowed")))
}

fn check_count(tags: &Tags) -> Result<(), AwsError> {
    if tags.len() <= MOST_TAGS {
        return Ok(());
    }
    Err(invalid_parameter_value(format!("A resource has at most {MOST_TAGS} tags")))
}

impl Estate {
    fn tags_of(&mut self, kind: Kind, name: &str) -> Result<&mut Tags, AwsError> {
        let (found, missing): (_, fn(&str) -> AwsError) = match kind {
            Kind::Cluster => {
                (self.clusters.get_mut(name).map(|c| &mut c.tags), db_cluster_not_found)
            }
            Kind::Instance => {
                (self.instances.get_mut(name).map(|i| &mut i.tags), db_instance_not_found)
            }
            Kind::Snapshot => {
                (self.snapshots.get_mut(name).map(|s| &mut s.tags), db_cluster_snapshot_not_found)
            }
            Kind::SubnetGroup => {
                (self.subnet_groups.get_mut(name).map(|g| &mut g.tags), db_subnet_group_not_found)
            }
            Kind::ParameterGroup => (
                self.parameter_groups.get_mut(name).map(|g| &mut g.tags),
                db_parameter_group_not_found,
            ),
        };
        found.ok_or_else(|| missing(name))
    }
}

impl Rds {
    pub(super) fn add_tags(&mut self, cx: &mut Context<'_>, params: &Params) -> Answer {
        let added = read_tags(params)?;
        let tags = self.named_tags(cx, params)?;
        let mut all = tags.clone();
        all.extend(added);
        check_count(&all)?;
        *tags = all;
        Ok(Reply::Xml(Xml::new("AddTagsToResourceResult")))
    }

    pub(super) fn remove_tags(&mut self, cx: &mut Context<'_>, params: &Params) -> Answer {
        let tags = self.named_tags(cx, params)?;
        for key in params.list("TagKeys.member") {
            tags.remove(&key);
        }
        Ok(Reply::Xml(Xml::new("RemoveTagsFromResourceResult")))
    }

    pub(super) fn list_tags(&mut self, cx: &mut Context<'_>, params: &Params) -> Answer {
        let tags = self.named_tags(cx, params)?;
        Ok(Reply::Xml(render::tags(Xml::new("ListTagsForResourceResult"), tags)))
    }

    /// The tags of what a request names by ARN, in the calling account and Region.
    fn named_tags(&mut self, cx: &mut Context<'_>, params: &Params) -> Result<&mut Tags, AwsError> {
        let given = required(params, "ResourceName")?;
        let arn = Arn::parse(given)
            .ok_or_else(|| invalid_parameter_value(format!("Invalid resource name: {given}")))?;
        if arn.place != Place::of(cx) {
            let text = "The specified resource name does not match an RDS resource in this region.";
            return Err(invalid_parameter_value(text));
        }
        cx.record.resource.clone_from(&arn.identifier);
        let tags = self.estate(&arn.place).tags_of(arn.kind, &arn.identifier)?;
        cx.record.items = 1;
        Ok(tags)
    }
}
