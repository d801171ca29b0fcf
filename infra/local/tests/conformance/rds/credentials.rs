//! Master passwords that RDS makes and keeps in Secrets Manager.

use super::engines_kit::{POSTGRESQL, Stage, refused};
use super::kit::customer_key;
use crate::bed::Bed;
use crate::fact::{Outcome, Skip, facts};
use aws_sdk_rds::types::MasterUserSecret;
use serde_json::{Value, json};

facts!("rds":
    rds_makes_and_owns_a_secret_with_user_and_password:
        "UG Password management with Secrets Manager, overview",
    the_secret_is_creating_and_then_active: "API MasterUserSecret, SecretStatus",
    the_secret_tells_the_password_in_force: "UG Password management with Secrets Manager",
    the_key_of_the_secret_is_that_asked_for: "API CreateDBCluster, MasterUserSecretKmsKeyId",
    a_password_and_management_exclude_each_other: "API CreateDBCluster, ManageMasterUserPassword",
    a_key_without_management_is_refused: "API CreateDBCluster, MasterUserSecretKmsKeyId",
    management_can_be_turned_on_later: "API ModifyDBCluster, ManageMasterUserPassword",
    a_restored_cluster_is_not_managed_until_it_is_changed:
        "API RestoreDBClusterFromSnapshot: no ManageMasterUserPassword",
    turning_management_off_needs_a_password_and_removes_the_secret:
        "API ModifyDBCluster, ManageMasterUserPassword",
    a_password_for_a_managed_cluster_is_refused: "API ModifyDBCluster, MasterUserPassword",
    rotation_replaces_the_password: "API ModifyDBCluster, RotateMasterUserPassword",
    rotation_must_apply_at_once: "API ModifyDBCluster, RotateMasterUserPassword",
    rotation_needs_management: "API ModifyDBCluster, RotateMasterUserPassword",
    the_key_of_a_secret_cannot_change: "API ModifyDBCluster, MasterUserSecretKmsKeyId",
    the_secret_goes_with_the_cluster: "UG Password management with Secrets Manager, limitations",
    users_cannot_change_or_delete_the_secret: "UG Password management with Secrets Manager",
    a_renamed_cluster_keeps_its_secret: "UG Password management with Secrets Manager",
);

async fn managed(bed: Bed) -> Result<Stage, Skip> {
    let stage = Stage::new(bed);
    stage.create_managed("orders").send().await.unwrap();
    stage.hour().await?;
    Ok(stage)
}

async fn secret_of(stage: &Stage, id: &str) -> Option<MasterUserSecret> {
    stage.cluster(id).await.master_user_secret
}

async fn arn_of(stage: &Stage, id: &str) -> String {
    secret_of(stage, id).await.unwrap().secret_arn.unwrap()
}

/// What a secret tells.
async fn told(stage: &Stage, arn: &str) -> Value {
    let value = stage.bed.secrets().get_secret_value().secret_id(arn).send().await.unwrap();
    serde_json::from_str(value.secret_string().unwrap()).unwrap()
}

/// The password that opens a cluster, seen from inside.
async fn in_force(stage: &Stage, id: &str) -> Result<String, Skip> {
    let host = stage.cluster(id).await.endpoint.unwrap();
    Ok(stage.bed.cloud()?.world().rds.cluster_at(&host, 5_432).unwrap().master_password)
}

async fn rds_makes_and_owns_a_secret_with_user_and_password(bed: Bed) -> Outcome {
    let stage = managed(bed).await?;
    let arn = arn_of(&stage, "orders").await;
    assert!(arn.contains(":secret:rds!cluster-"), "{arn}");
    let value = told(&stage, &arn).await;
    let members: Vec<_> = value.as_object().unwrap().keys().collect();
    assert_eq!(members, ["password", "username"]);
    assert_eq!(value["username"], json!("owner"));
    let described = stage.bed.secrets().describe_secret().secret_id(arn).send().await.unwrap();
    assert_eq!(described.owning_service(), Some("rds"));
    Ok(())
}

