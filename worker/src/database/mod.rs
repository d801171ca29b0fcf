//! SQL on restored databases, behind one small trait: real PostgreSQL and MySQL over TLS
//! ([`SqlDatabases`]), or simulated ones.

mod mysql;
mod postgres;
mod secret;
mod sql;
mod trouble;

pub use secret::{
    Hidden, MASTER_SECRET, SECRET_VERSION, Secret, read_master_password, read_secret, read_text,
};
pub use sql::SqlDatabases;

use crate::rds::Cluster;
use crate::step::StepContext;
use aurora_restore_shared::failure::{Failure, FailureCode};
use aurora_restore_shared::ids::JobId;
use aurora_restore_shared::job::How;
use aurora_restore_shared::request::{Script, User};
use futures::future::BoxFuture;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt;
use std::time::Duration;

/// What a database speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// PostgreSQL.
    Postgres,
    /// MySQL.
    Mysql,
}

impl Engine {
    /// That of an Aurora engine.
    #[must_use]
    pub fn of(aurora: &str) -> Option<Self> {
        match aurora {
            "aurora-postgresql" => Some(Self::Postgres),
            "aurora-mysql" => Some(Self::Mysql),
            _ => None,
        }
    }

    /// The database to connect to where the source names none. MySQL does without one.
    fn usual_database(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mysql => "",
        }
    }
}

/// Where and as whom to connect.
#[derive(Debug, Clone)]
pub struct Login {
    /// What is spoken there.
    pub engine: Engine,
    /// Host name, as in the certificate.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Database; empty for none.
    pub database: String,
    /// User.
    pub user: String,
    /// Password.
    pub password: Hidden,
}

/// What became of each query: its first value, or an error in words.
pub type Answers = Vec<Result<Value, String>>;

/// What became of a masking script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked {
    /// The script's name.
    pub script: String,
    /// Whether it ran now, or was found done.
    pub how: How,
    /// Rows that were changed by it (PostgreSQL: by its last statement), when it ran now.
    pub rows: Option<u64>,
    /// How long it ran.
    pub took: Duration,
}

/// A user to be, with the password of the secret that the request names.
#[derive(Debug, Clone)]
pub struct NewUser<'a> {
    /// Name and grants.
    pub user: &'a User,
    /// The password.
    pub password: Hidden,
}

/// What became of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The user's name.
    pub user: String,
    /// Whether there was none of that name before.
    pub is_new: bool,
}

/// Something that can connect to databases. Each call makes connections of its own. What says
/// nothing of the data (no connection, a restart) is `connect_failed`, which may pass.
pub trait Databases: Send + Sync + fmt::Debug {
    /// Asks each query, read-only; the first value of its first row is its answer.
    ///
    /// # Errors
    /// `connect_failed`.
    fn ask<'a>(
        &'a self,
        login: &'a Login,
        queries: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Answers, Failure>>;

    /// Runs the masking scripts of a job, each exactly once however often this is called: a mark in
    /// the database is committed with it.
    ///
    /// # Errors
    /// `mask_failed` when a script fails or was another one when it ran, `mask_interrupted` when one
    /// was left half done, `resource_busy` while another worker runs one; `connect_failed`.
    fn mask<'a>(
        &'a self,
        login: &'a Login,
        job: JobId,
        scripts: &'a [Script],
    ) -> BoxFuture<'a, Result<Vec<Masked>, Failure>>;

    /// Has the users there, with their passwords and grants. Repeating it is harmless.
    ///
    /// # Errors
    /// `grant_failed` when the server refuses; `connect_failed`.
    fn grant<'a>(
        &'a self,
        login: &'a Login,
        users: &'a [NewUser<'a>],
    ) -> BoxFuture<'a, Result<Vec<Granted>, Failure>>;

    /// Connects, and leaves again.
    ///
    /// # Errors
    /// `connect_failed`, with the reason.
    fn connect_as<'a>(&'a self, login: &'a Login) -> BoxFuture<'a, Result<(), Failure>>;
}

/// How to connect to the restored cluster as some user.
///
/// # Errors
/// `plan_refused` when its engine is none that is spoken here.
pub fn login(
    cx: &StepContext<'_>,
    cluster: &Cluster,
    user: &str,
    password: Hidden,
) -> Result<Login, Failure> {
    let plan = cx.plan()?;
    let engine = Engine::of(&plan.settings.engine).ok_or_else(|| {
        let text = format!("no SQL is spoken with engine {:?}", plan.settings.engine);
        Failure::permanent(FailureCode::PlanRefused, text)
    })?;
    let database = plan.facts.database.clone();
    Ok(Login {
        engine,
        host: cluster.endpoint.clone(),
        port: cluster.port,
        database: database.unwrap_or_else(|| engine.usual_database().to_owned()),
        user: user.to_owned(),
        password,
    })
}

/// How to connect to the restored cluster as its master user; none where nobody has told the
/// password.
///
/// # Errors
/// As of [`read_master_password`] and [`login`].
pub async fn master_login(
    cx: &StepContext<'_>,
    cluster: &Cluster,
) -> Result<Option<Login>, Failure> {
    let Some(password) = read_master_password(cx).await? else { return Ok(None) };
    login(cx, cluster, &cluster.master_user, password.secret).map(Some)
}

/// The same, for work that cannot be done without.
///
/// # Errors
/// As of [`master_login`]; `secret_unusable` where there is no password.
pub async fn needed_master_login(
    cx: &StepContext<'_>,
    cluster: &Cluster,
) -> Result<Login, Failure> {
    master_login(cx, cluster).await?.ok_or_else(|| {
        let text = "the master password is not known: give \"access.master\" in the request";
        Failure::permanent(FailureCode::SecretUnusable, text)
    })
}

/// What tells two scripts of one name apart, in hexadecimal.
#[must_use]
pub fn script_hash(script: &Script) -> String {
    let digest = Sha256::digest(script.sql.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_aurora_engines_are_spoken_and_no_other() {
        assert_eq!(Engine::of("aurora-postgresql"), Some(Engine::Postgres));
        assert_eq!(Engine::of("aurora-mysql"), Some(Engine::Mysql));
        assert_eq!(Engine::of("postgres"), None);
    }
}
