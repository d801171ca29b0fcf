//! What every verb has: the global flags, the environment they lead to, standard output.

use super::error::{CliError, Complaint};
use aurora_restore_shared::environment::Environment;
use aurora_restore_shared::settings::{Common, Sources};
use clap::{Args, ValueEnum};
use owo_colors::Stream;
use serde::Serialize;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use tokio::sync::OnceCell;

/// The global flags.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// Endpoint of a local cloud; left out: AWS itself.
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint: Option<String>,
    /// Home Region, where the table is.
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// Settings file (TOML); AURORA_RESTORE_... variables and flags win over it.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// For a person, or for a program.
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    pub output: Format,
    /// Log to standard error what is done (RUST_LOG says it finer).
    #[arg(long, short, global = true)]
    pub verbose: bool,
}

/// How answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a person.
    Table,
    /// For a program: the documents that docs/cli.md describes.
    Json,
}

/// What every verb has.
#[derive(Debug)]
pub struct Context {
    globals: Globals,
    env: OnceCell<Environment>,
}

impl Context {
    /// Nothing is read or called yet.
    pub fn new(globals: Globals) -> Self {
        Self { globals, env: OnceCell::new() }
    }

    /// Whether answers are JSON documents.
    pub fn json(&self) -> bool {
        self.globals.output == Format::Json
    }

    /// Whether a person looks on: progress may be drawn over itself.
    pub fn draws(&self) -> bool {
        !self.json() && std::io::stdout().is_terminal() && std::io::stderr().is_terminal()
    }

    /// Whether colours fit a stream: a terminal, and no NO_COLOR.
    pub fn colours(&self, stream: Stream) -> bool {
        !self.json() && supports_colours(stream)
    }

    /// The environment that settings and flags lead to.
    pub async fn env(&self) -> Result<&Environment, CliError> {
        let make = || async {
            let common = self.settings()?;
            Ok(Environment::real(&common, "aurora-restore").await)
        };
        self.env.get_or_try_init(make).await
    }

    /// The endpoint in use, once settings were read.
    pub fn endpoint(&self) -> Option<&str> {
        self.env.get().and_then(|env| env.common.endpoint.as_deref())
    }

    /// Names that only workers know are left alone: both sides may share a file.
    fn settings(&self) -> Result<Common, CliError> {
        let mut sources = Sources::file_and_environment(self.globals.config.as_deref());
        let flags = [("endpoint", &self.globals.endpoint), ("region", &self.globals.region)];
        for (name, value) in flags {
            if let Some(value) = value {
                sources = sources.with(name, value);
            }
        }
        let read = sources.read(Common::read);
        read.map_err(|faults| CliError::BadInput(Complaint::all("settings", faults)))
    }

    /// Writes a text to standard output.
    pub fn say(&self, text: &str) -> Result<(), CliError> {
        let mut out = std::io::stdout().lock();
        let end = if text.ends_with('\n') { "" } else { "\n" };
        write!(out, "{text}{end}").and_then(|()| out.flush()).map_err(CliError::Output)
    }

    /// Writes a JSON document to standard output.
    pub fn document(&self, document: &impl Serialize) -> Result<(), CliError> {
        self.say(&serde_json::to_string_pretty(document).unwrap_or_default())
    }

    /// Writes a JSON document to standard output, on one line.
    pub fn line(&self, document: &impl Serialize) -> Result<(), CliError> {
        self.say(&serde_json::to_string(document).unwrap_or_default())
    }
}

fn supports_colours(stream: Stream) -> bool {
    use owo_colors::OwoColorize;
    let coloured = "x".if_supports_color(stream, |text| text.bold()).to_string();
    coloured != "x"
}
