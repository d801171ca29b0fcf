//! Subnet groups and cluster parameter groups. `default` subnet group and the default parameter
//! group of every family are always there.

use super::describe::{Filters, Page};
use super::engines;
use super::errors::{
    db_cluster_parameter_group_not_found, db_parameter_group_already_exists,
    db_parameter_group_not_found, db_subnet_group_already_exists,
    db_subnet_group_does_not_cover_enough_azs, db_subnet_group_not_found,
    invalid_parameter_combination, invalid_parameter_value, invalid_subnet,
};
use super::model::{Estate, ParameterGroup, Place, SubnetGroup, Tags};
use super::tags::read_tags;
use super::{Rds, render, required};
use crate::error::AwsError;
use crate::params::Params;
use crate::world::{Answer, Context, Reply};
use crate::xml::Xml;
use std::collections::BTreeMap;

/// The security group of clusters that name none.
pub(super) const DEFAULT_SECURITY_GROUP: &str = "sg-0default0000000";

/// The VPC everything is in.
pub(super) const VPC: &str = "vpc-0default0000000";

/// The default parameter group of a version.
pub(super) fn default_parameter_group(version: &str) -> String {
    format!("default.{}", engines::family(version))
}

/// The parameter group and the subnet group a new cluster gets: those named, else the defaults.
pub(super) fn cluster_groups(
    estate: &Estate,
    params: &Params,
    version: &str,
) -> Result<(String, String), AwsError> {
    let parameter_group = match params.get("DBClusterParameterGroupName") {
        Some("default") | None => default_parameter_group(version),
        Some(name) => name.to_ascii_lowercase(),
    };
    check_parameter_group(estate, &parameter_group, version)?;
    let subnet_group = params.get("DBSubnetGroupName").unwrap_or("default").to_ascii_lowercase();
    if subnet_group != "default" && !estate.subnet_groups.contains_key(&subnet_group) {
        return Err(db_subnet_group_not_found(&subnet_group));
    }
    Ok((parameter_group, subnet_group))
}

/// Checks that a parameter group exists and is for the version.
pub(super) fn check_parameter_group(
    estate: &Estate,
    name: &str,
    version: &str,
) -> Result<(), AwsError> {
    let default = || engines::families().find(|f| name == format!("default.{f}"));
    let family = match estate.parameter_groups.get(name) {
        Some(group) => group.family.clone(),
        None => default().ok_or_else(|| db_cluster_parameter_group_not_found(name))?,
    };
    let wanted = engines::family(version);
    if family == wanted {
        return Ok(());
    }
    Err(invalid_parameter_combination(format!(
        "The Parameter Group {name} with DBParameterGroupFamily {family} cannot be used for this \
         cluster. Please use a Parameter Group with DBParameterGroupFamily {wanted}"
    )))
}

impl Rds {
    pub(super) fn create_subnet_group(&mut self, cx: &mut Context<'_>, params: &Params) -> Answer {
        let place = Place::of(cx);
        let name = group_name(cx, params, "DBSubnetGroupName")?;
        let description = required(params, "DBSubnetGroupDescription")?.to_owned();
        let subnets = params.list("SubnetIds.SubnetIdentifier");
        check_subnets(&subnets)?;
        let tags = read_tags(params)?;
        let groups = &mut self.estate(&place).subnet_groups;
        if groups.contains_key(&name) {
            return Err(db_subnet_group_already_exists(&name));
        }
        let group = SubnetGroup { name: name.clone(), description, subnets, tags };
        let xml = render::subnet_group(&place, &group);
        groups.insert(name, group);
        Ok(Reply::Xml(Xml::new("CreateDBSubnetGroupResult").with(xml)))
    }

    pub(super) fn create_parameter_group(
        &mut self,
        cx: &mut Context<'_>,
        params: &Params,
    ) -> Answer {
        let place = Place::of(cx);
        let name = group_name(cx, params, "DBClusterParameterGroupName")?;
        let family = required(params, "DBParameterGroupFamily")?.to_owned();
        let description = required(params, "Description")?.to_owned();
        check_family(&family)?;
        let tags = read_tags(params)?;
        let groups = &mut self.estate(&place).parameter_groups;
        if groups.contains_key(&name) {
            return Err(db_parameter_group_already_exists(&name));
        }
        let group = ParameterGroup { name: name.clone(), family, description, tags };
        let xml = render::parameter_group(&place, &group);
        groups.insert(name, group);
        Ok(Reply::Xml(Xml::new("CreateDBClusterParameterGroupResult").with(xml)))
    }

