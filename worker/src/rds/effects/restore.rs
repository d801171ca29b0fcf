//! Restoring: from a snapshot, to a point in time, as a clone.

use super::tags;
use crate::step::StepContext;
use aurora_restore_shared::facts::SourceKind;
use aurora_restore_shared::failure::{Failure, FailureCode, wire_code};
use aurora_restore_shared::plan::{ClusterSettings, Plan};
use aws_sdk_rds::Client;
use aws_sdk_rds::operation::RequestId;
use aws_sdk_rds::types::{DbCluster, ServerlessV2ScalingConfiguration};
use aws_smithy_types::DateTime;
use jiff::Timestamp;

/// What became of an attempt to make something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made {
    /// It is being made now.
    Now {
        /// Its immutable id.
        resource_id: String,
        /// The AWS request id.
        request_id: Option<String>,
    },
    /// Something of the name is there already.
    AlreadyThere,
}

/// Starts the restore, every setting said: AWS fills what is left out with the Region's defaults.
///
/// # Errors
/// Whatever AWS answers, classified.
pub async fn restore_cluster(rds: &Client, cx: &StepContext<'_>) -> Result<Made, Failure> {
    let plan = cx.plan()?;
    match plan.facts.kind {
        SourceKind::PointInTime | SourceKind::Clone => from_cluster(rds, cx, plan).await,
        _ => from_snapshot(rds, cx, plan).await,
    }
}

fn serverless(settings: &ClusterSettings) -> Option<ServerlessV2ScalingConfiguration> {
    let capacity = settings.serverless.as_ref()?;
    let pause = capacity.pause_after.as_ref().map(|p| p.length().as_secs());
    let config = ServerlessV2ScalingConfiguration::builder()
        .min_capacity(capacity.min_capacity)
        .max_capacity(capacity.max_capacity)
        .set_seconds_until_auto_pause(pause.and_then(|s| i32::try_from(s).ok()));
    Some(config.build())
}

fn said(list: &[String]) -> Option<Vec<String>> {
    (!list.is_empty()).then(|| list.to_vec())
}

/// The groups that a cluster is restored with: closed ones while nobody may look.
fn first_groups(plan: &Plan) -> Option<Vec<String>> {
    said(&plan.closed_groups).or_else(|| said(&plan.settings.security_groups))
}

/// Protection comes with open access where that comes later.
fn first_protection(plan: &Plan) -> bool {
    plan.settings.deletion_protection && plan.closed_groups.is_empty()
}

fn backtrack_s(settings: &ClusterSettings) -> Option<i64> {
    settings.backtrack_hours.map(|hours| i64::from(hours) * 3600)
}

fn made(cluster: Option<&DbCluster>, request_id: Option<&str>) -> Made {
    let resource_id = cluster.and_then(|c| c.db_cluster_resource_id()).unwrap_or_default();
    let request_id = request_id.map(str::to_owned);
    Made::Now { resource_id: resource_id.to_owned(), request_id }
}

async fn from_snapshot(rds: &Client, cx: &StepContext<'_>, plan: &Plan) -> Result<Made, Failure> {
    let s = &plan.settings;
    let call = rds
        .restore_db_cluster_from_snapshot()
        .db_cluster_identifier(cx.cluster_name()?.as_str())
        .snapshot_identifier(cx.restores_from()?)
        .engine(&s.engine)
        .engine_version(&s.engine_version)
        .storage_type(&s.storage_type)
        .set_db_cluster_parameter_group_name(s.parameter_group.clone())
        .set_db_subnet_group_name(s.subnet_group.clone())
        .set_vpc_security_group_ids(first_groups(plan))
        .set_kms_key_id(s.kms_key.clone())
        .set_port(s.port.map(i32::from))
        .set_serverless_v2_scaling_configuration(serverless(s))
        .enable_iam_database_authentication(s.iam_auth)
        .set_enable_cloudwatch_logs_exports(said(&s.log_exports))
        .set_backtrack_window(backtrack_s(s))
        .set_backup_retention_period(s.backup_retention_days.map(i32::from))
        .deletion_protection(first_protection(plan))
        .copy_tags_to_snapshot(true)
        .set_tags(Some(tags(cx)));
    match call.send().await {
        Ok(answer) => Ok(made(answer.db_cluster(), answer.request_id())),
        Err(e) if wire_code(&e) == Some("DBClusterAlreadyExistsFault") => Ok(Made::AlreadyThere),
        Err(e) => Err(Failure::from_sdk("restoring the cluster", &e)),
    }
}

/// A clone takes the latest moment only; any other restore the one that was pinned when the plan was
/// made.
async fn from_cluster(rds: &Client, cx: &StepContext<'_>, plan: &Plan) -> Result<Made, Failure> {
    let (s, facts) = (&plan.settings, &plan.facts);
    let is_clone = facts.kind == SourceKind::Clone;
    let to = if is_clone { None } else { Some(moment(&facts.created_at)?) };
    let call = rds
        .restore_db_cluster_to_point_in_time()
        .db_cluster_identifier(cx.cluster_name()?.as_str())
        .source_db_cluster_identifier(&facts.snapshot_arn)
        .restore_type(if is_clone { "copy-on-write" } else { "full-copy" })
        .set_use_latest_restorable_time(is_clone.then_some(true))
        .set_restore_to_time(to)
        .storage_type(&s.storage_type)
        .set_db_cluster_parameter_group_name(s.parameter_group.clone())
        .set_db_subnet_group_name(s.subnet_group.clone())
        .set_vpc_security_group_ids(first_groups(plan))
        .set_kms_key_id(s.kms_key.clone())
        .set_port(s.port.map(i32::from))
        .set_serverless_v2_scaling_configuration(serverless(s))
        .enable_iam_database_authentication(s.iam_auth)
        .set_enable_cloudwatch_logs_exports(said(&s.log_exports))
        .set_backtrack_window(backtrack_s(s))
        .set_backup_retention_period(s.backup_retention_days.map(i32::from))
        .deletion_protection(first_protection(plan))
        .copy_tags_to_snapshot(true)
        .set_tags(Some(tags(cx)));
    match call.send().await {
        Ok(answer) => Ok(made(answer.db_cluster(), answer.request_id())),
        Err(e) if wire_code(&e) == Some("DBClusterAlreadyExistsFault") => Ok(Made::AlreadyThere),
        Err(e) => Err(Failure::from_sdk("restoring the cluster to a point in time", &e)),
    }
}

fn moment(text: &str) -> Result<DateTime, Failure> {
    let moment: Timestamp = text.parse().map_err(|_| {
        let text = format!("the plan's moment {text:?} is no timestamp");
        Failure::permanent(FailureCode::RecordUnreadable, text)
    })?;
    Ok(DateTime::from_secs(moment.as_second()))
}
