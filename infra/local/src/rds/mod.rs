//! Amazon RDS for Aurora: clusters, instances, cluster snapshots.
//!
//! A control plane in virtual time: a call changes the state and hands work to the data plane;
//! what takes long ends when its time has come and the data plane is done, found out on the next
//! call ([`Rds::advance`]).

mod asked;
mod backups;
mod clusters;
mod copying;
mod credentials;
mod describe;
mod describe_snapshots;
mod durations;
mod engines;
pub mod errors;
mod groups;
mod instance_changes;
mod instances;
mod keys;
pub mod model;
mod modify;
pub mod names;
pub mod notices;
mod operation;
mod passing;
mod passing_instances;
mod point_in_time;
mod power;
mod quotas;
mod render;
mod restore;
mod rules;
pub(crate) mod seeding;
mod sharing;
mod snapshots;
mod surprises;
mod tags;
mod throttle;
mod verdict;
mod view;

pub use quotas::Quotas;
pub use surprises::Surprise;
pub use view::{ClusterView, SnapshotSeed};

use crate::data_plane::DataPlane;
use crate::error::AwsError;
use crate::params::Params;
use crate::rates::Rates;
use crate::world::{Answer, Context, unknown_operation};
use model::{Estate, Place};
use passing::Agenda;
use std::collections::{BTreeMap, VecDeque};

/// All Aurora resources of all accounts and Regions.
pub struct Rds {
    data_plane: Box<dyn DataPlane>,
    estates: BTreeMap<Place, Estate>,
    agenda: Agenda,
    quotas: BTreeMap<Place, Quotas>,
    default_quotas: Quotas,
    surprises: BTreeMap<String, VecDeque<Surprise>>,
    /// What a fault has in store for the call that is handled.
    drawn: Option<Surprise>,
    backups: backups::Backups,
    /// What was the last change of keys that was heeded.
    keys_seen: u64,
    notices: notices::Outbox,
    secret_orders: credentials::SecretOrders,
    rates: Rates,
}

impl Rds {
    /// Nothing yet, on a data plane.
    #[must_use]
    pub fn new(data_plane: Box<dyn DataPlane>) -> Self {
        Self {
            data_plane,
            estates: BTreeMap::new(),
            agenda: Agenda::default(),
            quotas: BTreeMap::new(),
            default_quotas: Quotas::default(),
            surprises: BTreeMap::new(),
            drawn: None,
            backups: backups::Backups::default(),
            keys_seen: 0,
            notices: notices::Outbox::default(),
            secret_orders: credentials::SecretOrders::default(),
            rates: Rates::default(),
        }
    }

    /// Handles one call.
    pub fn handle(&mut self, cx: &mut Context<'_>, params: &Params) -> Answer {
        self.advance(cx.now_ms);
        self.heed_keys(cx.kms);
        self.check_rate(cx)?;
        match cx.call.operation.as_str() {
            "CreateDBCluster" => self.create_cluster(cx, params),
            "RestoreDBClusterFromSnapshot" => self.restore_from_snapshot(cx, params),
            "RestoreDBClusterToPointInTime" => self.restore_to_point_in_time(cx, params),
            "ModifyDBCluster" => self.modify_cluster(cx, params),
            "StartDBCluster" => self.start_cluster(cx, params),
            "StopDBCluster" => self.stop_cluster(cx, params),
            "FailoverDBCluster" => self.fail_over_cluster(cx, params),
            "DeleteDBCluster" => self.delete_cluster(cx, params),
            "DescribeDBClusters" => self.describe_clusters(cx, params),
            "CreateDBInstance" => self.create_instance(cx, params),
            "ModifyDBInstance" => self.modify_instance(cx, params),
            "RebootDBInstance" => self.reboot_instance(cx, params),
            "DeleteDBInstance" => self.delete_instance(cx, params),
            "DescribeDBInstances" => self.describe_instances(cx, params),
            "CreateDBClusterSnapshot" => self.create_snapshot(cx, params),
            "DeleteDBClusterSnapshot" => self.delete_snapshot(cx, params),
            "DescribeDBClusterSnapshots" => self.describe_snapshots(cx, params),
            "CopyDBClusterSnapshot" => self.copy_snapshot(cx, params),
            "ModifyDBClusterSnapshotAttribute" => self.modify_attribute(cx, params),
            "DescribeDBClusterSnapshotAttributes" => self.describe_attributes(cx, params),
            "AddTagsToResource" => self.add_tags(cx, params),
            "RemoveTagsFromResource" => self.remove_tags(cx, params),
            "ListTagsForResource" => self.list_tags(cx, params),
            "CreateDBSubnetGroup" => self.create_subnet_group(cx, params),
            "DescribeDBSubnetGroups" => self.describe_subnet_groups(cx, params),
            "CreateDBClusterParameterGroup" => self.create_parameter_group(cx, params),
            "DescribeDBClusterParameterGroups" => self.describe_parameter_groups(cx, params),
            "DescribeAccountAttributes" => self.describe_account_attributes(cx),
            "DescribeDBEngineVersions" => engines::describe(cx, params),
            _ => Err(unknown_operation(cx.call)),
        }
    }

    fn estate(&mut self, place: &Place) -> &mut Estate {
        self.estates.entry(place.clone()).or_default()
    }
}

/// A parameter that must be given.
fn required<'a>(params: &'a Params, name: &str) -> Result<&'a str, AwsError> {
    params.get(name).filter(|v| !v.is_empty()).ok_or_else(|| errors::missing_parameter(name))
}

/// Refuses the parameters of an operation that would silently do nothing here.
fn refuse_unsupported(cx: &Context<'_>, params: &Params, names: &[&str]) -> Result<(), AwsError> {
    let asked_for = |name: &&&str| params.get(name).is_some_and(|v| v != "false");
    match names.iter().find(asked_for) {
        Some(name) => Err(errors::unsupported_parameter(&cx.call.operation, name)),
        None => Ok(()),
    }
}
