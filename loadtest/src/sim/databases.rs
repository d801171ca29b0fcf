//! Simulated databases: they know who may connect, and answer from where the data came.

use aurora_restore_local::cloud::Cloud;
use aurora_restore_worker::database::{Answers, Databases, Login};
use futures::future::BoxFuture;
use serde_json::{Value, json};

/// The databases of a local cloud without a data plane.
#[derive(Debug)]
pub struct SimDatabases {
    cloud: Cloud,
}

impl SimDatabases {
    /// The databases of a cloud.
    #[must_use]
    pub fn new(cloud: Cloud) -> Self {
        Self { cloud }
    }

    /// Refuses as a server would: nobody there, or another password.
    fn connect(&self, login: &Login) -> Result<(), String> {
        let world = self.cloud.world();
        let cluster = world.rds.cluster_at(&login.host, login.port);
        let cluster = cluster.ok_or_else(|| format!("no such host {}", login.host))?;
        if !cluster.reachable {
            return Err("connection refused: the cluster has no instance that answers".into());
        }
        let known = cluster.master_username == login.user
            && cluster.master_password == login.password.as_str();
        if known {
            Ok(())
        } else {
            Err(format!("password authentication failed for {}", login.user))
        }
    }
}

impl Databases for SimDatabases {
    fn ask<'a>(
        &'a self,
        login: &'a Login,
        queries: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Answers, String>> {
        Box::pin(async move {
            tokio::time::sleep(std::time::Duration::from_millis(30)).await;
            self.connect(login)?;
            Ok(queries.iter().map(|query| Ok(answer(query))).collect())
        })
    }
}

/// What the source of the examples would answer.
fn answer(query: &str) -> Value {
    let query = query.to_ascii_lowercase();
    if query.contains("is null") {
        json!(0)
    } else if query.contains("count(") {
        json!(120_000)
    } else {
        json!(true)
    }
}
