//! The longest road: from the hub's account and Region to another account and Region, masked, with a user
//! of its own, swapped with the cluster that has the name, and told in a report. What became of it is
//! looked at by SQL and by AWS's own calls, not taken from the fleet.

use super::jobs::{self, Job};
use super::process;
use super::source;
use super::sql::{Content, Sql};
use super::stage::Stage;
use anyhow::{Context, Result};
use aurora_restore_producer::report::EvidenceReport;
use aurora_restore_shared::environment::{Environment, Place};
use aurora_restore_shared::settings::{Common, Sources};
use aurora_restore_worker::database::{Engine, Hidden, Login};
use serde::Serialize;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The other account and its Region.
const ACCOUNT: &str = "222222222222";
const REGION: &str = "eu-west-1";
const ROLE: &str = "arn:aws:iam::222222222222:role/aurora-restore";
const EXTERNAL_ID: &str = "restore-staging";
/// The groups that let in workers only.
const CLOSED: &str = "sg-0c105ed0c105ed0c1";

const SEED: &str = include_str!("../../../examples/seeds/demo-staging.json");
/// What the secret in the seed says.
const APP: (&str, &str) = ("app", "a-password-for-staging");
const OLD_MASTER: (&str, &str) = ("orders_admin", "the-old-password-of-staging");

/// What became of it.
#[derive(Debug, Clone, Serialize)]
pub struct Road {
    /// The cluster under the target's name, by its immutable id, before.
    pub before: String,
    /// The same now.
    pub after: String,
    /// The name of the replaced cluster now.
    pub old_name: String,
    /// Its immutable id.
    pub old: String,
    /// What the databases say; none where there is no data.
    #[serde(flatten)]
    pub rows: Option<Rows>,
    /// What the evidence report says.
    #[serde(flatten)]
    pub evidence: Evidence,
}

/// What the databases say.
#[derive(Debug, Clone, Serialize)]
pub struct Rows {
    /// What the replaced one says.
    pub old_note: Option<String>,
    /// What the user of the request reads in the restored one.
    pub content: Content,
    /// Addresses in it that were not masked.
    pub unmasked: Option<i64>,
    /// The same in the source.
    pub unmasked_in_source: Option<i64>,
    /// Whether that user was kept from writing.
    pub is_kept_from_writing: bool,
}

/// What the evidence report says.
#[derive(Debug, Clone, Serialize)]
pub struct Evidence {
    /// The job.
    pub job: String,
    /// The report as a page.
    pub report: PathBuf,
    /// The verdict on the chain of its records.
    pub chain: String,
    /// How old the data was when the job ended, seconds (RPO).
    pub rpo_seconds: Option<i64>,
    /// From its acceptance to its end, milliseconds (RTO).
    pub rto_ms: Option<i64>,
}

/// Writes the settings of the command, and answers them as every process of ours reads them.
///
/// # Errors
/// The file cannot be written.
pub(super) fn settle(folder: &Path, endpoint: &str) -> Result<Common> {
    let file = settings_path(folder);
    std::fs::write(&file, settings_file(endpoint, ""))?;
    Ok(Sources::file_and_environment(Some(&file)).read(Common::read)?)
}

/// Where the settings of the command are.
pub(super) fn settings_path(folder: &Path) -> PathBuf {
    folder.join("settings.toml")
}

/// The text of a settings file with both accounts and Regions: first the lines that stand before any
/// table.
pub(super) fn settings_file(endpoint: &str, more: &str) -> String {
    format!(
        "endpoint = {endpoint:?}\nregions = [\"us-east-1\", {REGION:?}]\nallow_sse_rds_sharing = true\n{more}\n\
         [accounts.{ACCOUNT}]\nrole = {ROLE:?}\nexternal_id = {EXTERNAL_ID:?}\n\n\
         [accounts.{ACCOUNT}.closed_security_groups]\n{REGION} = [{CLOSED:?}]\n"
    )
}

/// Makes the other account as it was before: role, secret, groups, and the cluster to be replaced.
///
/// # Errors
/// The local cloud refuses the seed.
pub(super) async fn seed(stage: &Stage) -> Result<()> {
    let mut seed: Value = serde_json::from_str(SEED)?;
    if !stage.cloud.about.has_data() {
        for cluster in seed["clusters"].as_array_mut().into_iter().flatten() {
            cluster.as_object_mut().map(|cluster| cluster.remove("data"));
        }
    }
    let file = stage.folder().join("demo-staging-seed.json");
    std::fs::write(&file, seed.to_string())?;
    let mut command = Command::new(process::program(super::cloud::PROGRAM)?);
    command.arg("seed").arg(&file).args(["--endpoint", &stage.cloud.about.endpoint]);
    process::output(command).await.map(drop)
}

