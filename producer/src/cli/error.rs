//! How a verb may end without having done its work: what is printed, and the exit code.

use super::context::Context;
use aurora_restore_producer::operate::RetryError;
use aurora_restore_producer::plan_view::PreviewError;
use aurora_restore_producer::query::ResolveError;
use aurora_restore_producer::submit::SubmitError;
use aurora_restore_producer::trouble::Trouble;
use aurora_restore_shared::fault::{Fault, Faults};
use owo_colors::{OwoColorize, Stream};
use serde::Serialize;
use serde_json::{Value, json};
use std::io::Write;
use std::process::ExitCode;

/// A fault, and the file it is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Complaint {
    /// The file, or `settings`.
    pub file: String,
    /// The fault.
    #[serde(flatten)]
    pub fault: Fault,
}

impl Complaint {
    /// All faults of one file.
    pub fn all(file: &str, faults: Faults) -> Vec<Self> {
        faults.0.into_iter().map(|fault| Self { file: file.to_owned(), fault }).collect()
    }
}

/// How a verb may end without having done its work.
#[derive(Debug)]
pub enum CliError {
    /// Files or settings have faults. Nothing was stored.
    BadInput(Vec<Complaint>),
    /// What was asked for does not fit what is there (no such job, not failed, key in use).
    Refused {
        /// A short name, for programs.
        code: &'static str,
        /// What is wrong.
        text: String,
        /// What to do.
        advice: &'static str,
    },
    /// AWS did not do its part.
    Aws(Trouble),
    /// So many of the jobs that were followed have failed; they were told one by one.
    JobsFailed(usize),
    /// The records of a job show tampering: where, and what does not fit. The report is written.
    Tampered(String),
    /// A file could not be written: its name, and why.
    File(String, std::io::Error),
    /// Ctrl-C while jobs were followed.
    Interrupted,
    /// Standard output could not be written.
    Output(std::io::Error),
}

impl CliError {
    fn exit_code(&self) -> u8 {
        match self {
            Self::JobsFailed(_) | Self::Tampered(_) => 1,
            Self::BadInput(_) | Self::Refused { .. } => 2,
            Self::Aws(_) => 3,
            Self::Output(_) | Self::File(..) => 4,
            Self::Interrupted => 130,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::BadInput(_) => "bad_input",
            Self::Refused { code, .. } => code,
            Self::Aws(trouble) => trouble.code(),
            Self::JobsFailed(_) => "jobs_failed",
            Self::Tampered(_) => "tampered",
            Self::File(..) => "file",
            Self::Interrupted => "interrupted",
            Self::Output(_) => "output",
        }
    }

    fn text(&self) -> String {
        match self {
            Self::BadInput(complaints) => bad_input(complaints),
            Self::Refused { text, .. } => text.clone(),
            Self::Aws(trouble) => trouble.to_string(),
            Self::JobsFailed(1) => "the job has failed".into(),
            Self::JobsFailed(n) => format!("{n} jobs have failed"),
            Self::Tampered(text) => text.clone(),
            Self::File(name, error) => format!("{name} could not be written: {error}"),
            Self::Interrupted => "stopped following; the jobs go on".into(),
            Self::Output(error) => format!("standard output could not be written: {error}"),
        }
    }

    fn advice(&self, endpoint: Option<&str>) -> String {
        match (self, endpoint) {
            (Self::Aws(trouble), Some(endpoint)) if trouble.code() == "aws_unavailable" => {
                format!("check that something listens at {endpoint} (--endpoint)")
            }
            (Self::Aws(trouble), _) => trouble.advice(),
            (Self::BadInput(_), _) => "nothing was stored; mend these and try again".into(),
            (Self::Refused { advice, .. }, _) => (*advice).into(),
            (Self::JobsFailed(_), _) => {
                "`aurora-restore show ID` tells why, `retry ID` goes on at the failed step".into()
            }
            (Self::Interrupted, _) => "`aurora-restore watch` follows them again".into(),
            (Self::Tampered(_), _) => {
                "docs/evidence.md says what this proves; keep the report and the table as they are"
                    .into()
            }
            (Self::File(..), _) => {
                "nothing was written; name a file in a folder that you may write".into()
            }
            (Self::Output(_), _) => String::new(),
        }
    }

