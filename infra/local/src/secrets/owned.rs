//! Secrets that another service owns: it makes, changes and removes them; users only read them.

use super::{CURRENT, Secret, Secrets, invalid_request};
use crate::error::AwsError;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A secret of another service as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owned {
    /// Account number.
    pub account: String,
    /// Region.
    pub region: String,
    /// Its ARN, random suffix included.
    pub arn: String,
    /// ARN of the key it is encrypted with.
    pub kms_key_id: String,
    /// The service that owns it, e.g. `rds`.
    pub owner: &'static str,
    /// Its string; `None` when it is no more.
    pub value: Option<String>,
}

impl Secrets {
    /// Makes secrets as their owners want them to be. An owner's secret goes at once, without a
    /// recovery window.
    pub fn obey(&mut self, orders: Vec<Owned>, now_ms: i64) {
        for order in orders {
            self.obey_one(order, now_ms);
        }
    }

    fn obey_one(&mut self, order: Owned, now_ms: i64) {
        let Some(name) = name_in(&order.arn) else { return };
        let place = (order.account.clone(), order.region.clone());
        let vault = self.vaults.entry(place).or_default();
        let Some(value) = &order.value else {
            vault.remove(&name);
            return;
        };
        self.owned_versions += 1;
        let version = format!("00000000-0000-4000-9000-{:012x}", self.owned_versions);
        let value = Map::from_iter([("SecretString".to_owned(), json!(value))]);
        let secret = vault.entry(name.clone()).or_insert_with(|| order.secret(name, now_ms));
        secret.add(&version, value, [CURRENT.to_owned()].into(), now_ms);
    }
}

impl Owned {
    fn secret(&self, name: String, now_ms: i64) -> Secret {
        Secret {
            description: Some(format!("Secret managed by {}", self.owner)),
            kms_key_id: Some(self.kms_key_id.clone()),
            owner: Some(self.owner),
            tags: BTreeMap::from([(
                "aws:secretsmanager:owningService".to_owned(),
                self.owner.to_owned(),
            )]),
            ..Secret::new(name, self.arn.clone(), now_ms)
        }
    }
}

/// The name in an ARN: without the random suffix.
fn name_in(arn: &str) -> Option<String> {
    let (_, rest) = arn.split_once(":secret:")?;
    Some(rest.rsplit_once('-')?.0.to_owned())
}

/// Refuses a user's change of a secret that another service owns.
pub(super) fn check_not_owned(secret: &Secret) -> Result<(), AwsError> {
    match secret.owner {
        Some(owner) => Err(invalid_request(&format!(
            "You can't perform this operation on the secret because it is managed by the service \
             {owner}."
        ))),
        None => Ok(()),
    }
}

/// The owner as descriptions tell it.
pub(super) fn owning_service(secret: &Secret) -> Option<Value> {
    secret.owner.map(|owner| json!(owner))
}
