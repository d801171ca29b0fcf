//! The command line of the local cloud.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// The AWS services that aurora-restore uses, on this machine: SQS, DynamoDB, RDS for Aurora, STS
/// and Secrets Manager, with real PostgreSQL servers as the clusters.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the local cloud until it is ended by Ctrl-C, SIGTERM or `down`.
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(Serve),
    /// End a running local cloud, and clean up what a killed one left behind.
    #[command(after_help = DOWN_EXAMPLES)]
    Down(Folder),
    /// Say which PostgreSQL would be used, or how to install one (exit code 1).
    Programs,
}

const SERVE_EXAMPLES: &str = "\
Examples:
  aurora-restore-local serve
  aurora-restore-local serve --speed 600 --data-plane none
  aurora-restore-local serve --listen 127.0.0.1:0 --port-file /tmp/cloud.json
  AWS_ACCESS_KEY_ID=111111111111 AWS_SECRET_ACCESS_KEY=x \\
    aws --region eu-west-1 --endpoint-url http://127.0.0.1:4566 rds describe-db-clusters

An access key id of 12 digits is the account that calls. RUST_LOG sets what is logged (to stderr).";

const DOWN_EXAMPLES: &str = "\
Examples:
  aurora-restore-local down
  aurora-restore-local down --data-dir /tmp/demo";

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
    /// Where to write, as JSON, how to reach the endpoint, once it is up.
    #[arg(long, value_name = "FILE")]
    pub(crate) port_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Folder {
    /// The folder of everything, made and removed again; must be empty when it exists [default:
    /// aurora-restore-local-<user id> in the folder for temporary files].
    #[arg(long, env = "AURORA_RESTORE_LOCAL_DATA", value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

impl Folder {
    pub(crate) fn path(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(|| {
            let user = nix::unistd::geteuid();
            std::env::temp_dir().join(format!("aurora-restore-local-{user}"))
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DataPlaneKind {
    /// Real PostgreSQL servers when PostgreSQL is on this machine, else none, with a warning.
    Auto,
    /// Real PostgreSQL servers, or an error.
    Postgres,
    /// No data: clusters and snapshots exist for the control plane only.
    None,
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if speed > 0.0 && speed.is_finite() => Ok(speed),
        _ => Err("must be a number above 0".into()),
    }
}
