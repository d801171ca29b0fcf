//! Restoring: from a snapshot, to a point in time, as a clone.

use super::tags;
use crate::step::StepContext;
use aurora_restore_shared::facts::{ClusterFacts, SourceKind};
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

fn serverless(settings: &ClusterFacts) -> Option<ServerlessV2ScalingConfiguration> {
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

fn backtrack_s(settings: &ClusterSettings) -> Option<i64> {
    settings.backtrack_hours.map(|hours| i64::from(hours) * 3600)
}

fn made(cluster: Option<&DbCluster>, request_id: Option<&str>) -> Made {
    let resource_id = cluster.and_then(|c| c.db_cluster_resource_id()).unwrap_or_default();
    let request_id = request_id.map(str::to_owned);
    Made::Now { resource_id: resource_id.to_owned(), request_id }
}

/// The settings that every kind of restore takes, said to a call of either kind: the SDK has a type
/// of its own for each.
macro_rules! with_settings {
    ($call:expr, $cx:expr, $plan:expr) => {{
        let (s, first) = (&$plan.settings, $plan.first_settings());
        $call
            .db_cluster_identifier($cx.cluster_name()?.as_str())
            .storage_type(&s.storage_type)
            .set_db_cluster_parameter_group_name(first.parameter_group.clone())
            .set_db_subnet_group_name(first.subnet_group.clone())
            .set_vpc_security_group_ids(said(&first.security_groups))
            .set_kms_key_id(s.kms_key.clone())
            .set_port(s.port.map(i32::from))
            .set_serverless_v2_scaling_configuration(serverless(&first))
            .enable_iam_database_authentication(first.iam_auth)
            .set_enable_cloudwatch_logs_exports(said(&first.log_exports))
            .set_backtrack_window(backtrack_s(s))
            .set_backup_retention_period(first.backup_retention_days.map(i32::from))
            .deletion_protection(first.deletion_protection)
            .copy_tags_to_snapshot(true)
            .set_tags(Some(tags($cx)))
    }};
}

async fn from_snapshot(rds: &Client, cx: &StepContext<'_>, plan: &Plan) -> Result<Made, Failure> {
    let call = rds
        .restore_db_cluster_from_snapshot()
        .snapshot_identifier(cx.restores_from()?)
        .engine(&plan.settings.engine)
        .engine_version(&plan.settings.engine_version);
    match with_settings!(call, cx, plan).send().await {
        Ok(answer) => Ok(made(answer.db_cluster(), answer.request_id())),
        Err(e) if wire_code(&e) == Some("DBClusterAlreadyExistsFault") => Ok(Made::AlreadyThere),
        Err(e) => Err(Failure::from_sdk("restoring the cluster", &e)),
    }
}

/// A clone takes the latest moment only; any other restore the one that was pinned when the plan was
/// made.
async fn from_cluster(rds: &Client, cx: &StepContext<'_>, plan: &Plan) -> Result<Made, Failure> {
    let facts = &plan.facts;
    let is_clone = facts.kind == SourceKind::Clone;
    let to = if is_clone { None } else { Some(moment(&facts.created_at)?) };
    let call = rds
        .restore_db_cluster_to_point_in_time()
        .source_db_cluster_identifier(&facts.snapshot_arn)
        .restore_type(if is_clone { "copy-on-write" } else { "full-copy" })
        .set_use_latest_restorable_time(is_clone.then_some(true))
        .set_restore_to_time(to);
    match with_settings!(call, cx, plan).send().await {
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
