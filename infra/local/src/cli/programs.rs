//! `programs`: which databases would be used.

use anyhow::{Error, Result};
use aurora_restore_local::data_plane::servers::Programs;
use clap::{Args, ValueEnum};
use std::io::{self, Write};

#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// Ask for one engine only.
    #[arg(long, value_enum)]
    engine: Option<Engine>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engine {
    /// Aurora PostgreSQL.
    Postgres,
    /// Aurora MySQL.
    Mysql,
}

/// Says which PostgreSQL and which MariaDB there is. An error when the engine that was asked for is
/// missing; PostgreSQL when none was.
pub(crate) fn programs(asked: &Asked) -> Result<()> {
    let found = Programs::find();
    let postgres = found.postgres.map(|it| format!("{} in {}", it.version, it.bin.display()));
    let mariadb = found.mariadb.map(|it| format!("{} as {}", it.version, it.server.display()));
    match asked.engine {
        Some(Engine::Postgres) => say(postgres),
        Some(Engine::Mysql) => say(mariadb),
        None => {
            say(mariadb.or_else(|e| Ok(format!("Aurora MySQL: {e}"))))?;
            say(postgres)
        }
    }
}

fn say(line: Result<String, String>) -> Result<()> {
    writeln!(io::stdout(), "{}", line.map_err(Error::msg)?)?;
    Ok(())
}
