//! The command line of `aurora-restore-loadtest`.

use crate::{bench, simulate};
use clap::{Parser, Subcommand};
use std::io::Write;
use std::process::ExitCode;

const EXAMPLES: &str = "\
EXAMPLES:
  aurora-restore-loadtest simulate --seeds 0..1000
  aurora-restore-loadtest bench --seconds 1 --connections 8

EXIT CODES:
  0 done, and nothing speaks against the fleet   1 something did   2 bad flags";

/// The fleet in simulation, and loads on it, without an AWS account.
#[derive(Debug, Parser)]
#[command(name = "aurora-restore-loadtest", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run the whole fleet from seeds, with everything that can go wrong, under an auditor.
    Simulate(simulate::cli::Simulate),
    /// Measure the local cloud over HTTP, the AWS SDK in process, and restores in virtual time.
    Bench(bench::Bench),
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let done = match Cli::parse().verb {
        Verb::Simulate(simulate) => simulate.run(),
        Verb::Bench(bench) => bench::print(&bench).map(|()| true),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            // Nobody is left to tell if standard error is closed.
            drop(writeln!(std::io::stderr(), "aurora-restore-loadtest: {e:#}"));
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
