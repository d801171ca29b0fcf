//! The settings a request names, checked: the same for create, restore and modify.

use super::engines::Description;
use super::errors::{
    invalid_parameter_combination, invalid_parameter_value, invalid_vpc_network_state,
    storage_type_not_supported,
};
use super::model::{Cluster, Place, Serverless};
use crate::error::AwsError;
use crate::params::Params;
use std::collections::BTreeSet;

/// The longest time a cluster can be backtracked: 72 hours, in seconds.
const LONGEST_BACKTRACK_S: u32 = 259_200;

/// The Availability Zones of a Region.
#[must_use]
pub(super) fn zones(region: &str) -> Vec<String> {
    ["a", "b", "c"].map(|letter| format!("{region}{letter}")).to_vec()
}

/// The settings a request names; what it leaves out is `None`.
#[derive(Debug)]
pub(super) struct Asked {
    port: Option<u16>,
    security_groups: Option<Vec<String>>,
    availability_zones: Option<Vec<String>>,
    storage_type: Option<String>,
    backup_retention_days: Option<u32>,
    backup_window: Option<String>,
    maintenance_window: Option<String>,
    deletion_protection: Option<bool>,
    iam_auth: Option<bool>,
    copy_tags_to_snapshot: Option<bool>,
    serverless: Option<Serverless>,
}

impl Asked {
    pub(super) fn read(params: &Params, place: &Place) -> Result<Self, AwsError> {
        Ok(Self {
            port: in_range(params, "Port", 1150, 65_535)?.and_then(|n| u16::try_from(n).ok()),
            security_groups: security_groups(params)?,
            availability_zones: availability_zones(params, place)?,
            storage_type: storage_type(params)?,
            backup_retention_days: in_range(params, "BackupRetentionPeriod", 1, 35)?,
            backup_window: backup_window(params)?,
            maintenance_window: params.get("PreferredMaintenanceWindow").map(str::to_owned),
            deletion_protection: params.flag("DeletionProtection"),
            iam_auth: params.flag("EnableIAMDatabaseAuthentication"),
            copy_tags_to_snapshot: params.flag("CopyTagsToSnapshot"),
            serverless: serverless(&params.under("ServerlessV2ScalingConfiguration."))?,
        })
    }

