//! The worker process: settings, start, drain on SIGTERM.

use anyhow::Context;
use aurora_restore_shared::environment::Environment;
use aurora_restore_shared::settings::{Sources, WebhookSettings};
use aurora_restore_shared::telemetry;
use aurora_restore_shared::webhook::Webhooks;
use aurora_restore_worker::database::SqlDatabases;
use aurora_restore_worker::fleet::Worker;
use aurora_restore_worker::runtime;
use aurora_restore_worker::settings::Settings;
use clap::Parser;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Pulls restore jobs from the queues and carries them out.
#[derive(Debug, Parser)]
#[command(version, after_long_help = HELP)]
struct Arguments {
    /// Settings file (TOML); variables AURORA_RESTORE_<NAME> win over it.
    #[arg(long, value_name = "FILE", env = "AURORA_RESTORE_CONFIG")]
    config: Option<PathBuf>,
    /// Print the settings in force and end.
    #[arg(long)]
    check: bool,
}

const HELP: &str = "\
EXAMPLES
  Against the local cloud:
    AURORA_RESTORE_ENDPOINT=http://127.0.0.1:4566 aurora-restore-worker
  Against AWS, in the Region and with the credentials of the environment:
    AWS_REGION=eu-west-1 AURORA_RESTORE_LISTEN=127.0.0.1:8080 aurora-restore-worker
  With a settings file:
    aurora-restore-worker --config worker.toml

SETTINGS (file, or AURORA_RESTORE_<NAME> in the environment)
  endpoint, region, table, queue_prefix, local_account   where to work
  regions               Regions whose queues are served (the home Region): a,b
  accounts, protected, webhooks, allow_sse_rds_sharing   other accounts and rules (in the file)
  worker_id             name of this worker (default: drawn)
  capacity              ticks at the same time (16, or 8 for each Region)
  lease_ms              how long a claim lasts without renewal (60000)
  poll_wait_seconds     how long one receive waits (8)
  drain_ms              how long a stop may take (10000)
  observe_min_ms, observe_max_ms   time between two looks of the observer (15000, 300000)
  dispatch_sleep_ms     longest sleep of the dispatcher (5000)
  leadership_ms         how long leadership lasts without renewal (30000)
  max_claims            claims without a commit that make a job poisoned (5)
  duration_scale        length of AWS operations here, compared with AWS (1.0)
  database_ca_file      CA bundle that database certificates are verified against (PEM)
  listen                address of /healthz, /readyz and /metrics (default: none)
  log                   text or json (text)

EXIT CODES
  0 stopped by SIGTERM or SIGINT, everything handed back   1 stopped, but not all in time
  2 bad settings   3 AWS unreachable or refused";

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let sources = Sources::file_and_environment(arguments.config.as_deref());
    let settings = match sources.read(Settings::read) {
        Ok(settings) => settings,
        Err(faults) => return complain(2, &format!("bad settings:\n{faults}")),
    };
    if arguments.check {
        return complain(0, &format!("{settings:#?}"));
    }
    telemetry::start(settings.log, "info");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let ran = runtime.context("starting the runtime").and_then(|rt| rt.block_on(start(settings)));
    match ran {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(e) => complain(3, &format!("{e:#}")),
    }
}

fn complain(code: u8, text: &str) -> ExitCode {
    // Nobody is left to tell if standard error is closed.
    let _ = writeln!(std::io::stderr(), "{text}");
    ExitCode::from(code)
}

/// The way to those who are told by webhook. The trusted authorities are read only where there may be
/// somebody.
fn webhooks(settings: &WebhookSettings) -> anyhow::Result<Webhooks> {
    if settings.hosts.is_empty() {
        return Ok(Webhooks::default());
    }
    Webhooks::real(settings).map_err(|e| anyhow::anyhow!(e)).context("webhooks")
}

async fn start(settings: Settings) -> anyhow::Result<bool> {
    let webhooks = webhooks(&settings.common.webhooks)?;
    let env = Environment::real(&settings.common, "aurora-restore-worker").await;
    let env = env.telling_by(webhooks);
    let (account, arn) = env.identity().await?;
    let listener = match settings.listen {
        Some(address) => {
            let listening = TcpListener::bind(address).await;
            Some(listening.with_context(|| format!("listening on {address}"))?)
        }
        None => None,
    };
    let databases = Arc::new(SqlDatabases::new(settings.database_ca_file.clone()));
    let worker = Arc::new(Worker::new(env, account, settings, databases));
    worker.store.check().await?;
    worker.check_queues().await?;
    let regions = worker.regions().iter().map(|region| region.as_str()).collect::<Vec<_>>();
    tracing::info!(worker = %worker.id, account = %worker.account, arn,
        regions = regions.join(","), "takes work");
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let drain = worker.drain.clone();
    let running = runtime::run(Arc::clone(&worker), listener);
    tokio::pin!(running);
    let told = async {
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
    };
    tokio::select! {
        drained = &mut running => return Ok(drained),
        () = told => tracing::info!("told to stop: handing back"),
    }
    drain.cancel();
    Ok(running.await)
}
