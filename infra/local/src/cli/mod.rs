//! The command line of the local cloud: one file per verb.

mod client;
mod down;
mod faults;
mod programs;
mod seed;
mod seed_file;
mod serve;
mod status;
mod text;
mod trouble;

use clap::{Parser, Subcommand};
use down::Folder;
use faults::Faults;
use programs::Asked;
use seed::Seed;
use serve::Serve;
use status::Status;
use trouble::Trouble;

/// The AWS services that aurora-restore uses, on this machine: SQS, DynamoDB, RDS for Aurora, STS,
/// KMS, SNS, CloudWatch, EventBridge and Secrets Manager, with real PostgreSQL and MariaDB servers
/// as the clusters.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the local cloud until it is ended by Ctrl-C, SIGTERM or `down`.
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(Serve),
    /// Give a running local cloud accounts, roles, keys, clusters and snapshots.
    #[command(after_help = SEED_EXAMPLES)]
    Seed(Seed),
    /// Show what a running local cloud has, and what was called.
    #[command(after_help = STATUS_EXAMPLES)]
    Status(Status),
    /// Set, show and clear injected faults of a running local cloud.
    #[command(after_help = FAULTS_EXAMPLES)]
    Faults(Faults),
    /// End a running local cloud, and clean up what a killed one left behind.
    #[command(after_help = DOWN_EXAMPLES)]
    Down(Folder),
    /// Say which PostgreSQL and MariaDB would be used, or how to install them (exit code 1 without
    /// PostgreSQL).
    #[command(after_help = PROGRAMS_EXAMPLES)]
    Programs(Asked),
}

impl Cli {
    /// Does what was asked.
    pub(crate) fn run(&self) -> Result<(), Trouble> {
        match &self.command {
            Command::Serve(args) => serve::serve(args),
            Command::Seed(args) => seed::seed(args),
            Command::Status(args) => status::status(args),
            Command::Faults(args) => faults::faults(args),
            Command::Down(folder) => Ok(down::down(folder)?),
            Command::Programs(asked) => Ok(programs::programs(asked)?),
        }
    }
}

const SERVE_EXAMPLES: &str = "\
Examples:
  aurora-restore-local serve
  aurora-restore-local serve --speed 600 --data-plane none
  aurora-restore-local serve --seed-file examples/seeds/two-accounts.json
  aurora-restore-local serve --listen 127.0.0.1:0 --port-file /tmp/cloud.json
  AWS_ACCESS_KEY_ID=111111111111 AWS_SECRET_ACCESS_KEY=x \\
    aws --region eu-west-1 --endpoint-url http://127.0.0.1:4566 rds describe-db-clusters

An access key id of 12 digits is the account that calls. RUST_LOG sets what is logged (to stderr).";

const SEED_EXAMPLES: &str = "\
Examples:
  aurora-restore-local seed examples/seeds/two-accounts.json
  aurora-restore-local seed two-accounts.json --check
  aurora-restore-local seed --schema

Exit codes: 2 the file or a flag is wrong and nothing was stored, 3 nothing answers at the endpoint,
1 something that was made is not available, or anything else.";

const STATUS_EXAMPLES: &str = "\
Examples:
  aurora-restore-local status
  aurora-restore-local status --endpoint http://127.0.0.1:4567 --output json

Exit codes: 2 a flag is wrong, 3 nothing answers at the endpoint, 1 anything else.";

const FAULTS_EXAMPLES: &str = "\
Examples:
  aurora-restore-local faults list
  aurora-restore-local faults add throttle --service rds --operation CopyDBClusterSnapshot \\
    --rate 0.2 --seed 7 --limit 10
  aurora-restore-local faults add latency --ms 300 --region eu-west-1
  aurora-restore-local faults clear 2
  aurora-restore-local faults clear

Exit codes: 2 a flag is wrong, 3 nothing answers at the endpoint, 1 anything else.";

const DOWN_EXAMPLES: &str = "\
Examples:
  aurora-restore-local down
  aurora-restore-local down --data-dir /tmp/demo";

const PROGRAMS_EXAMPLES: &str = "\
Examples:
  aurora-restore-local programs
  aurora-restore-local programs --engine mysql
  PG_BIN=/usr/lib/postgresql/17/bin aurora-restore-local programs";
