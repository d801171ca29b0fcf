//! The master password: given in the request, or made by RDS and kept by it in a secret of its
//! own, in Secrets Manager of the same account and Region.

use super::Rds;
use super::engines::Description;
use super::errors::{invalid_parameter_combination, missing_parameter};
use super::keys::key_here;
use super::model::{Cluster, Place};
use super::names;
use crate::error::AwsError;
use crate::params::Params;
use crate::secrets::Owned;
use crate::world::Context;
use serde_json::json;

/// Characters of a password that RDS makes.
const PASSWORD_LENGTH: usize = 28;

/// How a secret is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretStatus {
    /// It is being created.
    Creating,
    /// It is there.
    Active,
    /// Its password is being changed.
    Rotating,
    /// It is there, but its password could not be changed.
    Impaired,
}

impl SecretStatus {
    /// The status as AWS words it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Active => "active",
            Self::Rotating => "rotating",
            Self::Impaired => "impaired",
        }
    }
}

/// The secret in which RDS keeps a cluster's master password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterSecret {
    /// ARN of the secret.
    pub arn: String,
    /// How it is doing.
    pub status: SecretStatus,
    /// ARN of the key it is encrypted with.
    pub kms_key_id: String,
}

impl MasterSecret {
    fn new(cx: &mut Context<'_>, kms_key_id: String) -> Self {
        let (region, account) = (&cx.call.region, &cx.call.account);
        let id = format!("{:032x}", cx.rng.u128(..));
        let uuid = [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]].join("-");
        let suffix: String = (0..6).map(|_| cx.rng.alphanumeric()).collect();
        let name = format!("rds!cluster-{uuid}");
        let arn = format!("arn:aws:secretsmanager:{region}:{account}:secret:{name}-{suffix}");
        Self { arn, status: SecretStatus::Creating, kms_key_id }
    }
}

fn made_password(rng: &mut fastrand::Rng) -> String {
    (0..PASSWORD_LENGTH).map(|_| rng.alphanumeric()).collect()
}

/// The key of a new secret: the one named, else Secrets Manager's own.
fn secret_key(cx: &mut Context<'_>, params: &Params) -> Result<String, AwsError> {
    let (account, region) = (&cx.call.account, &cx.call.region);
    match params.get("MasterUserSecretKmsKeyId") {
        Some(given) => key_here(cx, given),
        None => Ok(format!("arn:aws:kms:{region}:{account}:alias/aws/secretsmanager")),
    }
}

/// The master password of a new cluster, and its secret if RDS is to keep it.
pub(super) fn of_new_cluster(
    cx: &mut Context<'_>,
    params: &Params,
    engine: &Description,
) -> Result<(String, Option<MasterSecret>), AwsError> {
    let given = params.get("MasterUserPassword");
    if params.flag("ManageMasterUserPassword") == Some(true) {
        if given.is_some() {
            return Err(both_given());
        }
        let key = secret_key(cx, params)?;
        return Ok((made_password(cx.rng), Some(MasterSecret::new(cx, key))));
    }
    if params.get("MasterUserSecretKmsKeyId").is_some() {
        return Err(key_without_secret());
    }
    let given = given.ok_or_else(|| missing_parameter("MasterUserPassword"))?;
    Ok((names::master_password(engine, given)?, None))
}

/// What becomes of a cluster's secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Keeping {
    /// It stays as it is, or there is none.
    AsItIs,
    /// RDS begins to keep the password.
    Begins(MasterSecret),
    /// The password is replaced.
    Rotates,
    /// RDS keeps the password no more.
    Ends,
}

