//! The local cloud as a program of its own.

mod cli;

use anyhow::{Context, Error, Result, bail};
use aurora_restore_local::admin::Pages;
use aurora_restore_local::clock::SystemNow;
use aurora_restore_local::cloud::Cloud;
use aurora_restore_local::data_plane::postgres::programs::PostgresPrograms;
use aurora_restore_local::data_plane::servers::folder::DataFolder;
use aurora_restore_local::data_plane::servers::{Programs, ServerPlane};
use aurora_restore_local::data_plane::{DataPlane, NoData};
use aurora_restore_local::server;
use aurora_restore_local::settings::WorldSettings;
use aurora_restore_local::world::World;
use clap::Parser;
use cli::{Cli, Command, DataPlaneKind, Folder, Serve};
use serde_json::json;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.command {
        Command::Serve(args) => serve(args),
        Command::Down(folder) => down(folder),
        Command::Programs => programs(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            let _ = writeln!(io::stderr(), "aurora-restore-local: {e:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(args: &Serve) -> Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    log.with_ansi(io::stderr().is_terminal()).init();
    if !args.listen.ip().is_loopback() && !args.allow_remote {
        bail!("{} can be reached by others; add --allow-remote to mean it", args.listen);
    }
    let folder = DataFolder::claim(&args.folder.path(), args.keep_data).map_err(Error::msg)?;
    let folder = Arc::new(folder);
    let plane = start_data_plane(args.data_plane, &folder)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(run(args, plane.as_ref()));
    // No request is served any more from here on.
    drop(runtime);
    if let Some(file) = &args.port_file {
        let _ = fs::remove_file(file);
    }
    let stopped = plane.map_or(Ok(()), |plane| plane.shutdown());
    served.and(stopped.and_then(|()| folder.release()).map_err(Error::msg))
}

fn start_data_plane(kind: DataPlaneKind, folder: &Arc<DataFolder>) -> Result<Option<ServerPlane>> {
    if kind == DataPlaneKind::None {
        return Ok(None);
    }
    let programs = Programs::find();
    match (&programs.postgres, kind) {
        (Ok(found), _) => {
            tracing::info!(version = %found.version, bin = %found.bin.display(), "databases");
            tracing::info!("Aurora MySQL is control plane only: its clusters hold no data");
        }
        (Err(e), DataPlaneKind::Auto) => {
            tracing::warn!("control plane only, clusters hold no data: {e}");
            return Ok(None);
        }
        (Err(e), _) => bail!("{e}"),
    }
    ServerPlane::start(programs, Arc::clone(folder)).map(Some).map_err(Error::msg)
}

async fn run(args: &Serve, plane: Option<&ServerPlane>) -> Result<()> {
    let mut signals = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("cannot listen on {}", args.listen))?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let settings = WorldSettings { seed: args.seed, speed: args.speed, ..WorldSettings::default() };
    let data: Box<dyn DataPlane> = match plane {
        Some(plane) => Box::new(plane.clone()),
        None => Box::new(NoData),
    };
    let cloud = Cloud::new(World::new(settings, data), Arc::new(SystemNow));
    let pages = Pages { ca_pem: plane.map(|plane| plane.ca_pem().to_owned()) };
    announce(args, &endpoint, plane)?;
    let [terminate, interrupt] = &mut signals;
    server::serve(cloud, listener, pages, asked_to_end(terminate, interrupt)).await;
    Ok(())
}

async fn asked_to_end(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
}

/// Says that the endpoint is up: connections are accepted from now on.
fn announce(args: &Serve, endpoint: &str, plane: Option<&ServerPlane>) -> Result<()> {
    let data_plane = if plane.is_some() { "postgres" } else { "none" };
    if let Some(file) = &args.port_file {
        let about = json!({
            "endpoint": endpoint,
            "pid": std::process::id(),
            "ca_file": plane.map(ServerPlane::ca_file),
            "data_plane": data_plane,
        });
        replace(file, &about.to_string())
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    let speed = args.speed;
    writeln!(io::stdout(), "ready: {endpoint} (data plane {data_plane}, speed {speed})")?;
    Ok(())
}

/// Writes a file so that a reader sees all of it or nothing.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    let new = file.with_extension("new");
    fs::write(&new, text)?;
    fs::rename(new, file)
}

fn down(folder: &Folder) -> Result<()> {
    let path = folder.path();
    match DataFolder::end_owner(&path).map_err(Error::msg)? {
        Some(pid) => writeln!(io::stdout(), "ended process {pid}")?,
        None => writeln!(io::stdout(), "nothing is running in {}", path.display())?,
    }
    Ok(())
}

fn programs() -> Result<()> {
    let found = PostgresPrograms::find().map_err(Error::msg)?;
    writeln!(io::stdout(), "{} in {}", found.version, found.bin.display())?;
    Ok(())
}
