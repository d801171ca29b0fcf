//! Changing clusters and instances: creating, opening, renaming, deleting.

use super::tags;
use crate::database::Secret;
use crate::rds::Wanted;
use crate::step::StepContext;
use aurora_restore_shared::failure::{Failure, wire_code};
use aws_sdk_rds::Client;
use aws_sdk_rds::operation::RequestId;
use aws_sdk_rds::operation::modify_db_cluster::builders::ModifyDBClusterFluentBuilder;

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
    let call = rds
        .create_db_instance()
        .db_instance_identifier(&wanted.id)
        .db_cluster_identifier(cx.cluster_name()?.as_str())
        .db_instance_class(&wanted.class)
        .engine(&cx.plan()?.settings.engine)
        .set_availability_zone(wanted.zone.clone())
        .set_promotion_tier(wanted.tier.map(i32::from))
        .publicly_accessible(cx.plan()?.facts.publicly_accessible)
        .set_tags(Some(tags(cx)));
    match call.send().await {
        Ok(answer) => Ok(answer.request_id().map(str::to_owned)),
        Err(e) if wire_code(&e) == Some("DBInstanceAlreadyExists") => {
            crate::rds::expect_own_instance(rds, cx, &wanted.id).await?;
            Ok(None)
        }
        Err(e) => Err(Failure::from_sdk("creating an instance", &e)),
    }
}

fn modify(rds: &Client, name: &str) -> ModifyDBClusterFluentBuilder {
    rds.modify_db_cluster().db_cluster_identifier(name).apply_immediately(true)
}

async fn send(call: ModifyDBClusterFluentBuilder, doing: &str) -> Result<Option<String>, Failure> {
    let answer = call.send().await.map_err(|e| Failure::from_sdk(doing, &e))?;
    Ok(answer.request_id().map(str::to_owned))
}

/// Sets the master password of the restored cluster; the answer is the AWS request id.
///
/// # Errors
/// Whatever AWS answers, classified.
pub async fn set_master_password(
    rds: &Client,
    cx: &StepContext<'_>,
    password: &Secret,
) -> Result<Option<String>, Failure> {
    let call = modify(rds, cx.cluster_name()?.as_str());
    let call = call.master_user_password(password.secret.as_str());
    send(call, "setting the master password").await
}

/// Lets RDS make and rotate the master password; the answer is the AWS request id.
///
/// # Errors
/// Whatever AWS answers, classified.
pub async fn manage_master_password(
    rds: &Client,
    cx: &StepContext<'_>,
) -> Result<Option<String>, Failure> {
    let call = modify(rds, cx.cluster_name()?.as_str()).manage_master_user_password(true);
    send(call, "handing the master password to RDS").await
}

/// Attaches the final security groups and the deletion protection; the answer is the AWS request id.
///
/// # Errors
/// Whatever AWS answers, classified.
pub async fn open_access(rds: &Client, cx: &StepContext<'_>) -> Result<Option<String>, Failure> {
    let settings = &cx.plan()?.settings.cluster;
    let call = modify(rds, cx.cluster_name()?.as_str())
        .set_vpc_security_group_ids(Some(settings.security_groups.clone()))
        .deletion_protection(settings.deletion_protection);
    send(call, "attaching the security groups").await
}

/// Renames a cluster; the new name must be free. The answer is the AWS request id.
///
/// # Errors
/// Whatever AWS answers, classified.
pub async fn rename(rds: &Client, from: &str, to: &str) -> Result<Option<String>, Failure> {
    send(modify(rds, from).new_db_cluster_identifier(to), "renaming a cluster").await
}

/// Takes the deletion protection off.
///
/// # Errors
/// Whatever AWS answers, classified.
pub async fn unprotect(rds: &Client, name: &str) -> Result<Option<String>, Failure> {
    send(modify(rds, name).deletion_protection(false), "taking the deletion protection off").await
}

/// Starts a stopped cluster: AWS deletes none that is stopped.
///
/// # Errors
/// Whatever AWS answers, classified.
pub async fn start(rds: &Client, name: &str) -> Result<(), Failure> {
    let answer = rds.start_db_cluster().db_cluster_identifier(name).send().await;
    answer.map_err(|e| Failure::from_sdk("starting a stopped cluster", &e)).map(|_| ())
}

/// Deletes an instance; one that is gone or going already is fine.
///
/// # Errors
/// Whatever AWS answers, classified.
pub async fn delete_instance(rds: &Client, id: &str) -> Result<(), Failure> {
    match rds.delete_db_instance().db_instance_identifier(id).skip_final_snapshot(true).send().await
    {
        Ok(_) => Ok(()),
        Err(e) if wire_code(&e) == Some("DBInstanceNotFound") => Ok(()),
        Err(e) => Err(Failure::from_sdk("deleting an instance", &e)),
    }
}

/// Deletes a cluster without a final snapshot; one that is gone already is fine.
///
/// # Errors
/// Whatever AWS answers, classified.
pub async fn delete_cluster(rds: &Client, name: &str) -> Result<(), Failure> {
    let call = rds.delete_db_cluster().db_cluster_identifier(name).skip_final_snapshot(true);
    match call.send().await {
        Ok(_) => Ok(()),
        Err(e) if wire_code(&e) == Some("DBClusterNotFoundFault") => Ok(()),
        Err(e) => Err(Failure::from_sdk("deleting the cluster", &e)),
    }
}
