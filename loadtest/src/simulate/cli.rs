//! The flags of `simulate`, and what it prints: the knobs first, then how far it is, then a table.

use super::classes::FaultClass;
use super::exhaustive::{self, Exhaustive};
use super::knobs::{Knobs, Profile};
use super::many::{Summary, run_seeds};
use super::run::{Options, run_seed};
use super::shrink::shrink;
use super::{planted, report};
use anyhow::ensure;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeSet;
use std::io::{IsTerminal, Write};
use std::ops::Range;
use std::sync::Mutex;
use std::sync::PoisonError;
use tokio::time::Instant;

const EXAMPLES: &str = "\
EXAMPLES:
  aurora-restore-loadtest simulate --seeds 0..1000
  aurora-restore-loadtest simulate --seeds 0..100 --faults hostile --jobs 8 --workers 5
  aurora-restore-loadtest simulate --seeds 4711 --faults hostile --trace
  aurora-restore-loadtest simulate --exhaustive singles
  aurora-restore-loadtest simulate --planted
  aurora-restore-loadtest simulate --seeds 0..50 --hashes

Build it with --release: it is ten times as fast.

EXIT CODES:
  0 nothing violated   1 a violation, a class of faults that never struck, or a planted bug that
  escaped   2 bad flags";

/// What is simulated, and how.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Simulate {
    /// The seeds: FROM..TO (without TO), or one.
    #[arg(long, value_parser = seeds, default_value = "0..1000")]
    seeds: Range<u64>,
    /// Jobs of each seed.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=100))]
    jobs: u16,
    /// Workers of each seed.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=20))]
    workers: u16,
    /// Ask for drills only: no swaps, masking, points in time or clones.
    #[arg(long)]
    only_drills: bool,
    /// How hostile the world is.
    #[arg(long, value_enum, default_value_t = Profile::Normal)]
    faults: Profile,
    /// Classes of faults that do not strike, although a seed has drawn them.
    #[arg(long, value_delimiter = ',', value_parser = class, value_name = "CLASS,...")]
    without: Vec<FaultClass>,
    /// Every point of one job instead of seeds, one at a time or in pairs.
    #[arg(long, value_enum, conflicts_with_all =
        ["seeds", "jobs", "workers", "faults", "without", "trace", "hashes", "planted", "output"])]
    exhaustive: Option<Exhaustive>,
    /// Planted bugs instead of the fleet as it is: each must be caught.
    #[arg(long, conflicts_with_all =
        ["seeds", "jobs", "workers", "faults", "without", "trace", "hashes", "output"])]
    planted: bool,
    /// Print the trace of one seed: the first, where there are several.
    #[arg(long, conflicts_with = "output")]
    trace: bool,
    /// Print the hash of each seed's trace, the next random draw and the clock after it.
    #[arg(long, conflicts_with_all = ["trace", "output"])]
    hashes: bool,
    /// Threads; each seed runs on one.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// A table for a person, or JSON for a program.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

/// How the result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    Table,
    Json,
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let wrong = |_| format!("{text:?} must be FROM..TO, such as 0..1000, or one seed");
    let (from, to) = match text.split_once("..") {
        Some((from, to)) => (from.parse().map_err(wrong)?, to.parse().map_err(wrong)?),
        None => {
            let seed: u64 = text.parse().map_err(wrong)?;
            (seed, seed.saturating_add(1))
        }
    };
    if from < to {
        Ok(from..to)
    } else {
        Err(format!("{text:?} has no seed: FROM must be below TO"))
    }
}

fn class(text: &str) -> Result<FaultClass, String> {
    let found = FaultClass::ALL.iter().find(|class| class.name() == text);
    found.copied().ok_or_else(|| {
        let all: Vec<&str> = FaultClass::ALL.iter().map(|class| class.name()).collect();
        format!("there is no class {text:?}; there are {}", all.join(", "))
    })
}

impl Simulate {
    fn knobs(&self) -> Knobs {
        let (jobs, workers) = (usize::from(self.jobs), usize::from(self.workers));
        Knobs { profile: self.faults, jobs, workers, only_drills: self.only_drills }
    }

    fn options(&self) -> Options {
        let without: BTreeSet<FaultClass> = self.without.iter().copied().collect();
        Options { without, ..Options::default() }
    }

    fn threads(&self) -> usize {
        let all = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.unwrap_or_else(all)
    }

    /// Runs it; says whether nothing speaks against the fleet.
    ///
    /// # Errors
    /// When a stage cannot be set, or standard output is gone.
    pub fn run(&self) -> anyhow::Result<bool> {
        if self.trace {
            return self.print_trace();
        }
        if self.hashes {
            return self.print_hashes();
        }
        match (self.exhaustive, self.planted) {
            (Some(what), _) => self.exhaust(what),
            (None, true) => self.hunt(),
            (None, false) => self.run_seeds(),
        }
    }

