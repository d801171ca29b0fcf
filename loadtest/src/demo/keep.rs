//! `--keep` and `down`: what is left running, noted in a file, and its end.

use super::cloud::{self, Cloud};
use super::fleet::{self, Worker};
use super::jobs::Job;
use super::process::command_line;
use super::stage::FOLDER_PREFIX;
use anyhow::{Context, Result, bail, ensure};
use aurora_restore_shared::clock::Clock;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a worker that is told to end may take.
const GRACE_MS: i64 = 20_000;
const TURN: Duration = Duration::from_millis(50);

/// What was left running, for the report.
#[derive(Debug, Clone, Serialize)]
pub struct Kept {
    /// Where the local cloud answers.
    pub endpoint: String,
    /// The folder of everything.
    pub folder: PathBuf,
    /// Our own command.
    pub command: PathBuf,
    /// The restored databases.
    pub databases: Vec<Database>,
}

/// A restored database.
#[derive(Debug, Clone, Serialize)]
pub struct Database {
    /// Its cluster.
    pub cluster: String,
    /// The command that connects to it.
    pub psql: String,
    /// The secret that its password is from.
    pub secret: String,
}

impl Database {
    pub(super) fn of(job: &Job, target: &str) -> Self {
        let password = job.password();
        Self {
            cluster: job.cluster().to_owned(),
            psql: format!("PGPASSWORD={password} psql \"{target}\""),
            secret: job.secret_name().unwrap_or_default().to_owned(),
        }
    }
}

impl Kept {
    /// How to look at it, and how to end it.
    pub(super) fn advice(&self) -> String {
        let mut lines = vec!["Left running".to_owned()];
        for database in &self.databases {
            let Database { cluster, psql, secret } = database;
            lines.push(format!("  {cluster} (the password is that of the secret {secret}):"));
            lines.push(format!("    {psql}"));
        }
        let endpoint = &self.endpoint;
        lines.push("  the AWS CLI, as account 111111111111:".into());
        lines.push(format!(
            "    AWS_ACCESS_KEY_ID=111111111111 AWS_SECRET_ACCESS_KEY=local \
             aws --region us-east-1 --endpoint-url {endpoint} rds describe-db-clusters"
        ));
        lines.push("  our own command:".into());
        lines.push(format!("    {} --endpoint {endpoint} list", self.command.display()));
        lines.push(format!("  logs: {}", self.folder.join("logs").display()));
        lines.push("  ./dev down ends it and leaves nothing behind".into());
        lines.join("\n")
    }
}

/// What `down` needs to know.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    folder: PathBuf,
    worker: u32,
    local_cloud: u32,
    endpoint: String,
}

/// Refuses to start a second one beside one that was kept.
///
/// # Errors
/// One is noted already.
pub(super) fn check_none_is_kept(file: &Path) -> Result<()> {
    let there = file.display();
    ensure!(!file.exists(), "a demo is still running, by {there}: end it first with ./dev down");
    Ok(())
}

/// Notes what is left running, and leaves it so.
///
/// # Errors
/// The note cannot be written; then everything ends as usual.
pub(super) fn keep(
    file: &Path,
    folder: &Path,
    cloud: &mut Cloud,
    worker: &mut Worker,
) -> Result<()> {
    let state = State {
        folder: folder.to_owned(),
        worker: worker.process.pid(),
        local_cloud: cloud.process.pid(),
        endpoint: cloud.about.endpoint.clone(),
    };
    if let Some(parent) = file.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(file, serde_json::to_string_pretty(&state)?)
        .with_context(|| format!("cannot write {}", file.display()))?;
    worker.process.leave_running();
    cloud.process.leave_running();
    Ok(())
}

/// Ends what `--keep` has left running. Says what was done.
///
/// # Errors
/// Something does not end or cannot be removed; the note stays then.
pub(super) async fn down(file: &Path, clock: Clock) -> Result<String> {
    let Ok(text) = fs::read_to_string(file) else {
        return Ok("nothing is running".into());
    };
    let state: State = serde_json::from_str(&text)
        .with_context(|| format!("{} is no note of a demo", file.display()))?;
    let name = state.folder.file_name().unwrap_or_default().to_string_lossy();
    ensure!(name.starts_with(FOLDER_PREFIX), "{} is no demo's", state.folder.display());
    end_worker(&state, clock).await?;
    if state.folder.exists() {
        cloud::clean(&state.folder.join("data"))?;
        fs::remove_dir_all(&state.folder)?;
    }
    fs::remove_file(file)?;
    if let Some(folder) = file.parent().filter(|folder| folder.ends_with(".local")) {
        // Left alone when there is something else in it.
        drop(fs::remove_dir(folder));
    }
    Ok("the demo is ended, and nothing is left of it".into())
}

/// Process ids are used again: only one whose command line names our program and our folder is
/// believed.
async fn end_worker(state: &State, clock: Clock) -> Result<()> {
    let until = clock.now_ms() + GRACE_MS;
    let is_ours = || {
        let line = command_line(state.worker).unwrap_or_default();
        line.contains(fleet::PROGRAM) && line.contains(&*state.folder.to_string_lossy())
    };
    let pid = Pid::from_raw(i32::try_from(state.worker)?);
    if is_ours() {
        kill(pid, Signal::SIGTERM)?;
    }
    while is_ours() {
        if clock.now_ms() > until {
            bail!("process {pid} does not end");
        }
        clock.sleep(TURN).await;
    }
    Ok(())
}
