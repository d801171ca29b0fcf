//! The benchmarks: how much the local cloud and the simulation carry. Figures and aims side by
//! side, and no verdict on them: they are another machine's tomorrow.

mod cli;
mod connection;
mod curve;
mod empty;
mod http;
mod in_process;
mod report;
mod restores;
mod seeds;
mod stage;
mod stopwatch;

pub use cli::Bench;
pub use report::{Figures, Operations, Point, Rate, Restores};

use cli::Output;
use std::io::Write;

/// Measures and prints the figures.
///
/// # Errors
/// When something did not work.
pub fn print(bench: &Bench) -> anyhow::Result<()> {
    let figures = measure(bench)?;
    let text = match bench.output {
        Output::Table => figures.to_string(),
        Output::Json => serde_json::to_string_pretty(&figures)? + "\n",
    };
    write!(std::io::stdout(), "{text}")?;
    Ok(())
}

fn measure(bench: &Bench) -> anyhow::Result<Figures> {
    say("the local cloud over HTTP");
    let http = http::measure(bench.connections, bench.time())?;
    say("the local cloud over HTTP, the fuller and the fuller");
    let curve = curve::measure(bench.connections, bench.time())?;
    say("the AWS SDK on the local cloud, in process");
    let in_process = in_process::measure(bench.time())?;
    say("the AWS SDK on nothing at all");
    let sdk_alone = in_process::measure_sdk_alone(bench.time())?;
    say("restores in virtual time");
    let restores = restores::measure()?;
    say("seeds of the simulation");
    let seeds = seeds::measure()?;
    Ok(Figures {
        processors: std::thread::available_parallelism().map_or(1, usize::from),
        is_optimised: !cfg!(debug_assertions),
        connections: bench.connections,
        http,
        curve,
        in_process,
        sdk_alone,
        restores,
        seeds,
    })
}

/// What is measured now goes to standard error: the figures alone are the output.
fn say(what: &str) {
    drop(writeln!(std::io::stderr(), "measuring {what} ..."));
}
