//! The jobs: request files as they lie under `examples/`, submitted by the real command.

use super::process::{self, program};
use super::road;
use anyhow::{Context, Result, ensure};
use aurora_restore_producer::query::show;
use aurora_restore_producer::view::{DetailsView, JobView};
use aurora_restore_shared::environment::Environment;
use aurora_restore_shared::ids::JobId;
use aurora_restore_shared::request::{Master, Request};
use aurora_restore_shared::store::Spec;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The name of the command.
pub(super) const PROGRAM: &str = "aurora-restore";

/// The request files, with the master passwords that their secrets are to hold. One secret is JSON,
/// as RDS writes them, and the others are plain text.
const FILES: [(&str, &str, &str); 4] = [
    (
        "drill.json",
        include_str!("../../../examples/drill.json"),
        r#"{"username":"orders_admin","password":"a-password-for-drills"}"#,
    ),
    (
        "demo-reporting.json",
        include_str!("../../../examples/demo-reporting.json"),
        "a-password-for-reporting",
    ),
    (
        "demo-load-test.json",
        include_str!("../../../examples/demo-load-test.json"),
        "a-password-for-load-tests",
    ),
    // The longest road comes last. RDS keeps its master password.
    ("demo-staging.json", include_str!("../../../examples/demo-staging.json"), ""),
];

/// A job of the demo.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) id: JobId,
    pub(super) request: Request,
    /// What the secret with its master password holds.
    secret: &'static str,
    created_at_ms: i64,
}

impl Job {
    /// The cluster it makes.
    pub(super) fn cluster(&self) -> &str {
        self.request.target.cluster.as_str()
    }

    /// Its master password.
    pub(super) fn password(&self) -> String {
        let json: Option<Value> = serde_json::from_str(self.secret).ok();
        let member = json.as_ref().and_then(|json| json["password"].as_str());
        member.unwrap_or(self.secret).to_owned()
    }

    /// The name of the secret with its master password.
    pub(super) fn secret_name(&self) -> Option<&str> {
        match &self.request.access.master {
            Some(Master::Secret(name)) => Some(name),
            _ => None,
        }
    }

    /// How far it is.
    pub(super) async fn look(&self, env: &Environment) -> Result<JobView> {
        let state = env.store().state(self.id).await?;
        let spec = Spec {
            id: self.id,
            request: self.request.clone(),
            hash: String::new(),
            submitted_by: String::new(),
            created_at_ms: self.created_at_ms,
            aftercare: None,
            set: None,
        };
        Ok(JobView::of(&spec, state.as_ref(), env.clock.now_ms()))
    }

    /// Everything about it.
    pub(super) async fn details(&self, env: &Environment) -> Result<DetailsView> {
        let details = show(env, self.id).await?.context("the job is not in the table")?;
        Ok(DetailsView::of(&details, env.clock.now_ms()))
    }
}

/// The secrets that the requests name.
///
/// # Errors
/// Secrets Manager refuses.
pub(super) async fn create_secrets(env: &Environment) -> Result<()> {
    let secrets = env.home_place(&env.common.region).await?.secrets();
    for (_, text, secret) in FILES {
        let request = Request::parse(text)?;
        if let Some(Master::Secret(name)) = request.access.master {
            secrets.create_secret().name(name).secret_string(secret).send().await?;
        }
    }
    Ok(())
}

/// Writes the request files into a folder. Where clusters hold no data, there is nobody to log in
/// and nothing to check, so both are left out.
fn write_files(folder: &Path, has_data: bool) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for (name, text, _) in FILES {
        let file = folder.join(name);
        let text = if has_data { text.to_owned() } else { without_data(text)? };
        std::fs::write(&file, text)?;
        files.push(file);
    }
    Ok(files)
}

fn without_data(text: &str) -> Result<String> {
    let mut request: Value = serde_json::from_str(text)?;
    if let Some(members) = request.as_object_mut() {
        for part in ["access", "mask", "verify"] {
            members.remove(part);
        }
    }
    Ok(serde_json::to_string_pretty(&request)?)
}

/// A call of the real command, with the settings in the demo's folder.
pub(super) fn command(folder: &Path, args: &[&str]) -> Result<Command> {
    let mut command = Command::new(program(PROGRAM)?);
    command.arg("--config").arg(road::settings_path(folder)).args(["--output", "json"]);
    command.args(args);
    Ok(command)
}

/// Submits the request files.
///
/// # Errors
/// The command refuses.
pub(super) async fn submit(env: &Environment, folder: &Path, has_data: bool) -> Result<Vec<Job>> {
    let files = write_files(folder, has_data)?;
    let mut submit = command(folder, &["submit"])?;
    submit.args(&files);
    let said: Value = serde_json::from_str(&process::output(submit).await?)?;
    let created_at_ms = env.clock.now_ms();
    let accepted = said["jobs"].as_array().context("the command names no jobs")?;
    ensure!(accepted.len() == files.len(), "not all jobs were accepted: {said}");
    let mut jobs = Vec::new();
    for ((answer, file), (_, _, secret)) in accepted.iter().zip(files).zip(FILES) {
        let id = answer["id"].as_str().context("a job without an id")?;
        let id = id.parse().map_err(|_| anyhow::anyhow!("{id} is no job id"))?;
        let request = Request::parse(&std::fs::read_to_string(&file)?)?;
        jobs.push(Job { id, request, secret, created_at_ms });
    }
    Ok(jobs)
}
