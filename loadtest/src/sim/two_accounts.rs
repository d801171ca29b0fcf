//! A hub and a spoke: two accounts and two Regions, and a role between them.

use super::Sim;
use aurora_restore_local::identity::{Role, Trust};
use aurora_restore_local::settings::WorldSettings;
use aurora_restore_shared::settings::Account;
use serde_json::{Value, json};

/// The hub, with the source.
pub const HUB: &str = "111111111111";
/// The spoke.
pub const SPOKE: &str = "222222222222";
/// Its Region.
pub const THERE: &str = "eu-west-1";
/// The role there.
pub const ROLE: &str = "arn:aws:iam::222222222222:role/aurora-restore";
/// The groups there that let in workers only.
pub const CLOSED: &str = "sg-0closed";

impl Sim {
    /// A hub with a source, and a spoke that the settings name; a cluster of the source's name stands
    /// in the spoke, with its secret.
    ///
    /// # Errors
    /// When the cloud refuses one of the calls: a fault of the test.
    pub async fn two_accounts(seed: u64) -> anyhow::Result<Self> {
        Self::two_accounts_in(Self::settings_of_world(seed)).await
    }

    /// The same in a cloud with settings of its own.
    ///
    /// # Errors
    /// When the cloud refuses one of the calls: a fault of the test.
    pub async fn two_accounts_in(settings: WorldSettings) -> anyhow::Result<Self> {
        let mut sim = Self::prepared_in(settings).await?;
        sim.make_source_in(SPOKE, THERE).await?;
        let external_id = "restore-staging";
        let trust = Trust::of(HUB).map_err(anyhow::Error::msg)?.with_external_id(external_id);
        let role = Role::new(ROLE, vec![trust]);
        sim.cloud.world().identity.add_role(role).map_err(anyhow::Error::msg)?;
        let (spoke, there) = (SPOKE.parse()?, THERE.parse()?);
        sim.settle(|common| {
            let (role, external_id) = (Some(ROLE.to_owned()), Some(external_id.to_owned()));
            let closed = [(THERE.parse().expect("it is a Region"), vec![CLOSED.to_owned()])];
            let account = Account {
                role,
                external_id,
                closed_security_groups: closed.into(),
                ..Account::default()
            };
            common.accounts.insert(spoke, account);
            common.regions.push(there);
            common.allow_sse_rds_sharing = true;
        });
        sim.env("setup").queues(&THERE.parse()?).create().await?;
        Ok(sim)
    }
}

/// A target in the spoke, and what of its settings must be named there.
#[must_use]
pub fn there(cluster: &str, region: &str) -> Value {
    json!({
        "account": SPOKE, "region": region, "cluster": cluster,
        "subnet_group": "default", "security_groups": ["sg-0aa11bb22cc33dd44"],
        "parameter_group": "default.aurora-postgresql15",
    })
}

/// What a refresh of staging asks for beside source and instances: another account and Region, masked,
/// with a user, swapped with the cluster that is there.
#[must_use]
pub fn refresh() -> Value {
    let mut target = there("orders-prod", THERE);
    target["if_exists"] = json!("swap");
    json!({
        "target": target,
        "access": {"master": "managed", "open_after_masking": true, "users": [
            {"name": "app", "secret": "drill/orders/master", "grants": ["SELECT ON ALL TABLES IN SCHEMA public"]},
        ]},
        "mask": {"scripts": [{"name": "customers", "sql": "UPDATE customers SET email = 'x'"}]},
        "keep": {"replaced": "1h", "snapshot_copies": "2h"},
    })
}
