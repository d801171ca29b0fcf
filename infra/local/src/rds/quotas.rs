//! Quotas of an account in a Region, and how much of them is used.

use super::Rds;
use super::errors;
use super::model::{Estate, Place, Status};
use crate::error::AwsError;
use crate::world::{Answer, Context, Reply};
use crate::xml::Xml;

/// What an account may have in a Region. Changeable, as AWS raises them on request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// DB clusters.
    pub clusters: usize,
    /// DB instances.
    pub instances: usize,
    /// Manual DB cluster snapshots.
    pub manual_snapshots: usize,
    /// Copies of DB cluster snapshots in progress, by destination.
    pub copies_in_progress: usize,
    /// Storage of all clusters together, GiB.
    pub storage_gib: u64,
    /// DB subnet groups.
    pub subnet_groups: usize,
    /// DB cluster parameter groups.
    pub parameter_groups: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            clusters: 40,
            instances: 40,
            manual_snapshots: 100,
            copies_in_progress: 5,
            storage_gib: 100_000,
            subnet_groups: 50,
            parameter_groups: 50,
        }
    }
}

impl Quotas {
    /// Whether one more cluster of this size fits.
    pub(super) fn admit_cluster(&self, estate: &Estate, gib: u32) -> Result<(), AwsError> {
        if estate.clusters.len() >= self.clusters {
            return Err(errors::db_cluster_quota_exceeded(self.clusters));
        }
        if storage_used(estate) + u64::from(gib) > self.storage_gib {
            return Err(errors::storage_quota_exceeded(self.storage_gib));
        }
        Ok(())
    }

    /// Whether one more instance fits.
    pub(super) fn admit_instance(&self, estate: &Estate) -> Result<(), AwsError> {
        if estate.instances.len() >= self.instances {
            return Err(errors::instance_quota_exceeded(self.instances));
        }
        Ok(())
    }

    /// Whether one more manual snapshot fits.
    pub(super) fn admit_snapshot(&self, estate: &Estate) -> Result<(), AwsError> {
        if manual_snapshots(estate) >= self.manual_snapshots {
            return Err(errors::snapshot_quota_exceeded(self.manual_snapshots));
        }
        Ok(())
    }

    /// Whether one more copy of a snapshot may be begun.
    pub(super) fn admit_copy(&self, estate: &Estate) -> Result<(), AwsError> {
        let copies = estate.snapshots.values().filter(|s| s.status == Status::Copying);
        if copies.count() >= self.copies_in_progress {
            return Err(errors::copies_quota_exceeded(self.copies_in_progress));
        }
        self.admit_snapshot(estate)
    }

    fn rows(&self, estate: &Estate) -> [(&'static str, u64, u64); 6] {
        [
            ("DBInstances", count(estate.instances.len()), count(self.instances)),
            ("AllocatedStorage", storage_used(estate), self.storage_gib),
            ("DBSubnetGroups", count(estate.subnet_groups.len()), count(self.subnet_groups)),
            ("DBClusters", count(estate.clusters.len()), count(self.clusters)),
            (
                "DBClusterParameterGroups",
                count(estate.parameter_groups.len()),
                count(self.parameter_groups),
            ),
            (
                "ManualClusterSnapshots",
                count(manual_snapshots(estate)),
                count(self.manual_snapshots),
            ),
        ]
    }
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

fn storage_used(estate: &Estate) -> u64 {
    estate.clusters.values().map(|c| u64::from(c.allocated_gib)).sum()
}

fn manual_snapshots(estate: &Estate) -> usize {
    estate.snapshots.values().filter(|s| s.snapshot_type == "manual").count()
}

impl Rds {
    /// Sets the quotas of one account in one Region.
    pub fn set_quotas(&mut self, account: &str, region: &str, quotas: Quotas) {
        let place = Place { account: account.into(), region: region.into() };
        self.quotas.insert(place, quotas);
    }

    /// Sets the quotas of every place that has none of its own.
    pub fn set_default_quotas(&mut self, quotas: Quotas) {
        self.default_quotas = quotas;
    }

    pub(super) fn quotas_of(&self, place: &Place) -> Quotas {
        self.quotas.get(place).copied().unwrap_or(self.default_quotas)
    }

    pub(super) fn describe_account_attributes(&mut self, cx: &mut Context<'_>) -> Answer {
        let place = Place::of(cx);
        let quotas = self.quotas_of(&place);
        let rows = quotas.rows(self.estate(&place));
        cx.record.items = count(rows.len());
        let members = rows.map(|(name, used, max)| {
            Xml::new("AccountQuota")
                .text("AccountQuotaName", name)
                .text("Used", used)
                .text("Max", max)
        });
        let result = Xml::new("DescribeAccountAttributesResult").list("AccountQuotas", members);
        Ok(Reply::Xml(result))
    }
}