    /// Puts what was named into a cluster; leaves the rest as it is.
    pub(super) fn apply(self, cluster: &mut Cluster) {
        set(&mut cluster.port, self.port);
        set(&mut cluster.security_groups, self.security_groups);
        set(&mut cluster.availability_zones, self.availability_zones);
        set(&mut cluster.storage_type, self.storage_type);
        set(&mut cluster.backup_retention_days, self.backup_retention_days);
        set(&mut cluster.backup_window, self.backup_window);
        set(&mut cluster.maintenance_window, self.maintenance_window);
        set(&mut cluster.deletion_protection, self.deletion_protection);
        set(&mut cluster.iam_auth, self.iam_auth);
        set(&mut cluster.copy_tags_to_snapshot, self.copy_tags_to_snapshot);
        cluster.serverless = self.serverless.or(cluster.serverless);
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// A whole number within bounds, when given.
pub(super) fn in_range(
    params: &Params,
    name: &str,
    low: u32,
    high: u32,
) -> Result<Option<u32>, AwsError> {
    let Some(given) = params.get(name) else { return Ok(None) };
    match given.parse::<u32>() {
        Ok(n) if (low..=high).contains(&n) => Ok(Some(n)),
        _ => Err(invalid_parameter_value(format!(
            "Invalid value {given} for {name}. Must be between {low} and {high}"
        ))),
    }
}

/// A daily window, `hh24:mi-hh24:mi`, of at least half an hour.
fn backup_window(params: &Params) -> Result<Option<String>, AwsError> {
    let Some(given) = params.get("PreferredBackupWindow") else { return Ok(None) };
    let minutes = |text: &str| {
        let (hours, minutes) = text.split_once(':')?;
        let two = |digits: &str| (digits.len() == 2).then(|| digits.parse::<u32>().ok())?;
        let (hours, minutes) = (two(hours)?, two(minutes)?);
        (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
    };
    let ends = given.split_once('-').and_then(|(from, to)| minutes(from).zip(minutes(to)));
    match ends {
        Some((from, to)) if (to + 24 * 60 - from) % (24 * 60) >= 30 => Ok(Some(given.to_owned())),
        _ => Err(invalid_parameter_value(format!(
            "Invalid value {given} for PreferredBackupWindow. Must be hh24:mi-hh24:mi and at least \
             30 minutes"
        ))),
    }
}

fn security_groups(params: &Params) -> Result<Option<Vec<String>>, AwsError> {
    let given = params.list("VpcSecurityGroupIds.VpcSecurityGroupId");
    if let Some(bad) = given.iter().find(|g| !g.starts_with("sg-")) {
        let text = format!("Invalid security group , groupId= {bad}, groupName=.");
        return Err(invalid_parameter_value(text));
    }
    Ok(Some(given).filter(|g| !g.is_empty()))
}

fn availability_zones(params: &Params, place: &Place) -> Result<Option<Vec<String>>, AwsError> {
    let given = params.list("AvailabilityZones.AvailabilityZone");
    for zone in &given {
        check_zone(zone, place)?;
    }
    Ok(Some(given).filter(|z| !z.is_empty()))
}

/// Checks that a Region has an Availability Zone.
pub(super) fn check_zone(zone: &str, place: &Place) -> Result<(), AwsError> {
    if zones(&place.region).iter().any(|z| z == zone) {
        return Ok(());
    }
    Err(invalid_vpc_network_state(format!("{zone} is not covered by the DB subnet group")))
}

fn storage_type(params: &Params) -> Result<Option<String>, AwsError> {
    match params.get("StorageType") {
        Some(other) if !matches!(other, "aurora" | "aurora-iopt1") => {
            Err(storage_type_not_supported(other))
        }
        given => Ok(given.map(str::to_owned)),
    }
}

fn serverless(params: &Params) -> Result<Option<Serverless>, AwsError> {
    let number = |name: &str| params.get(name).map(str::parse::<f64>);
    let (min, max) = match (number("MinCapacity"), number("MaxCapacity")) {
        (None, None) => return Ok(None),
        (Some(Ok(min)), Some(Ok(max))) => (min, max),
        _ => {
            let text = "Set both the minimum and the maximum capacity of Serverless v2.";
            return Err(invalid_parameter_combination(text));
        }
    };
    let halves = |n: f64| (n * 2.0).fract() == 0.0;
    if !(0.0..=256.0).contains(&min)
        || !(1.0..=256.0).contains(&max)
        || !halves(min)
        || !halves(max)
    {
        let text =
            "Serverless v2 capacity must be between 0 (maximum: 1) and 256, in steps of 0.5.";
        return Err(invalid_parameter_value(text));
    }
    if min > max {
        let text = "The minimum capacity of Serverless v2 must not exceed the maximum capacity.";
        return Err(invalid_parameter_combination(text));
    }
    let pause_after_s = in_range(params, "SecondsUntilAutoPause", 300, 86_400)?;
    Ok(Some(Serverless { min, max, pause_after_s }))
}

/// The logs named in a list, each of which the engine writes.
pub(super) fn log_types(
    params: &Params,
    list: &str,
    engine: &Description,
) -> Result<BTreeSet<String>, AwsError> {
    let given = params.list(&format!("{list}.member"));
    match given.iter().find(|l| !engine.log_types.contains(&l.as_str())) {
        Some(bad) => Err(invalid_parameter_combination(format!(
            "You cannot use the log types '{bad}' with this engine version."
        ))),
        None => Ok(given.into_iter().collect()),
    }
}

/// The seconds a new cluster can be backtracked, when given. Only some engines can.
pub(super) fn backtrack_window(
    params: &Params,
    engine: &Description,
) -> Result<Option<u32>, AwsError> {
    let window = in_range(params, "BacktrackWindow", 0, LONGEST_BACKTRACK_S)?;
    if window.is_some() && !engine.backtracks {
        return Err(invalid_parameter_combination(format!(
            "Backtrack is not supported for the {} engine.",
            engine.name
        )));
    }
    Ok(window)
}