async fn the_secret_is_creating_and_then_active(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    stage.create_managed("orders").send().await.unwrap();
    let status = |secret: Option<MasterUserSecret>| secret.unwrap().secret_status.unwrap();
    assert_eq!(status(secret_of(&stage, "orders").await), "creating");
    stage.hour().await?;
    assert_eq!(status(secret_of(&stage, "orders").await), "active");
    Ok(())
}

async fn the_secret_tells_the_password_in_force(bed: Bed) -> Outcome {
    let stage = managed(bed).await?;
    let arn = arn_of(&stage, "orders").await;
    let password = in_force(&stage, "orders").await?;
    assert_eq!(told(&stage, &arn).await["password"], json!(password));
    Ok(())
}

async fn the_key_of_the_secret_is_that_asked_for(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    let key = customer_key(&stage.bed).await;
    let create = stage.create_managed("own").master_user_secret_kms_key_id(&key);
    create.send().await.unwrap();
    stage.create_managed("usual").send().await.unwrap();
    assert_eq!(secret_of(&stage, "own").await.unwrap().kms_key_id, Some(key));
    let usual = secret_of(&stage, "usual").await.unwrap().kms_key_id.unwrap();
    assert!(usual.ends_with("alias/aws/secretsmanager"), "{usual}");
    let nowhere = stage.create_managed("odd").master_user_secret_kms_key_id("alias/nowhere");
    refused!(nowhere, "KMSKeyNotAccessibleFault", 400);
    Ok(())
}

async fn a_password_and_management_exclude_each_other(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    let both = stage.create(POSTGRESQL, "orders").manage_master_user_password(true);
    refused!(both, "InvalidParameterCombination", 400);
    stage.available(POSTGRESQL, "orders").await?;
    let both = stage.modify("orders").manage_master_user_password(true);
    refused!(both.master_user_password("battery-staple"), "InvalidParameterCombination", 400);
    Ok(())
}

async fn a_key_without_management_is_refused(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    let key = stage.create(POSTGRESQL, "orders").master_user_secret_kms_key_id("alias/x");
    refused!(key, "InvalidParameterCombination", 400);
    stage.available(POSTGRESQL, "orders").await?;
    let key = stage.modify("orders").master_user_secret_kms_key_id("alias/x");
    refused!(key, "InvalidParameterCombination", 400);
    Ok(())
}

async fn management_can_be_turned_on_later(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    stage.available(POSTGRESQL, "orders").await?;
    assert_eq!(secret_of(&stage, "orders").await, None);
    stage.modify("orders").manage_master_user_password(true).send().await.unwrap();
    assert_eq!(stage.status("orders").await, "resetting-master-credentials");
    stage.hour().await?;
    let arn = arn_of(&stage, "orders").await;
    let password = told(&stage, &arn).await["password"].clone();
    assert_ne!(password, json!("correct-horse"));
    assert_eq!(password, json!(in_force(&stage, "orders").await?));
    Ok(())
}

async fn a_restored_cluster_is_not_managed_until_it_is_changed(bed: Bed) -> Outcome {
    let stage = managed(bed).await?;
    stage.snapshot("snap", "orders").await?;
    stage.restore(POSTGRESQL, "copy", "snap").send().await.unwrap();
    stage.hour().await?;
    assert_eq!(secret_of(&stage, "copy").await, None);
    stage.modify("copy").manage_master_user_password(true).send().await.unwrap();
    stage.hour().await?;
    let (orders, copy) = (arn_of(&stage, "orders").await, arn_of(&stage, "copy").await);
    assert_ne!(orders, copy);
    assert_ne!(told(&stage, &orders).await, told(&stage, &copy).await);
    Ok(())
}

