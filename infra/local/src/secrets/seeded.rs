//! Secrets that are there without a call.

use super::{CURRENT, Home, Secret, Secrets, suffix};
use serde_json::{Map, json};

impl Secrets {
    /// Makes a secret with a string, without a call; returns its ARN. `None` when there is one of
    /// that name.
    pub fn add(
        &mut self,
        home: Home,
        name: &str,
        value: &str,
        rng: &mut fastrand::Rng,
        now_ms: i64,
    ) -> Option<String> {
        let (account, region) = &home;
        let arn =
            format!("arn:aws:secretsmanager:{region}:{account}:secret:{name}-{}", suffix(rng));
        let vault = self.vaults.entry(home).or_default();
        if vault.contains_key(name) {
            return None;
        }
        self.owned_versions += 1;
        let version = format!("00000000-0000-4000-9000-{:012x}", self.owned_versions);
        let value = Map::from_iter([("SecretString".to_owned(), json!(value))]);
        let mut secret = Secret::new(name.to_owned(), arn.clone(), now_ms);
        secret.add(&version, value, [CURRENT.to_owned()].into(), now_ms);
        vault.insert(name.to_owned(), secret);
        Some(arn)
    }
}
