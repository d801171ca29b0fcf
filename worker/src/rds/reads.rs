//! Reads.

use super::{Cluster, Found, Instance, name_taken, not_ours};
use crate::step::StepContext;
use aurora_restore_shared::aftercare::RESOURCE_ID;
use aurora_restore_shared::facts::cluster_facts;
use aurora_restore_shared::failure::{Failure, wire_code};
use aurora_restore_shared::ids::ClusterId;
use aws_sdk_rds::Client;
use aws_sdk_rds::types::{DbCluster, DbInstance, Filter};
use aws_smithy_types::DateTime;
use std::collections::BTreeMap;

/// Used and most of the quotas that AWS tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// Clusters of the account in this Region.
    pub clusters: Option<(i64, i64)>,
    /// Instances of the account in this Region.
    pub instances: Option<(i64, i64)>,
}

fn by_cluster(id: &str) -> Filter {
    Filter::builder().name("db-cluster-id").values(id).build()
}

fn ms(moment: Option<&DateTime>) -> Option<i64> {
    moment.and_then(|t| t.to_millis().ok())
}

/// What stands under the name of the restored cluster.
///
/// # Errors
/// Whatever AWS answers, classified.
pub async fn find_cluster(rds: &Client, cx: &StepContext<'_>) -> Result<Found, Failure> {
    find_cluster_named(rds, cx, &cx.cluster_name()?).await
}

/// What stands under a name that a cluster of the job may have.
///
/// # Errors
/// Whatever AWS answers, classified.
pub async fn find_cluster_named(
    rds: &Client,
    cx: &StepContext<'_>,
    id: &ClusterId,
) -> Result<Found, Failure> {
    let page = rds.describe_db_clusters().filters(by_cluster(id.as_str())).send().await;
    let page = page.map_err(|e| Failure::from_sdk("looking at the cluster", &e))?;
    let Some(cluster) = page.db_clusters.unwrap_or_default().into_iter().next() else {
        return Ok(Found::Nothing);
    };
    // What an earlier commit recorded needs no second opinion on its age.
    let is_known = cluster
        .db_cluster_resource_id()
        .is_some_and(|id| cx.job.outputs.get(RESOURCE_ID).is_some_and(|known| known == id));
    let made = ms(cluster.cluster_create_time()).filter(|_| !is_known);
    match not_ours(cluster.tag_list(), made, cx.spec.owner(), cx.spec.owner_accepted_ms()) {
        Some(why) => Ok(Found::Stranger(why)),
        None => Ok(Found::Ours(ours(&cluster))),
    }
}

fn ours(cluster: &DbCluster) -> Cluster {
    let text = |t: Option<&str>| t.unwrap_or_default().to_owned();
    Cluster {
        resource_id: text(cluster.db_cluster_resource_id()),
        status: text(cluster.status()),
        engine_version: text(cluster.engine_version()),
        endpoint: text(cluster.endpoint()),
        port: cluster.port().and_then(|p| u16::try_from(p).ok()).unwrap_or(5432),
        master_user: text(cluster.master_username()),
        members: cluster.db_cluster_members().len(),
        settings: cluster_facts(cluster),
        master_secret: master_secret(cluster),
    }
}

/// The secret of a managed master password, once it is in force.
fn master_secret(cluster: &DbCluster) -> Option<String> {
    let secret = cluster.master_user_secret()?;
    let is_active = secret.secret_status() == Some("active");
    secret.secret_arn().filter(|_| is_active).map(str::to_owned)
}

/// A cluster, whoever made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its immutable id.
    pub resource_id: String,
    /// Its status: an open list.
    pub status: String,
    /// Whether it is protected from deletion.
    pub is_protected: bool,
}

/// What stands under each of these names, whoever made it.
///
/// # Errors
/// Whatever AWS answers, classified.
pub async fn standing(
    rds: &Client,
    names: &[&ClusterId],
) -> Result<BTreeMap<String, Standing>, Failure> {
    let names = names.iter().map(ToString::to_string).collect();
    let filter = Filter::builder().name("db-cluster-id").set_values(Some(names)).build();
    let page = rds.describe_db_clusters().filters(filter).send().await;
    let page = page.map_err(|e| Failure::from_sdk("looking at the clusters", &e))?;
    let text = |t: Option<&str>| t.unwrap_or_default().to_owned();
    let standing = |c: &DbCluster| Standing {
        resource_id: text(c.db_cluster_resource_id()),
        status: text(c.status()),
        is_protected: c.deletion_protection().unwrap_or(false),
    };
    let all = page.db_clusters.unwrap_or_default();
    Ok(all.iter().map(|c| (text(c.db_cluster_identifier()), standing(c))).collect())
}

