//! The flags of the benchmarks.

use clap::{Args, ValueEnum};
use std::time::Duration;

const EXAMPLES: &str = "\
EXAMPLES:
  aurora-restore-loadtest bench
  aurora-restore-loadtest bench --seconds 1 --connections 8
  aurora-restore-loadtest bench --output json | jq .http.send_message.per_second

Build it with --release: the figures of a debug build say nothing. Nothing else should run beside it.

EXIT CODES:
  0 measured, whatever the figures are   1 something did not work   2 bad flags";

/// What is measured, and how.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Bench {
    /// How long each operation is measured.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Connections that keep asking over HTTP.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=512))]
    pub(super) connections: u16,
    /// Figures for a person or for a program.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    pub(super) output: Output,
}

impl Bench {
    pub(super) fn time(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    Table,
    Json,
}