/// The new master password a change asks for, if any, and what becomes of the secret.
pub(super) fn of_change(
    cx: &mut Context<'_>,
    params: &Params,
    cluster: &Cluster,
    engine: &Description,
) -> Result<(Option<String>, Keeping), AwsError> {
    let given = params.get("MasterUserPassword");
    let password = given.map(|p| names::master_password(engine, p)).transpose()?;
    let managed = cluster.master_secret.is_some();
    let manage = params.flag("ManageMasterUserPassword");
    let begins = manage == Some(true) && !managed;
    if params.get("MasterUserSecretKmsKeyId").is_some() && !begins {
        return Err(key_without_secret());
    }
    let kept = manage.unwrap_or(managed);
    if kept && password.is_some() {
        return Err(both_given());
    }
    if params.flag("RotateMasterUserPassword") == Some(true) {
        check_rotation(params, managed && kept)?;
        return Ok((Some(made_password(cx.rng)), Keeping::Rotates));
    }
    if begins {
        let key = secret_key(cx, params)?;
        return Ok((Some(made_password(cx.rng)), Keeping::Begins(MasterSecret::new(cx, key))));
    }
    match (managed && !kept, password) {
        (true, None) => Err(invalid_parameter_combination(
            "You must specify MasterUserPassword when you turn off ManageMasterUserPassword.",
        )),
        (true, password) => Ok((password, Keeping::Ends)),
        (false, password) => Ok((password, Keeping::AsItIs)),
    }
}

fn check_rotation(params: &Params, managed: bool) -> Result<(), AwsError> {
    if !managed {
        return Err(invalid_parameter_combination(
            "You can't rotate the master user password: it isn't managed by RDS in AWS Secrets \
             Manager.",
        ));
    }
    if params.flag("ApplyImmediately") != Some(true) {
        return Err(invalid_parameter_combination(
            "You must apply the change immediately when you rotate the master user password.",
        ));
    }
    Ok(())
}

fn both_given() -> AwsError {
    invalid_parameter_combination(
        "You can't specify MasterUserPassword for a DB cluster whose master user password is \
         managed by RDS in AWS Secrets Manager.",
    )
}

fn key_without_secret() -> AwsError {
    invalid_parameter_combination(
        "You can specify MasterUserSecretKmsKeyId only when you turn on ManageMasterUserPassword.",
    )
}

/// The secret as it must be now; with `None` as password it is no more.
fn owned(place: &Place, cluster: &Cluster, password: Option<&str>) -> Option<Owned> {
    let secret = cluster.master_secret.as_ref()?;
    let user = &cluster.master_username;
    let text = |password| json!({ "username": user, "password": password }).to_string();
    Some(Owned {
        account: place.account.clone(),
        region: place.region.clone(),
        arn: secret.arn.clone(),
        kms_key_id: secret.kms_key_id.clone(),
        owner: "rds",
        value: password.map(text),
    })
}

/// The secrets that must be made, changed or removed, in order.
#[derive(Debug, Default)]
pub(super) struct SecretOrders(Vec<Owned>);

impl SecretOrders {
    /// The secret tells the password in force.
    pub(super) fn keep(&mut self, place: &Place, cluster: &Cluster) {
        self.0.extend(owned(place, cluster, Some(&cluster.master_password)));
    }

    /// The secret goes.
    pub(super) fn remove(&mut self, place: &Place, cluster: &Cluster) {
        self.0.extend(owned(place, cluster, None));
    }
}

impl Rds {
    /// What must happen to the secrets that RDS owns, since it was asked last, in order.
    pub fn take_secret_orders(&mut self) -> Vec<Owned> {
        std::mem::take(&mut self.secret_orders.0)
    }

    /// Does to a cluster's secret what an accepted change asks for.
    pub(super) fn change_secret(&mut self, place: &Place, identifier: &str, keeping: Keeping) {
        let found = self.estates.get_mut(place).and_then(|e| e.clusters.get_mut(identifier));
        let Some(cluster) = found else { return };
        match keeping {
            Keeping::AsItIs => {}
            Keeping::Begins(secret) => cluster.master_secret = Some(secret),
            Keeping::Rotates => cluster.set_secret_status(SecretStatus::Rotating),
            Keeping::Ends => {
                self.secret_orders.remove(place, cluster);
                cluster.master_secret = None;
            }
        }
    }
}

impl Cluster {
    pub(super) fn set_secret_status(&mut self, status: SecretStatus) {
        if let Some(secret) = &mut self.master_secret {
            secret.status = status;
        }
    }
}
