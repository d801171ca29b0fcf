//! `serve`: the local cloud itself.

use super::down::Folder;
use super::seed_file;
use super::trouble::Trouble;
use anyhow::{Context, Error, Result, bail};
use aurora_restore_local::admin::Pages;
use aurora_restore_local::clock::SystemNow;
use aurora_restore_local::cloud::Cloud;
use aurora_restore_local::data_plane::servers::folder::DataFolder;
use aurora_restore_local::data_plane::servers::{Programs, ServerPlane};
use aurora_restore_local::data_plane::{DataPlane, NoData};
use aurora_restore_local::seed::SeedFile;
use aurora_restore_local::server::{self, Limits};
use aurora_restore_local::settings::WorldSettings;
use aurora_restore_local::world::World;
use clap::{Args, ValueEnum};
use nix::sys::resource::{Resource, getrlimit};
use serde_json::json;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// File handles that are left for all else but connections.
const SPARE_HANDLES: usize = 128;

/// How often is looked whether what was seeded is there, and what is not to come sooner than that.
const TURN: Duration = Duration::from_millis(50);
const SOON_MS: i64 = 1_000;

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address and port of the endpoint; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:4566", value_name = "ADDRESS:PORT")]
    pub(crate) listen: SocketAddr,
    /// Listen on an address that others can reach: whoever can, may do everything.
    #[arg(long)]
    pub(crate) allow_remote: bool,
    #[command(flatten)]
    pub(crate) folder: Folder,
    /// Leave the files of the clusters behind at the end (the next start removes them).
    #[arg(long)]
    pub(crate) keep_data: bool,
    /// Where the data of the clusters lives.
    #[arg(long, value_enum, default_value_t = DataPlaneKind::Auto)]
    pub(crate) data_plane: DataPlaneKind,
    /// How much faster than in AWS long operations pass.
    #[arg(long, default_value = "60", value_parser = speed)]
    pub(crate) speed: f64,
    /// Seed of every random choice.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// A seed file: what is there before the endpoint is said to be up.
    #[arg(long, value_name = "FILE")]
    pub(crate) seed_file: Option<PathBuf>,
    /// Where to write, as JSON, how to reach the endpoint, once it is up.
    #[arg(long, value_name = "FILE")]
    pub(crate) port_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DataPlaneKind {
    /// Real servers of the databases that are on this machine, else none, with a warning.
    Auto,
    /// Real PostgreSQL and MariaDB servers, or an error when neither is on this machine.
    #[value(alias = "postgres")]
    Servers,
    /// No data: clusters and snapshots exist for the control plane only.
    None,
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if speed > 0.0 && speed.is_finite() => Ok(speed),
        _ => Err("must be a number above 0".into()),
    }
}

/// The data plane, and its name in what we say of us: that of the engine the demo needs, where it is
/// served.
struct Started {
    plane: ServerPlane,
    name: &'static str,
}

/// Runs the local cloud until it is asked to end.
pub(crate) fn serve(args: &Serve) -> Result<(), Trouble> {
    let seed = args.seed_file.as_ref().map(|path| {
        let text = seed_file::read(path)?;
        seed_file::try_out(path, &text)
    });
    Ok(serve_seeded(args, seed.transpose()?.as_ref())?)
}

fn serve_seeded(args: &Serve, seed: Option<&SeedFile>) -> Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    log.with_ansi(io::stderr().is_terminal()).init();
    if !args.listen.ip().is_loopback() && !args.allow_remote {
        bail!("{} can be reached by others; add --allow-remote to mean it", args.listen);
    }
    let folder = DataFolder::claim(&args.folder.path(), args.keep_data).map_err(Error::msg)?;
    let folder = Arc::new(folder);
    let started = start_data_plane(args.data_plane, &folder)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(run(args, started.as_ref(), seed));
    // No request is served any more from here on.
    drop(runtime);
    if let Some(file) = &args.port_file {
        let _ = fs::remove_file(file);
    }
    let stopped = started.map_or(Ok(()), |started| started.plane.shutdown());
    served.and(stopped.and_then(|()| folder.release()).map_err(Error::msg))
}

