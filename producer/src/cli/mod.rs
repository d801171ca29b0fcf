//! The command line: one file per verb, and what they share.

mod approve;
mod context;
mod error;
mod files;
mod follow;
mod init;
mod list;
mod plan;
mod report;
mod retry;
mod schema;
mod screen;
mod set;
mod show;
mod submit;
mod text;
mod watch;

use aurora_restore_shared::telemetry::{self, LogFormat};
use clap::{Parser, Subcommand};
use context::{Context, Globals};
use error::CliError;
use std::process::ExitCode;

const EXIT_CODES: &str = "\
EXIT CODES:
  0    done; every job that was followed has succeeded
  1    a job that was followed has failed; the records of a reported job show tampering
  2    bad input: a request, a setting, a flag, an id; nothing was stored
  3    AWS is unreachable, refuses, or has no table or queue
  4    standard output, or the file of a report, could not be written
  130  stopped by Ctrl-C; the jobs go on

EXAMPLES:
  aurora-restore init
  aurora-restore plan drill.json
  aurora-restore submit drill.json --wait
  aurora-restore list --status failed
  aurora-restore show 0192f6a4
  aurora-restore report 0192f6a4 --format html --to report.html
  aurora-restore --endpoint http://127.0.0.1:4566 watch";

/// Restores Amazon Aurora clusters through a queue-driven fleet of workers.
#[derive(Debug, Parser)]
#[command(name = "aurora-restore", version, after_help = EXIT_CODES, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make the table and the queues, where they are missing.
    Init(init::Args),
    /// Submit requests: one job each.
    Submit(submit::Args),
    /// Restore several clusters as of one moment: all are swapped in, or none.
    Set(set::Args),
    /// Agree to a swap onto a protected target.
    Approve(approve::Args),
    /// Say what a request would do, and do nothing.
    Plan(plan::Args),
    /// List the newest jobs.
    List(list::Args),
    /// Show one job: its steps, its failure, its audit trail.
    Show(show::Args),
    /// Report the evidence of one job: what, from when, how long, what was checked, who asked.
    Report(report::Args),
    /// Follow jobs until they have ended.
    Watch(watch::Args),
    /// Have a failed job go on at its failed step.
    Retry(retry::Args),
    /// Print the JSON Schema of a request, of a restore set, or of a report.
    Schema(schema::Args),
}

/// Runs the program; the answer is its exit code.
pub async fn run() -> ExitCode {
    let Cli { globals, verb } = Cli::parse();
    let filter = if globals.verbose { "info,aurora_restore=debug" } else { "off" };
    telemetry::start(LogFormat::Text, filter);
    let context = Context::new(globals);
    match run_verb(&context, verb).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(&context),
    }
}

async fn run_verb(context: &Context, verb: Verb) -> Result<(), CliError> {
    match verb {
        Verb::Init(args) => init::run(context, args).await,
        Verb::Submit(args) => submit::run(context, args).await,
        Verb::Set(args) => set::run(context, args).await,
        Verb::Approve(args) => approve::run(context, args).await,
        Verb::Plan(args) => plan::run(context, args).await,
        Verb::List(args) => list::run(context, args).await,
        Verb::Show(args) => show::run(context, args).await,
        Verb::Report(args) => report::run(context, args).await,
        Verb::Watch(args) => watch::run(context, args).await,
        Verb::Retry(args) => retry::run(context, args).await,
        Verb::Schema(args) => schema::run(context, args),
    }
}