/// The instances of a cluster, whoever made them.
///
/// # Errors
/// Whatever AWS answers, classified.
pub async fn members(rds: &Client, cluster: &ClusterId) -> Result<Vec<Instance>, Failure> {
    let page = rds.describe_db_instances().filters(by_cluster(cluster.as_str())).send().await;
    let page = page.map_err(|e| Failure::from_sdk("looking at the instances", &e))?;
    Ok(page.db_instances.unwrap_or_default().iter().map(instance).collect())
}

fn instance(i: &DbInstance) -> Instance {
    Instance {
        id: i.db_instance_identifier().unwrap_or_default().to_owned(),
        status: i.db_instance_status().unwrap_or_default().to_owned(),
    }
}

/// The instances of the restored cluster that this job made. Others are left alone.
///
/// # Errors
/// Whatever AWS answers, classified.
pub async fn instances(rds: &Client, cx: &StepContext<'_>) -> Result<Vec<Instance>, Failure> {
    let id = cx.cluster_name()?;
    let id = id.as_str();
    let page = rds.describe_db_instances().filters(by_cluster(id)).send().await;
    let page = page.map_err(|e| Failure::from_sdk("looking at the instances", &e))?;
    let all = page.db_instances.unwrap_or_default();
    let is_ours = |i: &&DbInstance| {
        let made = ms(i.instance_create_time());
        not_ours(i.tag_list(), made, cx.spec.owner(), cx.spec.owner_accepted_ms()).is_none()
    };
    Ok(all.iter().filter(is_ours).map(instance).collect())
}

/// Whether the instance that stands under a name is this job's. One that is not listed yet was made
/// a moment ago: the next visit looks again.
///
/// # Errors
/// `target_name_taken` when it is somebody else's; whatever AWS answers, classified.
pub async fn expect_own_instance(
    rds: &Client,
    cx: &StepContext<'_>,
    id: &str,
) -> Result<(), Failure> {
    let filter = Filter::builder().name("db-instance-id").values(id).build();
    let page = rds.describe_db_instances().filters(filter).send().await;
    let page = page.map_err(|e| Failure::from_sdk("looking at an instance", &e))?;
    let cluster = cx.cluster_name()?;
    let strangers = page.db_instances.unwrap_or_default().iter().find_map(|i| {
        let made = ms(i.instance_create_time());
        let of = i.db_cluster_identifier().unwrap_or_default();
        // Somebody has renamed the cluster that it was made in.
        let is_elsewhere = of != cluster.as_str();
        let elsewhere = is_elsewhere.then(|| format!("it belongs to cluster {of}"));
        elsewhere
            .or_else(|| not_ours(i.tag_list(), made, cx.spec.owner(), cx.spec.owner_accepted_ms()))
    });
    match strangers {
        Some(why) => Err(name_taken(&format!("instance {id}: {why}"))),
        None => Ok(()),
    }
}

/// Which of the named groups do not exist, in words.
///
/// # Errors
/// Whatever AWS answers, classified.
pub async fn missing_groups(
    rds: &Client,
    subnet_group: Option<&str>,
    parameter_group: Option<&str>,
) -> Result<Vec<String>, Failure> {
    let mut missing = Vec::new();
    if let Some(name) = subnet_group {
        match rds.describe_db_subnet_groups().db_subnet_group_name(name).send().await {
            Ok(_) => {}
            Err(e) if wire_code(&e) == Some("DBSubnetGroupNotFoundFault") => {
                missing.push(format!("subnet group {name:?}"));
            }
            Err(e) => return Err(Failure::from_sdk("looking for the subnet group", &e)),
        }
    }
    if let Some(name) = parameter_group {
        let call = rds.describe_db_cluster_parameter_groups();
        match call.db_cluster_parameter_group_name(name).send().await {
            Ok(_) => {}
            Err(e) if is_no_parameter_group(wire_code(&e)) => {
                missing.push(format!("cluster parameter group {name:?}"));
            }
            Err(e) => return Err(Failure::from_sdk("looking for the parameter group", &e)),
        }
    }
    Ok(missing)
}

/// `DescribeDBClusterParameterGroups` documents the code of plain parameter groups.
fn is_no_parameter_group(code: Option<&str>) -> bool {
    matches!(code, Some("DBParameterGroupNotFound" | "DBClusterParameterGroupNotFound"))
}

/// Used and most of the quotas that AWS tells.
///
/// # Errors
/// Whatever AWS answers, classified.
pub async fn quotas(rds: &Client) -> Result<Quotas, Failure> {
    let answer = rds.describe_account_attributes().send().await;
    let answer = answer.map_err(|e| Failure::from_sdk("reading the quotas", &e))?;
    let quota = |name: &str| {
        let mut all = answer.account_quotas().iter();
        let quota = all.find(|q| q.account_quota_name() == Some(name))?;
        Some((quota.used()?, quota.max()?))
    };
    Ok(Quotas { clusters: quota("DBClusters"), instances: quota("DBInstances") })
}