/// The data plane, and what it is called.
fn start_data_plane(kind: DataPlaneKind, folder: &Arc<DataFolder>) -> Result<Option<Started>> {
    if kind == DataPlaneKind::None {
        return Ok(None);
    }
    let programs = Programs::find();
    match (programs.nothing(), kind) {
        (Some(e), DataPlaneKind::Auto) => {
            tracing::warn!("control plane only, clusters hold no data: {e}");
            return Ok(None);
        }
        (Some(e), _) => bail!("{e}"),
        (None, _) => tell(&programs),
    }
    let name = if programs.postgres.is_ok() { "postgres" } else { "mariadb" };
    let plane = ServerPlane::start(programs, Arc::clone(folder)).map_err(Error::msg)?;
    Ok(Some(Started { plane, name }))
}

/// Says which databases there are, and what has no data for want of them.
fn tell(programs: &Programs) {
    match &programs.postgres {
        Ok(it) => tracing::info!(version = %it.version, bin = %it.bin.display(), "databases"),
        Err(e) => tracing::warn!("Aurora PostgreSQL is control plane only, without data: {e}"),
    }
    match &programs.mariadb {
        Ok(it) => tracing::info!(version = %it.version, server = %it.server.display(), "databases"),
        Err(e) => tracing::warn!("Aurora MySQL is control plane only, without data: {e}"),
    }
}

async fn run(args: &Serve, started: Option<&Started>, seed: Option<&SeedFile>) -> Result<()> {
    let mut signals = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("cannot listen on {}", args.listen))?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let settings = WorldSettings { seed: args.seed, speed: args.speed, ..WorldSettings::default() };
    let plane = started.map(|started| &started.plane);
    let data: Box<dyn DataPlane> = match plane {
        Some(plane) => Box::new(plane.clone()),
        None => Box::new(NoData),
    };
    let cloud = Cloud::new(World::new(settings, data), Arc::new(SystemNow));
    let pages = Pages { ca_pem: plane.map(|plane| plane.ca_pem().to_owned()) };
    if let Some(file) = seed {
        furnish(&cloud, file).await?;
    }
    announce(args, &endpoint, started)?;
    let [terminate, interrupt] = &mut signals;
    let stop = asked_to_end(terminate, interrupt);
    server::serve_within(limits(), cloud, listener, pages, stop).await;
    Ok(())
}

/// Makes what a seed file says, and waits until all of it is there, or cannot be.
async fn furnish(cloud: &Cloud, file: &SeedFile) -> Result<()> {
    let made = cloud.world().seed(file, cloud.now_ms());
    made.map_err(|faults| Error::msg(faults.iter().map(ToString::to_string).collect::<String>()))?;
    loop {
        let next_ms = {
            let mut world = cloud.world();
            world.rds.advance(cloud.now_ms());
            world.rds.next_due_ms(cloud.now_ms())
        };
        // Backups come later.
        match next_ms.filter(|ms| *ms <= cloud.now_ms() + SOON_MS) {
            Some(_) => tokio::time::sleep(TURN).await,
            None => return Ok(()),
        }
    }
}

/// The usual limits, and no more connections than this process may have open.
fn limits() -> Limits {
    let usual = Limits::default();
    let handles = getrlimit(Resource::RLIMIT_NOFILE).map_or(1_024, |(soft, _)| soft);
    let connections = usize::try_from(handles).unwrap_or(usize::MAX).saturating_sub(SPARE_HANDLES);
    Limits { connections: usual.connections.min(connections.max(1)), ..usual }
}

async fn asked_to_end(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
}

/// Says that the endpoint is up: connections are accepted from now on.
fn announce(args: &Serve, endpoint: &str, started: Option<&Started>) -> Result<()> {
    let data_plane = started.map_or("none", |started| started.name);
    if let Some(file) = &args.port_file {
        let about = json!({
            "endpoint": endpoint,
            "pid": std::process::id(),
            "ca_file": started.map(|started| started.plane.ca_file()),
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
