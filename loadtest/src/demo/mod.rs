//! The demo: a real fleet, as processes, against the local cloud with real databases. Three restores
//! from request files; one worker is killed in the middle of one of them; then everything is counted
//! and compared.

mod cli;
pub mod cloud;
mod cost;
mod fleet;
mod jobs;
mod keep;
mod killing;
mod play;
pub mod process;
mod report;
mod road;
mod screen;
mod source;
mod sql;
mod stage;
mod tables;

pub use cost::{Cost, Costs};
pub use keep::{Database, Kept};
pub use killing::{Killing, Takeover};
pub use report::{CheckAnswer, Claim, JobReport, Report, StepTime};
pub use road::{Evidence, Road, Rows};
pub use source::Source;
pub use sql::Content;

use anyhow::{Context, Result, bail};
use aurora_restore_shared::clock::Clock;
use clap::Parser;
use cli::{Cli, Run, Verb};
use screen::Screen;
use stage::Stage;
use std::ffi::OsString;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// The demo is over by then, or something hangs.
const LONGEST: Duration = Duration::from_secs(180);

/// Somebody has ended the demo from outside.
#[derive(Debug, thiserror::Error)]
#[error("stopped")]
struct Stopped;

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match in_clean_environment().and_then(|()| run(&cli)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            // Nobody is left to tell if standard error is closed.
            drop(writeln!(std::io::stderr(), "demo: {e:#}"));
            ExitCode::from(if e.is::<Stopped>() { 130 } else { 1 })
        }
    }
}

/// Starts this program again without what the user has set up for AWS or for aurora-restore: the
/// demo and its processes must reach nothing but the local cloud.
fn in_clean_environment() -> Result<()> {
    let is_foreign = |name: &OsString| {
        let name = name.to_string_lossy();
        name.starts_with("AWS_") || name.starts_with("AURORA_RESTORE_")
    };
    let foreign: Vec<OsString> =
        std::env::vars_os().map(|(name, _)| name).filter(is_foreign).collect();
    if foreign.is_empty() {
        return Ok(());
    }
    let mut again = Command::new(std::env::current_exe()?);
    again.args(std::env::args_os().skip(1));
    for name in foreign {
        again.env_remove(name);
    }
    Err(again.exec()).context("starting again with a clean environment")
}

fn run(cli: &Cli) -> Result<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let clock = Clock::system();
    match &cli.verb {
        Some(Verb::Down(down)) => {
            let said = runtime.block_on(keep::down(&down.state.file, clock))?;
            writeln!(std::io::stdout(), "{said}")?;
            Ok(true)
        }
        None => runtime.block_on(show(&cli.run, clock)),
    }
}

/// Runs the demo and prints its report; says whether everything held.
async fn show(run: &Run, clock: Clock) -> Result<bool> {
    keep::check_none_is_kept(&run.state.file)?;
    let screen = Screen::new(run.output, clock);
    let (mut terminate, mut hang_up) =
        (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    let stopped = async {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    };
    let report = tokio::select! {
        report = tokio::time::timeout(LONGEST, on_stage(run, &screen, clock)) => report,
        () = stopped => bail!(Stopped),
    };
    let report = report.context("the demo hangs")??;
    let text = match screen.json() {
        true => serde_json::to_string_pretty(&report)? + "\n",
        false => format!("\n{}", tables::text(&report)),
    };
    write!(std::io::stdout(), "{text}")?;
    Ok(report.holds)
}

/// Everything that was started ends with this, whatever becomes of it.
async fn on_stage(run: &Run, screen: &Screen, clock: Clock) -> Result<Report> {
    let mut stage = Stage::set(run, screen, clock).await?;
    match play::play(run, &mut stage, screen).await {
        Ok(report) => {
            if !report.holds {
                screen.say(&stage.tails());
            }
            Ok(report)
        }
        Err(e) => bail!("{e:#}\n{}", stage.tails()),
    }
}