    /// Prints it to standard error; the answer is the exit code. Whoever closed standard output
    /// has read enough: that is no error.
    pub fn report(&self, context: &Context) -> ExitCode {
        if matches!(self, Self::Output(e) if e.kind() == std::io::ErrorKind::BrokenPipe) {
            return ExitCode::SUCCESS;
        }
        let report =
            if context.json() { self.document(context).to_string() } else { self.lines(context) };
        // With standard error gone as well, the exit code has to do.
        let _ = writeln!(std::io::stderr().lock(), "{report}");
        ExitCode::from(self.exit_code())
    }

    fn document(&self, context: &Context) -> Value {
        let faults = if let Self::BadInput(complaints) = self { &complaints[..] } else { &[] };
        json!({ "error": {
            "code": self.code(),
            "message": self.text(),
            "advice": self.advice(context.endpoint()),
            "exit_code": self.exit_code(),
            "faults": faults,
        } })
    }

    fn lines(&self, context: &Context) -> String {
        let error = "error:".if_supports_color(Stream::Stderr, |t| t.red()).to_string();
        let mut lines = vec![format!("{error} {}", self.text())];
        if let Self::BadInput(complaints) = self {
            lines.extend(complaints.iter().map(|c| format!("  {}: {}", c.file, c.fault)));
        }
        let advice = self.advice(context.endpoint());
        if !advice.is_empty() {
            let help = "help:".if_supports_color(Stream::Stderr, |t| t.cyan()).to_string();
            lines.push(format!("{help} {advice}"));
        }
        lines.join("\n")
    }
}

fn bad_input(complaints: &[Complaint]) -> String {
    let mut files: Vec<&str> = complaints.iter().map(|c| c.file.as_str()).collect();
    files.dedup();
    let faults = if complaints.len() == 1 { "fault" } else { "faults" };
    format!("{} {faults} in {}", complaints.len(), files.join(", "))
}

impl From<Trouble> for CliError {
    fn from(trouble: Trouble) -> Self {
        Self::Aws(trouble)
    }
}

impl From<ResolveError> for CliError {
    fn from(error: ResolveError) -> Self {
        let (code, advice) = match error {
            ResolveError::Aws(trouble) => return trouble.into(),
            ResolveError::NoId(_) => ("bad_id", "`aurora-restore list` prints the ids"),
            ResolveError::NoJob(_) => ("no_job", "`aurora-restore list` prints the ids"),
            ResolveError::Several { .. } => ("ambiguous_id", "give more of the id"),
        };
        Self::Refused { code, text: error.to_string(), advice }
    }
}

impl From<RetryError> for CliError {
    fn from(error: RetryError) -> Self {
        let (code, advice) = match error {
            RetryError::Aws(trouble) => return trouble.into(),
            RetryError::Unknown(_) => ("no_job", "`aurora-restore list` prints the ids"),
            RetryError::NotFailed { .. } => {
                ("not_failed", "only a failed or a parked job can be retried")
            }
            RetryError::GivenUp(_) => ("given_up", "what `keep.failed` says was over"),
            RetryError::SetAbandoned(_) => ("set_abandoned", "`set show` tells why"),
            RetryError::LetterPending(_) => ("letter_pending", "try again in a few seconds"),
            RetryError::Changed(_) => ("changed", "`aurora-restore show ID` tells where it stands"),
        };
        Self::Refused { code, text: error.to_string(), advice }
    }
}

/// An error about the request of one file.
pub fn of_file(file: &str, error: SubmitError) -> CliError {
    match error {
        SubmitError::BadInput(faults) => CliError::BadInput(Complaint::all(file, faults)),
        SubmitError::Conflict { .. } => CliError::Refused {
            code: "conflict",
            text: format!("{file}: {error}"),
            advice: "take another idempotency key, or submit the request as it was",
        },
        SubmitError::Aws(trouble) => trouble.into(),
    }
}

/// An error about the plan of one file.
pub fn of_plan(file: &str, error: PreviewError) -> CliError {
    match error {
        PreviewError::BadInput(faults) => CliError::BadInput(Complaint::all(file, faults)),
        PreviewError::Aws(trouble) => trouble.into(),
    }
}
