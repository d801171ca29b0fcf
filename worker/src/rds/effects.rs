//! Effects: the three calls by which a job changes something in RDS.

use super::{JOB_TAG, KEEP_TAG, Wanted};
use crate::database::Secret;
use crate::step::StepContext;
use aurora_restore_shared::clock::{as_ms, timestamp};
use aurora_restore_shared::failure::{Failure, wire_code};
use aws_sdk_rds::Client;
use aws_sdk_rds::operation::RequestId;
use aws_sdk_rds::types::{ServerlessV2ScalingConfiguration, Tag};

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

fn tag(key: &str, value: impl Into<String>) -> Tag {
    Tag::builder().key(key).value(value).build()
}

/// The tags of everything a job makes: its own, then those of the request.
fn tags(cx: &StepContext<'_>) -> Vec<Tag> {
    let mut tags = vec![tag(JOB_TAG, cx.spec.id.to_string())];
    if let Some(keep) = &cx.spec.request.keep.restored {
        let until = cx.spec.created_at_ms + as_ms(keep.length());
        tags.push(tag(KEEP_TAG, timestamp(until).to_string()));
    }
    let asked = cx.spec.request.target.tags.iter();
    tags.extend(asked.map(|(key, value)| tag(key, value)));
    tags
}

/// Starts the restore, every setting said: AWS fills what is left out with the Region's defaults.
///
/// # Errors
/// Whatever AWS answers, classified.
pub async fn restore_cluster(rds: &Client, cx: &StepContext<'_>) -> Result<Made, Failure> {
    let plan = cx.plan()?;
    let s = &plan.settings;
    let serverless = s.serverless.as_ref().map(|capacity| {
        let pause = capacity.pause_after.as_ref().map(|p| p.length().as_secs());
        ServerlessV2ScalingConfiguration::builder()
            .min_capacity(capacity.min_capacity)
            .max_capacity(capacity.max_capacity)
            .set_seconds_until_auto_pause(pause.and_then(|s| i32::try_from(s).ok()))
            .build()
    });
    let list = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
    let call = rds
        .restore_db_cluster_from_snapshot()
        .db_cluster_identifier(cx.spec.request.target.cluster.as_str())
        .snapshot_identifier(&plan.facts.snapshot_arn)
        .engine(&s.engine)
        .engine_version(&s.engine_version)
        .storage_type(&s.storage_type)
        .set_db_cluster_parameter_group_name(s.parameter_group.clone())
        .set_db_subnet_group_name(s.subnet_group.clone())
        .set_vpc_security_group_ids(list(&s.security_groups))
        .set_kms_key_id(s.kms_key.clone())
        .set_port(s.port.map(i32::from))
        .set_serverless_v2_scaling_configuration(serverless)
        .enable_iam_database_authentication(s.iam_auth)
        .set_enable_cloudwatch_logs_exports(list(&s.log_exports))
        .set_backup_retention_period(s.backup_retention_days.map(i32::from))
        .deletion_protection(s.deletion_protection)
        .copy_tags_to_snapshot(true)
        .set_tags(Some(tags(cx)));
    match call.send().await {
        Ok(answer) => {
            let cluster = answer.db_cluster();
            let resource_id = cluster.and_then(|c| c.db_cluster_resource_id()).unwrap_or_default();
            let request_id = answer.request_id().map(str::to_owned);
            Ok(Made::Now { resource_id: resource_id.to_owned(), request_id })
        }
        Err(e) if wire_code(&e) == Some("DBClusterAlreadyExistsFault") => Ok(Made::AlreadyThere),
        Err(e) => Err(Failure::from_sdk("restoring the cluster", &e)),
    }
}

/// Creates one instance; the answer is the AWS request id. One of the name that is there already is
/// looked at by the next visit, unless it belongs to another cluster.
///
/// # Errors
/// `target_name_taken` when the name belongs to something else; whatever AWS answers, classified.
pub async fn create_instance(
    rds: &Client,
    cx: &StepContext<'_>,
    wanted: &Wanted,
) -> Result<Option<String>, Failure> {
    let cluster = cx.spec.request.target.cluster.as_str();
    let call = rds
        .create_db_instance()
        .db_instance_identifier(&wanted.id)
        .db_cluster_identifier(cluster)
        .db_instance_class(&wanted.class)
        .engine(&cx.plan()?.settings.engine)
        .set_availability_zone(wanted.zone.clone())
        .set_promotion_tier(wanted.tier.map(i32::from))
        .publicly_accessible(cx.plan()?.facts.publicly_accessible)
        .set_tags(Some(tags(cx)));
    match call.send().await {
        Ok(answer) => Ok(answer.request_id().map(str::to_owned)),
        Err(e) if wire_code(&e) == Some("DBInstanceAlreadyExists") => {
            super::expect_own_instance(rds, cx, &wanted.id).await?;
            Ok(None)
        }
        Err(e) => Err(Failure::from_sdk("creating an instance", &e)),
    }
}

/// Sets the master password of the target cluster; the answer is the AWS request id.
///
/// # Errors
/// Whatever AWS answers, classified.
pub async fn set_master_password(
    rds: &Client,
    cx: &StepContext<'_>,
    password: &Secret,
) -> Result<Option<String>, Failure> {
    let call = rds
        .modify_db_cluster()
        .db_cluster_identifier(cx.spec.request.target.cluster.as_str())
        .master_user_password(password.secret.as_str())
        .apply_immediately(true);
    let answer = call.send().await;
    let answer = answer.map_err(|e| Failure::from_sdk("setting the master password", &e))?;
    Ok(answer.request_id().map(str::to_owned))
}
