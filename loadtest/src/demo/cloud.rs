//! The local cloud as a process, and its pages under `/_local/`.

use super::cli::DataPlane;
use super::process::{Process, program};
use anyhow::{Context, Result, bail, ensure};
use aurora_restore_shared::clock::Clock;
use serde::Deserialize;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long the local cloud may take to come up.
const START_MS: i64 = 20_000;
const TURN: Duration = Duration::from_millis(20);

/// More calls than a demo makes.
const ALL_CALLS: u32 = 1_000_000;

/// The name of its program.
pub const PROGRAM: &str = "aurora-restore-local";

/// What the local cloud says about itself once it is up.
#[derive(Debug, Clone, Deserialize)]
pub struct About {
    /// Where its services answer.
    pub endpoint: String,
    /// The authority that has signed the certificates of its databases.
    pub ca_file: Option<PathBuf>,
    /// `postgres` or `none`.
    pub data_plane: String,
}

impl About {
    /// Whether its clusters hold data.
    #[must_use]
    pub fn has_data(&self) -> bool {
        self.data_plane == "postgres"
    }

    /// Where its services answer, without the scheme.
    #[must_use]
    pub fn address(&self) -> &str {
        self.endpoint.trim_start_matches("http://")
    }

    /// Reads one of its pages.
    ///
    /// # Errors
    /// It does not answer, or not well.
    pub async fn page(&self, path: &str) -> Result<Value> {
        Ok(serde_json::from_str(&http(self.address(), "GET", path, "").await?)?)
    }

    /// All calls it has answered so far, oldest first.
    ///
    /// # Errors
    /// It does not answer, or not well.
    pub async fn calls(&self) -> Result<Vec<Call>> {
        let page = self.page(&format!("/_local/calls?limit={ALL_CALLS}")).await?;
        Ok(serde_json::from_value(page["calls"].clone())?)
    }

    /// Adds a rule for injected faults.
    ///
    /// # Errors
    /// It refuses the rule.
    pub async fn add_fault(&self, rule: &Value) -> Result<()> {
        http(self.address(), "POST", "/_local/faults", &rule.to_string()).await.map(drop)
    }
}

/// One call, by the local cloud's own record.
#[derive(Debug, Clone, Deserialize)]
pub struct Call {
    /// When it was handled.
    pub at_ms: i64,
    /// Who called.
    pub component: String,
    /// The service.
    pub service: String,
    /// The operation.
    pub operation: String,
    /// What it was about.
    pub resource: String,
    /// Items or messages returned or touched.
    pub items: u64,
    /// DynamoDB write units.
    pub write_units: f64,
    /// DynamoDB read units.
    pub read_units: f64,
    /// `ok`, or the code of the refusal.
    pub outcome: String,
}

/// A running local cloud.
#[derive(Debug)]
pub(super) struct Cloud {
    /// What it says about itself.
    pub(super) about: About,
    /// Its process.
    pub(super) process: Process,
    data_folder: PathBuf,
}

impl Cloud {
    /// Starts one on a free port, with its data and its log in `folder`.
    ///
    /// # Errors
    /// It does not come up.
    pub(super) async fn start(
        folder: &Path,
        data_plane: DataPlane,
        speed: f64,
        clock: Clock,
    ) -> Result<Self> {
        let data_folder = folder.join("data");
        let port_file = folder.join("cloud.json");
        let mut command = Command::new(program(PROGRAM)?);
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        command.args(["--data-plane", data_plane.as_str(), "--speed", &speed.to_string()]);
        command.arg("--data-dir").arg(&data_folder).arg("--port-file").arg(&port_file);
        let mut process = Process::start(PROGRAM, command, folder.join("logs/local-cloud.log"))?;
        match until_up(&mut process, &port_file, clock).await {
            Ok(about) => Ok(Self { about, process, data_folder }),
            Err(e) => bail!("{e:#}\n{}", process.tail()),
        }
    }
}

async fn until_up(process: &mut Process, port_file: &Path, clock: Clock) -> Result<About> {
    let until = clock.now_ms() + START_MS;
    loop {
        process.check()?;
        if let Ok(text) = std::fs::read_to_string(port_file) {
            return Ok(serde_json::from_str(&text)?);
        }
        ensure!(clock.now_ms() < until, "the local cloud does not come up");
        clock.sleep(TURN).await;
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        if self.process.is_left_running() {
            return;
        }
        self.process.end();
        if self.data_folder.exists() {
            // It was killed, so its database servers are still there.
            drop(clean(&self.data_folder));
        }
    }
}

/// Ends a local cloud by its data folder, and cleans up what a killed one has left there.
///
/// # Errors
/// It does not end, or its folder cannot be cleared.
pub fn clean(data_folder: &Path) -> Result<()> {
    let mut command = Command::new(program(PROGRAM)?);
    command.arg("down").arg("--data-dir").arg(data_folder).stdin(Stdio::null());
    let output = command.output().context("starting aurora-restore-local down")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}", said.trim());
    Ok(())
}

/// One small request on the loopback interface: a page of a program of ours, which needs no client
/// of its own. Returns the body.
///
/// # Errors
/// Nobody answers, or not with 200.
pub async fn http(address: &str, method: &str, path: &str, body: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer is no HTTP")?;
    let is_ok = head.split(' ').nth(1) == Some("200");
    ensure!(is_ok, "{method} {path}: {} {body}", head.lines().next().unwrap_or_default());
    Ok(body.to_owned())
}