    pub(super) fn describe_subnet_groups(
        &mut self,
        cx: &mut Context<'_>,
        params: &Params,
    ) -> Answer {
        let place = Place::of(cx);
        Filters::read(params, &[])?;
        let mut groups = self.estate(&place).subnet_groups.clone();
        groups.insert("default".into(), default_subnet_group());
        let name = only(&mut groups, params, "DBSubnetGroupName", db_subnet_group_not_found)?;
        let (found, marker) = Page::read(params)?.cut(&groups, None, |_| true);
        note(cx, name, found.len());
        let members = found.into_iter().map(|g| render::subnet_group(&place, g));
        let result = Xml::new("DescribeDBSubnetGroupsResult").maybe("Marker", marker);
        Ok(Reply::Xml(result.list("DBSubnetGroups", members)))
    }

    pub(super) fn describe_parameter_groups(
        &mut self,
        cx: &mut Context<'_>,
        params: &Params,
    ) -> Answer {
        let place = Place::of(cx);
        Filters::read(params, &[])?;
        let mut groups = self.estate(&place).parameter_groups.clone();
        groups.extend(default_parameter_groups());
        let parameter = "DBClusterParameterGroupName";
        let name = only(&mut groups, params, parameter, db_parameter_group_not_found)?;
        let (found, marker) = Page::read(params)?.cut(&groups, None, |_| true);
        note(cx, name, found.len());
        let members = found.into_iter().map(|g| render::parameter_group(&place, g));
        let result = Xml::new("DescribeDBClusterParameterGroupsResult").maybe("Marker", marker);
        Ok(Reply::Xml(result.list("DBClusterParameterGroups", members)))
    }
}

/// Keeps only the group a request names, if it names one.
fn only<T>(
    groups: &mut BTreeMap<String, T>,
    params: &Params,
    parameter: &str,
    missing: fn(&str) -> AwsError,
) -> Result<Option<String>, AwsError> {
    let Some(given) = params.get(parameter) else { return Ok(None) };
    let name = given.to_ascii_lowercase();
    if !groups.contains_key(&name) {
        return Err(missing(given));
    }
    groups.retain(|n, _| *n == name);
    Ok(Some(name))
}

fn note(cx: &mut Context<'_>, name: Option<String>, items: usize) {
    cx.record.resource = name.unwrap_or_default();
    cx.record.items = items as u64;
}

/// The name of a new group; `default` and what begins with `default.` is taken for good.
fn group_name(cx: &mut Context<'_>, params: &Params, parameter: &str) -> Result<String, AwsError> {
    let name = check_group_name(parameter, required(params, parameter)?)?;
    cx.record.resource.clone_from(&name);
    cx.record.items = 1;
    Ok(name)
}

/// Checks the name of a new group; returns it in lower case, as AWS stores it.
pub(super) fn check_group_name(parameter: &str, given: &str) -> Result<String, AwsError> {
    let name = given.to_ascii_lowercase();
    let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b' ');
    let reserved = name == "default" || name.starts_with("default.");
    if reserved || name.len() > 255 || !name.bytes().all(known) {
        return Err(invalid_parameter_value(format!("The parameter {parameter} is not valid")));
    }
    Ok(name)
}

/// Checks the subnets of a new group.
pub(super) fn check_subnets(subnets: &[String]) -> Result<(), AwsError> {
    if let Some(bad) = subnets.iter().find(|s| !s.starts_with("subnet-")) {
        return Err(invalid_subnet(format!("Invalid subnet id: {bad}")));
    }
    if subnets.len() < 2 {
        return Err(db_subnet_group_does_not_cover_enough_azs());
    }
    Ok(())
}

/// Checks that there is a parameter group family.
pub(super) fn check_family(family: &str) -> Result<(), AwsError> {
    if engines::families().any(|known| known == family) {
        return Ok(());
    }
    let text = format!("ParameterGroupFamily {family} is not a valid parameter group family");
    Err(invalid_parameter_value(text))
}

fn default_subnet_group() -> SubnetGroup {
    SubnetGroup {
        name: "default".into(),
        description: "default".into(),
        subnets: ["a", "b", "c"].map(|z| format!("subnet-0default000000{z}")).to_vec(),
        tags: Tags::new(),
    }
}

fn default_parameter_groups() -> impl Iterator<Item = (String, ParameterGroup)> {
    engines::families().map(|family| {
        let name = format!("default.{family}");
        let description = format!("Default cluster parameter group for {family}");
        (name.clone(), ParameterGroup { name, family, description, tags: Tags::new() })
    })
}