async fn turning_management_off_needs_a_password_and_removes_the_secret(bed: Bed) -> Outcome {
    let stage = managed(bed).await?;
    let arn = arn_of(&stage, "orders").await;
    let off = || stage.modify("orders").manage_master_user_password(false);
    refused!(off(), "InvalidParameterCombination", 400);
    off().master_user_password("battery-staple").send().await.unwrap();
    stage.hour().await?;
    assert_eq!(secret_of(&stage, "orders").await, None);
    let get = stage.bed.secrets();
    refused!(get.get_secret_value().secret_id(arn), "ResourceNotFoundException", 400);
    assert_eq!(in_force(&stage, "orders").await?, "battery-staple");
    Ok(())
}

async fn a_password_for_a_managed_cluster_is_refused(bed: Bed) -> Outcome {
    let stage = managed(bed).await?;
    let change = stage.modify("orders").master_user_password("battery-staple");
    refused!(change, "InvalidParameterCombination", 400);
    Ok(())
}

async fn rotation_replaces_the_password(bed: Bed) -> Outcome {
    let stage = managed(bed).await?;
    let arn = arn_of(&stage, "orders").await;
    let before = told(&stage, &arn).await;
    stage.modify("orders").rotate_master_user_password(true).send().await.unwrap();
    let rotating = secret_of(&stage, "orders").await.unwrap();
    assert_eq!(rotating.secret_status(), Some("rotating"));
    assert_eq!(told(&stage, &arn).await, before);
    stage.hour().await?;
    let after = told(&stage, &arn).await;
    assert_ne!(after["password"], before["password"]);
    assert_eq!(after["password"], json!(in_force(&stage, "orders").await?));
    assert_eq!(arn_of(&stage, "orders").await, arn);
    Ok(())
}

async fn rotation_must_apply_at_once(bed: Bed) -> Outcome {
    let stage = managed(bed).await?;
    let rotate = stage.modify("orders").rotate_master_user_password(true);
    refused!(rotate.apply_immediately(false), "InvalidParameterCombination", 400);
    Ok(())
}

async fn rotation_needs_management(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    stage.available(POSTGRESQL, "orders").await?;
    let rotate = || stage.modify("orders").rotate_master_user_password(true);
    refused!(rotate(), "InvalidParameterCombination", 400);
    let off = rotate().manage_master_user_password(false);
    refused!(off, "InvalidParameterCombination", 400);
    Ok(())
}

async fn the_key_of_a_secret_cannot_change(bed: Bed) -> Outcome {
    let stage = managed(bed).await?;
    let change = stage.modify("orders").manage_master_user_password(true);
    let change = change.master_user_secret_kms_key_id("alias/x");
    refused!(change, "InvalidParameterCombination", 400);
    Ok(())
}

async fn the_secret_goes_with_the_cluster(bed: Bed) -> Outcome {
    let stage = managed(bed).await?;
    let arn = arn_of(&stage, "orders").await;
    stage.delete("orders").await;
    stage.hour().await?;
    let secrets = stage.bed.secrets();
    refused!(secrets.get_secret_value().secret_id(arn), "ResourceNotFoundException", 400);
    Ok(())
}

async fn users_cannot_change_or_delete_the_secret(bed: Bed) -> Outcome {
    let stage = managed(bed).await?;
    let arn = arn_of(&stage, "orders").await;
    let secrets = stage.bed.secrets();
    let put = secrets.put_secret_value().secret_id(&arn).secret_string("mine");
    refused!(put, "InvalidRequestException", 400);
    refused!(secrets.delete_secret().secret_id(&arn), "InvalidRequestException", 400);
    assert_eq!(told(&stage, &arn).await["username"], json!("owner"));
    Ok(())
}

async fn a_renamed_cluster_keeps_its_secret(bed: Bed) -> Outcome {
    let stage = managed(bed).await?;
    let arn = arn_of(&stage, "orders").await;
    stage.rename("orders", "shop").await;
    stage.hour().await?;
    assert_eq!(arn_of(&stage, "shop").await, arn);
    assert_eq!(told(&stage, &arn).await["username"], json!("owner"));
    Ok(())
}