    fn print_trace(&self) -> anyhow::Result<bool> {
        let options = Options { keep_trace: true, ..self.options() };
        let verdict = run_seed(self.seeds.start, &self.knobs(), &options)?;
        for line in &verdict.lines {
            writeln!(std::io::stdout(), "{line}")?;
        }
        write!(std::io::stdout(), "{}", report::verdict(&verdict, &self.knobs(), &self.without))?;
        Ok(verdict.violations.is_empty())
    }

    /// One seed after the other, on this thread: what comes before must not matter.
    fn print_hashes(&self) -> anyhow::Result<bool> {
        let mut is_good = true;
        for seed in self.seeds.clone() {
            let verdict = run_seed(seed, &self.knobs(), &self.options())?;
            is_good &= verdict.violations.is_empty();
            let (hash, draw, ms) = (verdict.hash, verdict.next_draw, verdict.virtual_ms);
            writeln!(std::io::stdout(), "{seed} {hash:016x} {draw:016x} {ms}")?;
        }
        Ok(is_good)
    }

    fn run_seeds(&self) -> anyhow::Result<bool> {
        let (knobs, since) = (self.knobs(), Instant::now());
        let turned_by = report::knobs(&knobs, &self.seeds, self.threads(), &self.without);
        match self.output {
            Output::Table => self.say(&turned_by)?,
            // The result alone is the output.
            Output::Json => write!(std::io::stderr(), "{turned_by}")?,
        }
        let bar = bar(self.seeds.end - self.seeds.start);
        let progress = |done: u64, bad: u64| {
            bar.set_position(done);
            bar.set_message(format!("{bad} with violations"));
            true
        };
        let summary =
            run_seeds(self.seeds.clone(), &knobs, &self.options(), self.threads(), &progress);
        bar.finish_and_clear();
        let took = since.elapsed();
        match self.output {
            Output::Table => {
                self.say(&report::table(&summary, &knobs, took, self.threads()))?;
                self.explain(&summary)?;
            }
            Output::Json => self.say(&report::json(&summary, &knobs, took, self.threads())?)?,
        }
        Ok(summary.is_good() && summary.vacuous(&knobs).is_empty())
    }

    /// The first violations, each made as small as it gets.
    fn explain(&self, summary: &Summary) -> anyhow::Result<()> {
        let knobs = self.knobs();
        for verdict in summary.bad.iter().take(EXPLAINED) {
            let shrunk = shrink(verdict, &knobs, &self.options());
            ensure!(shrunk.is_some(), "seed {} does not do it again", verdict.seed);
            if let Some(shrunk) = shrunk {
                let without: Vec<FaultClass> = shrunk.without.iter().copied().collect();
                self.say(&report::verdict(&shrunk.verdict, &knobs, &without))?;
            }
        }
        Ok(())
    }

    fn exhaust(&self, what: Exhaustive) -> anyhow::Result<bool> {
        let since = Instant::now();
        let knobs = exhaustive::knobs();
        self.say(&format!("{what:?} of one job: {knobs}, {} threads\n", self.threads()))?;
        let bar = Mutex::new(bar(1));
        let progress = |done: usize, all: usize| {
            let bar = bar.lock().unwrap_or_else(PoisonError::into_inner);
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        };
        let found = exhaustive::run(what, self.threads(), &progress)?;
        bar.lock().unwrap_or_else(PoisonError::into_inner).finish_and_clear();
        self.say(&report::exhausted(&found, since.elapsed()))?;
        Ok(found.is_good())
    }

    fn hunt(&self) -> anyhow::Result<bool> {
        let bar = bar(planted::all().count() as u64);
        let hunts = planted::hunt_all(self.threads(), &|_| bar.inc(1))?;
        bar.finish_and_clear();
        self.say(&planted::table(&hunts))?;
        self.say(
            "\nMany of these bugs bring circumstances of their own, so that they show at once: the \
             seeds say that the auditor sees a bug, not how often chance meets it.\n",
        )?;
        Ok(hunts.iter().all(|hunted| hunted.found.is_some()))
    }

    fn say(&self, text: &str) -> anyhow::Result<()> {
        write!(std::io::stdout(), "{text}")?;
        Ok(std::io::stdout().flush()?)
    }
}

/// How many violations are explained.
const EXPLAINED: usize = 3;

/// How far it is: on a terminal only.
fn bar(length: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let template = "{bar:40} {pos} of {len}, {per_sec}, {eta} to go; {msg}";
    let style = ProgressStyle::with_template(template);
    ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
