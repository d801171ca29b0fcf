//! Masking scripts, each marked as begun and as done in its own transaction.
//!
//! Rows are changed all or none, and the mark with them. But a statement that changes the schema
//! commits what came before it: then the mark `started` is committed, too. So no mark means that
//! nothing of the script is there, `done` that all is, and `started` (while nobody holds the lock)
//! that a part is, which only a person can judge.

use super::script::ends_transaction;
use super::{connect, leave, lock, sorted};
use crate::database::sql::{Authority, CHANGE_TIMEOUT};
use crate::database::trouble::{another_script, of_script, passing};
use crate::database::{Login, Masked, script_hash};
use aurora_restore_shared::failure::{Failure, FailureCode};
use aurora_restore_shared::ids::JobId;
use aurora_restore_shared::job::How;
use aurora_restore_shared::request::Script;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, QueryResult, TextProtocol};
use tokio::time::{Instant, timeout};

const MARKS: &str = "CREATE TABLE IF NOT EXISTS aurora_restore.masked (
    job VARCHAR(36) NOT NULL, script VARCHAR(128) NOT NULL, sha256 CHAR(64) NOT NULL,
    state VARCHAR(8) NOT NULL, at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (job, script)
) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin";

const FIND: &str = "SELECT sha256, state FROM aurora_restore.masked WHERE job = ? AND script = ?";

const START: &str =
    "INSERT INTO aurora_restore.masked (job, script, sha256, state) VALUES (?, ?, ?, 'started')";

const FINISH: &str = "UPDATE aurora_restore.masked SET state = 'done' \
     WHERE job = ? AND script = ? AND state = 'started'";

pub(in crate::database) async fn mask(
    authority: &Authority,
    login: &Login,
    job: JobId,
    scripts: &[Script],
) -> Result<Vec<Masked>, Failure> {
    // Before any of them runs.
    scripts.iter().try_for_each(refuse_to_end_transaction)?;
    let mut masked = Vec::new();
    for script in scripts {
        // A session of its own: what one script sets is not there for the next.
        let mut conn = connect(authority, login).await?;
        masked.push(run_once(&mut conn, job, script).await?);
        leave(conn).await;
    }
    Ok(masked)
}

fn refuse_to_end_transaction(script: &Script) -> Result<(), Failure> {
    let Some(word) = ends_transaction(&script.sql) else { return Ok(()) };
    let text = format!("{}: {word} is not for a script: {OWN_END}", of_script(script));
    Err(Failure::permanent(FailureCode::MaskFailed, text))
}

const OWN_END: &str = "its transaction begins before and ends after it, together with its mark";

async fn run_once(conn: &mut Conn, job: JobId, script: &Script) -> Result<Masked, Failure> {
    let began = Instant::now();
    let failed = |e: Error| sorted(&e, FailureCode::MaskFailed, &of_script(script));
    lock(conn, &format!("aurora-restore {job}"), &of_script(script)).await?;
    let (id, hash) = (job.to_string(), script_hash(script));
    let done = |how, rows| Masked { script: script.name.clone(), how, rows, took: began.elapsed() };
    match mark(conn, &id, script).await.map_err(failed)? {
        Some((found, _)) if found != hash => return Err(another_script(script)),
        Some((_, state)) if state == "done" => return Ok(done(How::FoundDone, None)),
        Some(_) => return Err(interrupted(script)),
        None => {}
    }
    conn.query_drop("START TRANSACTION").await.map_err(failed)?;
    conn.exec_drop(START, (&id, &script.name, &hash)).await.map_err(failed)?;
    // On an error the session ends, and what is not committed goes with it.
    let rows = match timeout(CHANGE_TIMEOUT, run(conn, &script.sql)).await {
        Ok(ran) => ran.map_err(failed)?,
        Err(_) => return Err(passing(&of_script(script), "it was not done in time")),
    };
    conn.exec_drop(FINISH, (&id, &script.name)).await.map_err(failed)?;
    if conn.affected_rows() != 1 {
        return Err(rolled_back(conn, &id, script, &hash).await);
    }
    conn.query_drop("COMMIT").await.map_err(failed)?;
    Ok(done(How::Did, Some(rows)))
}

/// The mark of a script: hash and state.
async fn mark(
    conn: &mut Conn,
    job: &str,
    script: &Script,
) -> Result<Option<(String, String)>, Error> {
    conn.query_drop("CREATE DATABASE IF NOT EXISTS aurora_restore").await?;
    conn.query_drop(MARKS).await?;
    conn.exec_first(FIND, (job, &script.name)).await
}

/// Runs all its statements; returns how many rows they have changed.
async fn run(conn: &mut Conn, sql: &str) -> Result<u64, Error> {
    let mut result = conn.query_iter(sql).await?;
    let mut rows = changed(&result);
    while !result.is_empty() {
        result.for_each(|_| ()).await?;
        rows += changed(&result);
    }
    Ok(rows)
}

/// How many rows the statement at hand has changed; none where it answers with rows.
fn changed(result: &QueryResult<'_, '_, TextProtocol>) -> u64 {
    let is_change = result.columns().is_some_and(|columns| columns.is_empty());
    if is_change { result.affected_rows() } else { 0 }
}

fn interrupted(script: &Script) -> Failure {
    let text = format!(
        "{}: a part of it is committed and it never came to its end; see what it has done, mend it by hand, and set its state in aurora_restore.masked to 'done'",
        of_script(script)
    );
    Failure::permanent(FailureCode::MaskInterrupted, text)
}

/// The script has undone its mark: by a way that its text does not show. It is marked again, so that
/// nothing of it is run twice.
async fn rolled_back(conn: &mut Conn, job: &str, script: &Script, hash: &str) -> Failure {
    let failed = |e: Error| sorted(&e, FailureCode::MaskFailed, &of_script(script));
    if let Err(e) = conn.exec_drop(START, (job, &script.name, hash)).await {
        return failed(e);
    }
    if let Err(e) = conn.query_drop("COMMIT").await {
        return failed(e);
    }
    let text = format!("{}: it has rolled back its transaction: {OWN_END}", of_script(script));
    Failure::permanent(FailureCode::MaskFailed, text)
}
