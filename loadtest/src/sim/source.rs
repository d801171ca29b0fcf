//! What is restored from: the cluster `orders-prod` with one instance, its snapshot and the secret of the
//! examples; and the masking that its databases take.

use super::Sim;
use aurora_restore_local::transport::Direct;
use aurora_restore_shared::environment::Environment;
use aurora_restore_shared::ids::RegionName;
use aurora_restore_shared::settings::Common;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The part `mask` of a request: two scripts and a proof.
#[must_use]
pub fn masking() -> Value {
    json!({
        "scripts": [
            { "name": "customers", "sql": "UPDATE customers SET email = id || '@example.com'" },
            { "name": "notes", "sql": "UPDATE orders SET note = NULL" }
        ],
        "proof": [{
            "name": "no real address left",
            "sql": "SELECT count(*) FROM customers WHERE email NOT LIKE '%@example.com'",
            "expect": { "equals": 0 }
        }]
    })
}

impl Sim {
    /// The same source in another Region, or in another account, where its owner makes it.
    ///
    /// # Errors
    /// When the cloud refuses one of the calls: a fault of the test.
    pub async fn make_source_in(&self, account: &str, region: &str) -> anyhow::Result<()> {
        let env = self.env_in(account, "setup")?;
        self.make_source(&env, &region.parse()?).await
    }

    /// The outside world of somebody whose account this is.
    ///
    /// # Errors
    /// When it is none.
    pub fn env_in(&self, account: &str, who: &str) -> anyhow::Result<Environment> {
        let common = Common { local_account: account.parse()?, ..self.common.clone() };
        Ok(self.env_of(&common, who, self.clock, Arc::new(Direct)))
    }

    pub(super) async fn make_source(
        &self,
        env: &Environment,
        region: &RegionName,
    ) -> anyhow::Result<()> {
        let place = env.home_place(region).await?;
        let rds = place.rds();
        rds.create_db_cluster()
            .db_cluster_identifier("orders-prod")
            .engine("aurora-postgresql")
            .engine_version("15.10")
            .master_username("orders_admin")
            .master_user_password("source-password")
            .database_name("orders")
            .send()
            .await?;
        self.pass(Duration::from_secs(1800)).await;
        rds.create_db_instance()
            .db_instance_identifier("orders-prod-1")
            .db_cluster_identifier("orders-prod")
            .db_instance_class("db.r6g.large")
            .engine("aurora-postgresql")
            .send()
            .await?;
        let secrets = place.secrets();
        let text = r#"{"username":"orders_admin","password":"drill-password"}"#;
        secrets.create_secret().name("drill/orders/master").secret_string(text).send().await?;
        self.pass(Duration::from_secs(1800)).await;
        rds.create_db_cluster_snapshot()
            .db_cluster_identifier("orders-prod")
            .db_cluster_snapshot_identifier("orders-prod-nightly")
            .send()
            .await?;
        self.pass(Duration::from_secs(1800)).await;
        Ok(())
    }
}
