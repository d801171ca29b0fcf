//! The command line of the demo.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Starts a local cloud with real PostgreSQL servers, fills an Aurora cluster, takes a snapshot, submits
four restores, one of them into another account and Region, masked and swapped with what is there;
starts two workers, kills one of them in the middle of a restore, and shows what became of it all.
Needs no AWS account. Ends and removes everything it has started.

EXAMPLES:
  demo
  demo --keep                  leave it running, to look at it with psql and the AWS CLI
  demo down                    end what --keep has left running
  demo --speed 120             AWS's long operations 120 times as fast as in AWS
  demo --output json | jq .claims

EXIT CODES:
  0 everything held   1 something did not hold   2 bad flags   130 stopped by Ctrl-C";

/// A real fleet restores real rows while one of its workers is killed.
#[derive(Debug, Parser)]
#[command(name = "demo", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) verb: Option<Verb>,
    #[command(flatten)]
    pub(super) run: Run,
}

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// End what `--keep` has left running, and remove its files.
    Down(Down),
}

#[derive(Debug, Args)]
pub(super) struct Run {
    /// Leave the local cloud and a worker running at the end.
    #[arg(long)]
    pub(super) keep: bool,
    /// How much faster than in AWS long operations pass.
    #[arg(long, default_value = "60", value_parser = speed)]
    pub(super) speed: f64,
    /// Where the data of clusters lives: in real PostgreSQL servers when there are any (auto),
    /// always (postgres), or nowhere (none).
    #[arg(long, value_enum, default_value_t = DataPlane::Auto)]
    pub(super) data_plane: DataPlane,
    /// A report for a person or for a program.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    pub(super) output: Output,
    #[command(flatten)]
    pub(super) state: State,
}

#[derive(Debug, Args)]
pub(super) struct Down {
    #[command(flatten)]
    pub(super) state: State,
}

#[derive(Debug, Args)]
pub(super) struct State {
    /// Where `--keep` notes what it leaves running.
    #[arg(long = "state", default_value = ".local/demo.json", value_name = "FILE")]
    pub(super) file: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DataPlane {
    Auto,
    Postgres,
    None,
}

impl DataPlane {
    /// The name, as the local cloud takes it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Postgres => "postgres",
            Self::None => "none",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    Table,
    Json,
}

/// Within what the worker's setting `duration_scale` can express.
fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (1.0..=1000.0).contains(&speed) => Ok(speed),
        _ => Err("must be a number from 1 to 1000".into()),
    }
}
