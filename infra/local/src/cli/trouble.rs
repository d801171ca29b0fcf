//! How a verb may end without having done its work: what is printed, and the exit code.

use std::io::{self, Write};
use std::process::ExitCode;

/// How a verb may end without having done its work.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// These flags are wrong. Nothing was done.
    BadFlags(Vec<String>),
    /// Nothing answers at the endpoint, for this reason.
    NoAnswer {
        /// Where it was asked.
        endpoint: String,
        /// What happened.
        reason: String,
    },
    /// Anything else.
    Other(anyhow::Error),
}

impl From<anyhow::Error> for Trouble {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Other(error.into())
    }
}

impl Trouble {
    /// Tells a person, and the shell.
    pub(crate) fn tell(&self) -> ExitCode {
        let (code, text) = match self {
            Self::BadFlags(problems) => (2, problems.join("\n  ")),
            Self::NoAnswer { endpoint, reason } => (
                3,
                format!(
                    "nothing answers at {endpoint}: {reason}\n  \
                     start one with `aurora-restore-local serve`, or name another with --endpoint"
                ),
            ),
            Self::Other(error) => (1, format!("{error:#}")),
        };
        let _ = writeln!(io::stderr(), "aurora-restore-local: {text}");
        ExitCode::from(code)
    }
}