async fn place(env: &Environment) -> Result<Place> {
    let (account, region) = (ACCOUNT.parse()?, REGION.parse()?);
    env.place(&account, &region).await.context("working in the other account")
}

/// The immutable id of a cluster there.
///
/// # Errors
/// There is none of the name.
pub(super) async fn resource_id(env: &Environment, name: &str) -> Result<String> {
    let page = place(env).await?.rds().describe_db_clusters().db_cluster_identifier(name);
    let page = page.send().await.with_context(|| format!("looking for {name}"))?;
    let cluster = page.db_clusters().first().and_then(|c| c.db_cluster_resource_id());
    cluster.map(str::to_owned).with_context(|| format!("no cluster {name}"))
}

/// Clusters there, with the job that their tag names.
///
/// # Errors
/// RDS refuses.
pub(super) async fn tagged(env: &Environment) -> Result<super::play::Tagged> {
    super::play::tagged_in(&place(env).await?.rds()).await
}

/// Looks at what became of it.
///
/// # Errors
/// A cluster is missing, or a program refuses.
pub(super) async fn look(stage: &Stage, job: &Job, before: String) -> Result<Road> {
    let env = &stage.env;
    let old_name = format!("{}-old-{}", job.cluster(), job.id.short());
    let after = resource_id(env, job.cluster()).await?;
    let old = resource_id(env, &old_name).await?;
    let rows = match &stage.sql {
        Some(sql) => Some(rows(env, sql, job, &old_name).await?),
        None => None,
    };
    let evidence = evidence(stage, job).await?;
    Ok(Road { before, after, old_name, old, rows, evidence })
}

/// The report of the job, by the real command: as a page, and its figures.
async fn evidence(stage: &Stage, job: &Job) -> Result<Evidence> {
    let (id, page) = (job.id.to_string(), stage.folder().join("report.html"));
    let mut write = jobs::command(stage.folder(), &["report", &id, "--format", "html", "--to"])?;
    write.arg(&page);
    process::output(write).await.context("writing the report")?;
    let read = jobs::command(stage.folder(), &["report", &id, "--format", "json"])?;
    let told: EvidenceReport = serde_json::from_str(&process::output(read).await?)?;
    let chain = serde_json::to_value(&told.chain.chain)?;
    Ok(Evidence {
        job: id,
        report: page,
        chain: chain["verdict"].as_str().unwrap_or("none").to_owned(),
        rpo_seconds: told.source.rpo_at_end_seconds,
        rto_ms: told.times.rto_to_end_ms,
    })
}

const UNMASKED: &str =
    "SELECT count(*) FROM customers WHERE email NOT LIKE 'user%@staging.invalid'";

/// Looks into the databases, as those who may: the user of the request, and the masters of the others.
async fn rows(env: &Environment, sql: &Sql, job: &Job, old_name: &str) -> Result<Rows> {
    let app = login(env, job.cluster(), APP).await?;
    let old = login(env, old_name, OLD_MASTER).await?;
    let production = source::login(env, source::CLUSTER, source::PASSWORD).await?;
    let note = sql.one(&old, "SELECT note FROM last_weeks_notes").await?;
    let written = sql.run(&app, "INSERT INTO orders SELECT * FROM orders LIMIT 1").await;
    let is_kept_from_writing =
        written.is_err_and(|e| format!("{e:#}").contains("permission denied"));
    Ok(Rows {
        old_note: note.as_str().map(str::to_owned),
        content: sql.content(&app).await?,
        unmasked: sql.one(&app, UNMASKED).await?.as_i64(),
        unmasked_in_source: sql.one(&production, UNMASKED).await?.as_i64(),
        is_kept_from_writing,
    })
}

async fn login(env: &Environment, cluster: &str, who: (&str, &str)) -> Result<Login> {
    let page = place(env).await?.rds().describe_db_clusters().db_cluster_identifier(cluster);
    let page = page.send().await?;
    let found = page.db_clusters().first().with_context(|| format!("no cluster {cluster}"))?;
    Ok(Login {
        engine: Engine::Postgres,
        host: found.endpoint().unwrap_or_default().to_owned(),
        port: u16::try_from(found.port().unwrap_or(5432))?,
        database: source::DATABASE.to_owned(),
        user: who.0.to_owned(),
        password: Hidden::new(who.1),
    })
}
