//! SQL as a person would: `psql` to write, over TLS with the certificate verified; the worker's own
//! client to read.

use super::process;
use anyhow::{Context, Result, anyhow};
use aurora_restore_local::data_plane::postgres::programs::PostgresPrograms;
use aurora_restore_worker::database::{Databases, Login, SqlDatabases};
use serde::Serialize;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One look at everything: how many rows there are, and sums over the hashes of whole rows, which
/// tell two contents apart that have equally many.
const CONTENT: [&str; 4] = [
    "SELECT count(*) FROM customers",
    "SELECT count(*) FROM orders",
    "SELECT sum(hashtextextended(c::text, 0))::text FROM customers c",
    "SELECT sum(hashtextextended(o::text, 0))::text FROM orders o",
];

/// What a database holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Content {
    /// Rows of `customers`.
    pub customers: i64,
    /// Rows of `orders`.
    pub orders: i64,
    /// Sums over the hashes of all rows.
    pub hashes: [String; 2],
}

/// Access to the databases of the local cloud.
#[derive(Debug)]
pub(super) struct Sql {
    psql: PathBuf,
    ca_file: PathBuf,
    databases: SqlDatabases,
}

impl Sql {
    pub(super) fn new(ca_file: &Path) -> Result<Self> {
        let programs = PostgresPrograms::find().map_err(|e| anyhow!(e))?;
        let databases = SqlDatabases::new(Some(ca_file.to_owned()));
        Ok(Self { psql: programs.bin.join("psql"), ca_file: ca_file.to_owned(), databases })
    }

    /// What `psql` takes as its first argument to reach a database.
    pub(super) fn target(&self, login: &Login) -> String {
        let Login { host, port, database, user, .. } = login;
        let ca_file = self.ca_file.display();
        format!(
            "host={host} port={port} dbname={database} user={user} sslmode=verify-full \
             sslrootcert={ca_file}"
        )
    }

    /// Runs statements in one transaction.
    pub(super) async fn run(&self, login: &Login, statements: &str) -> Result<()> {
        let mut command = Command::new(&self.psql);
        command.args(["-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-c", statements]);
        command.arg(self.target(login)).env("PGPASSWORD", login.password.as_str());
        process::output(command).await.map(drop)
    }

    /// The answer to one question.
    pub(super) async fn one(&self, login: &Login, query: &str) -> Result<Value> {
        let asked = self.databases.ask(login, &[query]).await.context("asking a database")?;
        let answer = asked.into_iter().next().context("no answer")?;
        answer.map_err(|e| anyhow!(e)).context("asking a database")
    }

    /// What a database holds now.
    pub(super) async fn content(&self, login: &Login) -> Result<Content> {
        let asked = self.databases.ask(login, &CONTENT).await;
        let answers: Result<Vec<Value>, String> =
            asked.context("counting rows")?.into_iter().collect();
        let answers = answers.map_err(|e| anyhow!(e)).context("counting rows")?;
        let count = |n: usize| answers.get(n).and_then(Value::as_i64).unwrap_or_default();
        let hash = |n: usize| answers.get(n).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Content { customers: count(0), orders: count(1), hashes: [hash(2), hash(3)] })
    }
}
