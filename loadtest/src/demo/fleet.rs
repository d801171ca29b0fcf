//! The workers, as processes.

use super::cloud::{About, http};
use super::process::{Process, program};
use super::road;
use anyhow::{Result, bail, ensure};
use aurora_restore_shared::clock::Clock;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The name of the program.
pub(super) const PROGRAM: &str = "aurora-restore-worker";

/// How long a claim lasts: a dead worker's jobs are taken over after this time.
const LEASE_MS: u32 = 4_000;

const START_MS: i64 = 20_000;
const TURN: Duration = Duration::from_millis(50);

/// Writes the settings that all workers of the demo share: all of AWS's long times are divided by
/// the speed, and so is the fleet's patience.
///
/// # Errors
/// The file cannot be written.
pub(super) fn write_settings(folder: &Path, about: &About, speed: f64) -> Result<PathBuf> {
    let mut more = format!(
        "lease_ms = {LEASE_MS}\n\
         poll_wait_seconds = 2\n\
         observe_min_ms = 250\n\
         observe_max_ms = 1000\n\
         dispatch_sleep_ms = 500\n\
         leadership_ms = 2000\n\
         duration_scale = {:.6}\n\
         log = \"json\"\n",
        1.0 / speed
    );
    if let Some(ca_file) = &about.ca_file {
        more.push_str(&format!("database_ca_file = {:?}\n", ca_file.display().to_string()));
    }
    let file = folder.join("worker.toml");
    std::fs::write(&file, road::settings_file(&about.endpoint, &more))?;
    Ok(file)
}

/// A worker process.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) process: Process,
    listen: SocketAddr,
}

impl Worker {
    /// Starts one; it logs into the folder of its settings file.
    ///
    /// # Errors
    /// It cannot be started.
    pub(super) fn start(name: &str, settings: &Path) -> Result<Self> {
        let listen = free_address()?;
        let log = settings.with_file_name("logs").join(format!("{name}.log"));
        let mut command = Command::new(program(PROGRAM)?);
        command.arg("--config").arg(settings);
        command.env("AURORA_RESTORE_WORKER_ID", name);
        command.env("AURORA_RESTORE_LISTEN", listen.to_string());
        Ok(Self { process: Process::start(name, command, log)?, listen })
    }

    /// Waits until it takes work.
    ///
    /// # Errors
    /// It ends, or takes too long.
    pub(super) async fn until_ready(&mut self, clock: Clock) -> Result<()> {
        let until = clock.now_ms() + START_MS;
        while http(&self.listen.to_string(), "GET", "/readyz", "").await.is_err() {
            if let Err(e) = self.process.check() {
                bail!("{e:#}\n{}", self.process.tail());
            }
            ensure!(clock.now_ms() < until, "{} does not become ready", self.process.name());
            clock.sleep(TURN).await;
        }
        Ok(())
    }
}

/// An address that is free now. Somebody else may take it before it is used; then the worker says
/// so, and the demo ends.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
