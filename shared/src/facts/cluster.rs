//! Facts of clusters: their settings and instances, as a request would ask for them.

use super::{ClusterFacts, Encryption};
use crate::failure::Failure;
use crate::request::{InstanceSpec, Serverless};
use aws_sdk_rds::Client;
use aws_sdk_rds::types::{DbCluster, DbInstance, Filter, StorageEncryptionType};

pub(super) async fn find(rds: &Client, id: &str) -> Result<Option<DbCluster>, Failure> {
    let page = rds.describe_db_clusters().filters(by_cluster(id)).send().await;
    let page = page.map_err(|e| Failure::from_sdk("reading a cluster", &e))?;
    Ok(page.db_clusters.unwrap_or_default().into_iter().next())
}

pub(super) async fn members(rds: &Client, id: &str) -> Result<Vec<DbInstance>, Failure> {
    let page = rds.describe_db_instances().filters(by_cluster(id)).send().await;
    let page = page.map_err(|e| Failure::from_sdk("reading the source's instances", &e))?;
    Ok(page.db_instances.unwrap_or_default())
}

fn by_cluster(id: &str) -> Filter {
    Filter::builder().name("db-cluster-id").values(id).build()
}

/// Instances as a request would ask for them: the writer first, then by promotion tier and name.
pub(super) fn instance_specs(cluster: &DbCluster, members: &[DbInstance]) -> Vec<InstanceSpec> {
    let is_writer = |i: &DbInstance| {
        let mut of_cluster = cluster.db_cluster_members().iter();
        of_cluster.any(|m| {
            m.db_instance_identifier() == i.db_instance_identifier()
                && m.is_cluster_writer().unwrap_or(false)
        })
    };
    let mut members: Vec<&DbInstance> = members.iter().collect();
    members.sort_by_key(|i| (!is_writer(i), i.promotion_tier(), i.db_instance_identifier()));
    let spec = |i: &DbInstance| InstanceSpec {
        class: i.db_instance_class().unwrap_or_default().to_owned(),
        count: 1,
        zone: None,
        promotion_tier: i.promotion_tier().and_then(|t| u16::try_from(t).ok()),
        fallback: Vec::new(),
    };
    members.into_iter().map(spec).collect()
}

/// The settings of a cluster as RDS describes it.
#[must_use]
pub fn facts(cluster: &DbCluster) -> ClusterFacts {
    let groups = cluster.vpc_security_groups().iter();
    ClusterFacts {
        parameter_group: cluster.db_cluster_parameter_group().map(str::to_owned),
        subnet_group: cluster.db_subnet_group().map(str::to_owned),
        security_groups: groups
            .filter_map(|g| g.vpc_security_group_id().map(str::to_owned))
            .collect(),
        serverless: serverless(cluster),
        iam_auth: cluster.iam_database_authentication_enabled().unwrap_or(false),
        log_exports: cluster.enabled_cloudwatch_logs_exports().to_vec(),
        backup_retention_days: cluster
            .backup_retention_period()
            .and_then(|d| u16::try_from(d).ok()),
        deletion_protection: cluster.deletion_protection().unwrap_or(false),
    }
}

fn serverless(cluster: &DbCluster) -> Option<Serverless> {
    let s = cluster.serverless_v2_scaling_configuration()?;
    let (min_capacity, max_capacity) = (s.min_capacity()?, s.max_capacity()?);
    let pause = s.seconds_until_auto_pause().and_then(|s| format!("{s}s").parse().ok());
    let pause_after = pause.filter(|_| min_capacity == 0.0);
    Some(Serverless { min_capacity, max_capacity, pause_after })
}

/// How something is encrypted, as far as RDS tells: not who manages the key.
pub(super) fn encryption(
    kind: Option<&StorageEncryptionType>,
    is_encrypted: Option<bool>,
    key: Option<&str>,
) -> Encryption {
    match (kind, is_encrypted, key) {
        (Some(kind), _, _) if kind.as_str() == "sse-rds" => Encryption::SseRds,
        (_, Some(true), Some(key)) => Encryption::Key(key.to_owned()),
        _ => Encryption::None,
    }
}
