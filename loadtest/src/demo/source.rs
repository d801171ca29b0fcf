//! What is restored: the Aurora cluster `orders-prod` with real rows in it, and its snapshot.

use super::screen::Screen;
use super::sql::{Content, Sql};
use anyhow::{Context, Result, ensure};
use aurora_restore_shared::environment::Environment;
use aurora_restore_worker::database::{Engine, Hidden, Login};
use serde::Serialize;
use std::time::Duration;

/// The cluster.
pub(super) const CLUSTER: &str = "orders-prod";
/// The database in it.
pub(super) const DATABASE: &str = "orders";
/// Its master user.
pub(super) const USER: &str = "orders_admin";
/// The source's own master password; each restored cluster gets another one, from its secret.
pub(super) const PASSWORD: &str = "the-password-in-production";
const SNAPSHOT: &str = "orders-prod-nightly";
const ENGINE: &str = "aurora-postgresql";
const VERSION: &str = "15.10";
const CLASS: &str = "db.r6g.large";

const TURN: Duration = Duration::from_millis(50);
/// How long RDS may take over one thing here.
const PATIENCE_MS: i64 = 60_000;

/// Orders of the last 28 days, one every 20 seconds, the newest just now.
const FILL: &str = "
    CREATE TABLE customers (
        id bigint PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE);
    CREATE TABLE orders (
        id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers,
        total numeric(10, 2) NOT NULL, status text NOT NULL, created_at timestamptz NOT NULL);
    INSERT INTO customers
        SELECT n, 'Customer ' || n, 'customer' || n || '@example.com'
        FROM generate_series(1, 5000) n;
    INSERT INTO orders
        SELECT n, 1 + n * 7919 % 5000, (n * 37 % 50000) / 100.0,
            (ARRAY['paid', 'packed', 'sent', 'returned'])[1 + n % 4],
            now() - (120000 - n) * interval '20 seconds'
        FROM generate_series(1, 120000) n;
    CREATE INDEX ON orders (customer_id);
    CREATE INDEX ON orders (created_at);";

/// Life goes on after the snapshot, so that what it holds differs from what is there now.
const GO_ON: &str = "
    INSERT INTO orders
        SELECT n, 1 + n % 5000, 9.99, 'paid', now() FROM generate_series(120001, 122500) n;
    DELETE FROM orders WHERE id % 100 = 0 AND id <= 120000;
    UPDATE customers SET email = 'moved.' || email WHERE id % 10 = 0;";

/// What the source held, and holds.
#[derive(Debug, Clone, Serialize)]
pub struct Source {
    /// Its cluster.
    pub cluster: &'static str,
    /// The snapshot.
    pub snapshot: &'static str,
    /// What it held at the moment of the snapshot.
    pub at_snapshot: Option<Content>,
    /// What it held when the jobs were submitted.
    pub later: Option<Content>,
}

/// Makes the cluster with its instance, fills it, takes the snapshot, and writes on.
///
/// # Errors
/// RDS or the database refuses.
pub(super) async fn make(env: &Environment, sql: Option<&Sql>, screen: &Screen) -> Result<Source> {
    create(env, screen).await?;
    let Some(sql) = sql else {
        take_snapshot(env).await?;
        screen.say(&format!("{CLUSTER} is there, without data, and its snapshot {SNAPSHOT}"));
        let (at_snapshot, later) = (None, None);
        return Ok(Source { cluster: CLUSTER, snapshot: SNAPSHOT, at_snapshot, later });
    };
    let login = login(env, CLUSTER, PASSWORD).await?;
    sql.run(&login, FILL).await?;
    // Nobody else writes here, so this is what the snapshot holds.
    let before = sql.content(&login).await?;
    screen.say(&format!(
        "{CLUSTER} is filled over TLS: {} customers, {} orders",
        before.customers, before.orders
    ));
    take_snapshot(env).await?;
    sql.run(&login, GO_ON).await?;
    let later = sql.content(&login).await?;
    screen.say(&format!(
        "snapshot {SNAPSHOT} is available; {CLUSTER} was written to since ({} orders now)",
        later.orders
    ));
    ensure!(before != later, "the source is as it was, so its snapshot could not be told from it");
    let (at_snapshot, later) = (Some(before), Some(later));
    Ok(Source { cluster: CLUSTER, snapshot: SNAPSHOT, at_snapshot, later })
}

async fn create(env: &Environment, screen: &Screen) -> Result<()> {
    screen.say(&format!("{CLUSTER} is being created: Aurora PostgreSQL {VERSION}, one {CLASS}"));
    let rds = env.home_place(&env.common.region).await?.rds();
    rds.create_db_cluster()
        .db_cluster_identifier(CLUSTER)
        .engine(ENGINE)
        .engine_version(VERSION)
        .master_username(USER)
        .master_user_password(PASSWORD)
        .database_name(DATABASE)
        .send()
        .await
        .context("creating the source cluster")?;
    until(env, "the source cluster", async || {
        let page = rds.describe_db_clusters().db_cluster_identifier(CLUSTER).send().await?;
        Ok(page.db_clusters().first().and_then(|c| c.status()).map(str::to_owned))
    })
    .await?;
    rds.create_db_instance()
        .db_instance_identifier(format!("{CLUSTER}-1"))
        .db_cluster_identifier(CLUSTER)
        .db_instance_class(CLASS)
        .engine(ENGINE)
        .send()
        .await
        .context("creating the source's instance")?;
    until(env, "the source's instance", async || {
        let id = format!("{CLUSTER}-1");
        let page = rds.describe_db_instances().db_instance_identifier(id).send().await?;
        Ok(page.db_instances().first().and_then(|i| i.db_instance_status()).map(str::to_owned))
    })
    .await
}

async fn take_snapshot(env: &Environment) -> Result<()> {
    let rds = env.home_place(&env.common.region).await?.rds();
    rds.create_db_cluster_snapshot()
        .db_cluster_identifier(CLUSTER)
        .db_cluster_snapshot_identifier(SNAPSHOT)
        .send()
        .await
        .context("taking the snapshot")?;
    until(env, "the snapshot", async || {
        let call = rds.describe_db_cluster_snapshots().db_cluster_snapshot_identifier(SNAPSHOT);
        let page = call.send().await?;
        Ok(page.db_cluster_snapshots().first().and_then(|s| s.status()).map(str::to_owned))
    })
    .await
}

/// Waits until something is available.
async fn until(
    env: &Environment,
    what: &str,
    status: impl AsyncFn() -> Result<Option<String>>,
) -> Result<()> {
    let end = env.clock.now_ms() + PATIENCE_MS;
    loop {
        let status = status().await?.unwrap_or_default();
        if status == "available" {
            return Ok(());
        }
        ensure!(env.clock.now_ms() < end, "{what} is still {status:?}");
        env.clock.sleep(TURN).await;
    }
}

/// How to connect to a cluster as its master user.
///
/// # Errors
/// There is no such cluster.
pub(super) async fn login(env: &Environment, cluster: &str, password: &str) -> Result<Login> {
    let rds = env.home_place(&env.common.region).await?.rds();
    let page = rds.describe_db_clusters().db_cluster_identifier(cluster).send().await?;
    let found = page.db_clusters().first().with_context(|| format!("no cluster {cluster}"))?;
    Ok(Login {
        engine: Engine::Postgres,
        host: found.endpoint().unwrap_or_default().to_owned(),
        port: u16::try_from(found.port().unwrap_or(5432))?,
        database: found.database_name().unwrap_or(DATABASE).to_owned(),
        user: found.master_username().unwrap_or(USER).to_owned(),
        password: Hidden::new(password),
    })
}
