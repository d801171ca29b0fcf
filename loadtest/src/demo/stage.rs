//! Where the demo happens: a temporary folder, the local cloud, the workers; all gone with it.

use super::cli::Run;
use super::cloud::Cloud;
use super::cost::DEMO;
use super::fleet::Worker;
use super::road;
use super::screen::Screen;
use super::sql::Sql;
use anyhow::Result;
use aurora_restore_shared::clock::Clock;
use aurora_restore_shared::environment::Environment;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::TempDir;

/// What the name of a demo's folder begins with.
pub(super) const FOLDER_PREFIX: &str = "aurora-restore-demo-";

/// Everything that must be ended, in this order.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) workers: Vec<Worker>,
    pub(super) cloud: Cloud,
    pub(super) env: Environment,
    pub(super) sql: Option<Sql>,
    folder: TempDir,
}

impl Stage {
    /// Starts the local cloud.
    ///
    /// # Errors
    /// It does not come up.
    pub(super) async fn set(run: &Run, screen: &Screen, clock: Clock) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix(FOLDER_PREFIX).tempdir()?;
        // The database servers may run as another user, who has to get through.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o711))?;
        fs::create_dir(folder.path().join("logs"))?;
        let cloud = Cloud::start(folder.path(), run.data_plane, run.speed, clock).await?;
        let about = &cloud.about;
        let common = road::settle(folder.path(), &about.endpoint)?;
        let env = Environment::real(&common, DEMO).await;
        let sql = about.ca_file.as_deref().map(Sql::new).transpose()?;
        let data = if about.has_data() { "real PostgreSQL" } else { "control plane only" };
        screen.say(&format!(
            "local cloud at {} ({data}, {} times as fast as AWS)",
            about.endpoint, run.speed
        ));
        Ok(Self { workers: Vec::new(), cloud, env, sql, folder })
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The last that every process has said, for when something went wrong.
    pub(super) fn tails(&self) -> String {
        let workers = self.workers.iter().map(|worker| worker.process.tail());
        let tails: Vec<String> =
            std::iter::once(self.cloud.process.tail()).chain(workers).collect();
        tails.join("\n")
    }

    /// Leaves the folder where it is.
    pub(super) fn keep_folder(&mut self) {
        self.folder.disable_cleanup(true);
    }
}
