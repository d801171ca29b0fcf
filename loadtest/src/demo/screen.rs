//! What a person sees while the demo runs: what is done, and a line per job that tells how far it is.

use super::cli::Output;
use aurora_restore_producer::view::JobView;
use aurora_restore_shared::clock::{Clock, EpochMs};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};

/// Where the demo tells what it does.
#[derive(Debug)]
pub(super) struct Screen {
    output: Output,
    clock: Clock,
    since_ms: EpochMs,
    bars: Option<MultiProgress>,
}

impl Screen {
    pub(super) fn new(output: Output, clock: Clock) -> Self {
        let on_terminal = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
        let bars = (on_terminal && output == Output::Table).then(MultiProgress::new);
        Self { output, clock, since_ms: clock.now_ms(), bars }
    }

    /// Whether the report is for a program.
    pub(super) fn json(&self) -> bool {
        self.output == Output::Json
    }

    /// How long the demo has run.
    pub(super) fn elapsed_ms(&self) -> i64 {
        self.clock.now_ms() - self.since_ms
    }

    /// Tells one thing. Beside a report for a program, it goes to standard error.
    pub(super) fn say(&self, text: &str) {
        let line = format!("{:>6}  {text}", span(self.elapsed_ms()));
        match &self.bars {
            // Nobody is left to tell if the terminal is gone.
            Some(bars) => drop(bars.println(line)),
            None if self.json() => drop(writeln!(std::io::stderr(), "{line}")),
            None => drop(writeln!(std::io::stdout(), "{line}")),
        }
    }

    /// A line for each of these jobs.
    pub(super) fn lines(&self, clusters: &[&str]) -> Lines<'_> {
        let line = |name: &&str| Line { name: (*name).to_owned(), bar: self.bar(name), last: None };
        Lines { screen: self, lines: clusters.iter().map(line).collect() }
    }

    fn bar(&self, name: &str) -> Option<ProgressBar> {
        let style = ProgressStyle::with_template("        {prefix:18} {bar:21} {wide_msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(1).with_style(style).with_prefix(name.to_owned());
        self.bars.as_ref().map(|bars| bars.add(bar))
    }
}

/// The lines of all jobs.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    screen: &'a Screen,
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    name: String,
    bar: Option<ProgressBar>,
    last: Option<(&'static str, usize, Option<&'static str>)>,
}

impl Lines<'_> {
    /// Shows how far the n-th job is: on a terminal each time, else only when it has moved.
    pub(super) fn show(&mut self, n: usize, job: &JobView) {
        let Some(line) = self.lines.get_mut(n) else { return };
        if let Some(bar) = &line.bar {
            bar.set_length(job.steps_all as u64);
            bar.set_position(job.steps_done as u64);
            bar.set_message(how_far(job));
            return;
        }
        let key = (job.status, job.steps_done, job.step);
        if line.last.replace(key) != Some(key) {
            self.screen.say(&format!("  {:<17} {}", line.name, how_far(job)));
        }
    }
}

impl Drop for Lines<'_> {
    fn drop(&mut self) {
        for line in &self.lines {
            if let Some(bar) = &line.bar {
                bar.abandon();
            }
        }
    }
}

fn how_far(job: &JobView) -> String {
    let (done, all) = (job.steps_done, job.steps_all);
    let elapsed = span(job.elapsed_ms);
    let step = job.step.unwrap_or(job.status);
    let expected = match job.expected_remaining_ms {
        Some(ms) if ms > 0 => format!(", about {} more expected", span(ms)),
        _ => String::new(),
    };
    format!("{done} of {all} steps done, {step}, {elapsed} so far{expected}")
}

/// A length of time, to a tenth of a second.
pub(super) fn span(ms: i64) -> String {
    let tenths = (ms.max(0) + 50) / 100;
    format!("{}.{}s", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_rounded_to_tenths() {
        assert_eq!([0, 49, 50, 1_960, 61_000].map(span), ["0.0s", "0.0s", "0.1s", "2.0s", "61.0s"]);
    }
}
