//! Where the progress of followed jobs is shown: drawn over itself on a terminal, else one line
//! per change.

use super::context::Context;
use super::error::CliError;
use super::follow::Followed;
use super::text::{how_far, how_far_beside_bar};
use aurora_restore_producer::view::JobView;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Where progress is shown.
#[derive(Debug)]
pub enum Screen {
    /// A line per job, drawn over itself.
    Bars(Vec<ProgressBar>),
    /// A line per change; the last change of each job.
    Lines(Vec<Change>),
    /// Nowhere.
    Silent,
}

/// What makes a new line: where a job stands, without the time that passes.
pub type Change = Option<(&'static str, Option<&'static str>, usize, Option<&'static str>)>;

impl Screen {
    /// What fits: a terminal or not, a person or a program.
    pub fn fit(context: &Context, jobs: &[Followed]) -> Self {
        if context.draws() {
            let all = MultiProgress::new();
            let bar = |job: &Followed| all.add(bar(job));
            Self::Bars(jobs.iter().map(bar).collect())
        } else {
            Self::Lines(vec![None; jobs.len()])
        }
    }

    /// Nothing is shown.
    pub fn silent() -> Self {
        Self::Silent
    }

    /// Shows where a job stands.
    pub fn show(&mut self, context: &Context, n: usize, job: &JobView) -> Result<(), CliError> {
        match self {
            Self::Bars(bars) => draw(&bars[n], job),
            Self::Lines(last) => {
                let parked = job.parked.as_ref().map(|parked| parked.code);
                let change = Some((job.status, job.step, job.steps_done, parked));
                if last[n] != change {
                    last[n] = change;
                    write_line(context, job)?;
                }
            }
            Self::Silent => {}
        }
        Ok(())
    }
}

fn write_line(context: &Context, job: &JobView) -> Result<(), CliError> {
    if context.json() {
        return context.line(job);
    }
    context.say(&format!("{} {}: {}", job.id, job.target.cluster, how_far(job)))
}

fn bar(job: &Followed) -> ProgressBar {
    let bar = ProgressBar::new(1);
    let style = ProgressStyle::with_template("{prefix} {bar:7} {pos}/{len} {wide_msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    // Enough of the id to name the job, and not more: the line is short.
    let id: String = job.id.to_string().chars().take(13).collect();
    bar.set_prefix(format!("{id} {}", job.request.target.cluster));
    bar
}

fn draw(bar: &ProgressBar, job: &JobView) {
    bar.set_length(u64::try_from(job.steps_all).unwrap_or(1));
    bar.set_position(u64::try_from(job.steps_done).unwrap_or(0));
    let text = how_far_beside_bar(job);
    if job.ended_at.is_some() { bar.abandon_with_message(text) } else { bar.set_message(text) }
}
