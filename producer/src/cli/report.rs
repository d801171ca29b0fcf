//! `aurora-restore report`.

use super::context::Context;
use super::error::CliError;
use super::show::no_job;
use aurora_restore_producer::query::{resolve, settled};
use aurora_restore_producer::report::EvidenceReport;
use clap::ValueEnum;
use serde_json::json;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

const EXAMPLES: &str = "\
What was restored from when, how long it took, every check and its answer, settings that differ, who
asked, the AWS request ids, and whether the job's records are whole. A job that has failed or has not
ended has a report that says so. The report of a job whose records show tampering is written all the
same; the exit code is 1 then. Events are kept for 400 days: keep reports as files, and their heads
(a hash) where whoever may write the table may not.

EXAMPLES:
  aurora-restore report 0192f6a4-7c11
  aurora-restore report 0192f6a4-7c11 --format html --to report.html
  aurora-restore report 0192f6a4-7c11 --format json | jq .chain
  aurora-restore report 0192f6a4-7c11 --expect-head xqY1dCjPS0mR1mJXc5Lf3HOgY3kZQwPq8a1n7v2bT9E";

/// What a report is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The document that docs/cli.md describes.
    Json,
    /// One page that needs nothing besides itself, to be read or printed.
    Html,
    /// Text with tables.
    Markdown,
}

/// Flags of `report`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The job, by id or the beginning of one (8 characters at least).
    #[arg(value_name = "ID")]
    id: String,
    /// What to write. Left out: markdown, or json with --output json.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The file to write to; left out: standard output. What is there is replaced, as a whole.
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// The head that an earlier report of the ended job gave: another one is tampering.
    #[arg(long, value_name = "HASH")]
    expect_head: Option<String>,
}

/// Runs it.
pub async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let env = context.env().await?;
    let id = resolve(env, &args.id).await?;
    let details = settled(env, id).await?.ok_or_else(|| no_job(id))?;
    let now_ms = env.clock.now_ms();
    let report = EvidenceReport::of(&details, now_ms).ok_or_else(|| incomplete(&args.id))?;
    let usual = if context.json() { Format::Json } else { Format::Markdown };
    let text = match args.format.unwrap_or(usual) {
        Format::Json => report.json(),
        Format::Html => report.html(),
        Format::Markdown => report.markdown(),
    };
    match &args.to {
        None => context.say(&text)?,
        Some(file) => {
            write(file, &text).map_err(|e| CliError::File(file.display().to_string(), e))?;
            written(context, file, &report)?;
        }
    }
    judged(&report, args.expect_head.as_deref())
}

/// A report that is there is whole: it is written beside its place and moved there.
fn write(file: &Path, text: &str) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut beside = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    beside.write_all(text.as_bytes())?;
    beside.as_file().sync_all()?;
    beside.persist(file).map_err(|error| error.error)?;
    Ok(())
}

fn written(context: &Context, file: &Path, report: &EvidenceReport) -> Result<(), CliError> {
    let (file, head) = (file.display().to_string(), &report.chain.head);
    if context.json() {
        let intact = report.verdict.records_intact;
        return context.document(&json!({ "file": file, "head": head, "records_intact": intact }));
    }
    let head = head.as_deref().unwrap_or("none");
    context.say(&format!("{file} is written; the head of the chain is {head}"))
}

fn judged(report: &EvidenceReport, expected: Option<&str>) -> Result<(), CliError> {
    if !report.verdict.records_intact {
        return Err(CliError::Tampered(report.chain.summary.clone()));
    }
    let head = report.chain.head.as_deref();
    match expected {
        Some(expected) if head != Some(expected) => {
            let head = head.unwrap_or("none");
            let text = format!("the head of the chain is {head}, expected was {expected}");
            Err(CliError::Tampered(text))
        }
        _ => Ok(()),
    }
}

fn incomplete(id: &str) -> CliError {
    CliError::Refused {
        code: "incomplete",
        text: format!("job {id} was never completely submitted: there is nothing to report"),
        advice: "submit the same request with the same key again",
    }
}
