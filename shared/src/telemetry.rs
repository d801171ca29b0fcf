//! Logs: for a person on a terminal, or as JSON lines for a machine. Always on standard error, so
//! that standard output stays the program's answer.

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For a person; colours only on a terminal.
    Text,
    /// One JSON object per line.
    Json,
}

impl LogFormat {
    /// The formats, with their names.
    pub const ALL: [(&'static str, Self); 2] = [("text", Self::Text), ("json", Self::Json)];
}

/// Starts logging. `default_filter` is used when `RUST_LOG` says nothing (e.g. `info`). A second
/// start in one process is ignored.
pub fn start(format: LogFormat, default_filter: &str) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default_filter));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        // A process whose log nobody reads any more goes on: complaining there would end it.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => logs.try_init(),
        LogFormat::Json => logs.json().flatten_event(true).try_init(),
    };
    // Only tests start it twice; the first start stays.
    drop(started);
}
