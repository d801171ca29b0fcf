//! Masking scripts, each in one transaction with the mark that says that it has run: a crash leaves
//! both or neither.
//!
//! A script is handed to `EXECUTE` in PL/pgSQL and not sent as it stands, because the server refuses
//! `COMMIT`, `ROLLBACK` and their kind there: a script cannot end the transaction that it shares with
//! its mark.

use super::{Session, beside, connect, sorted};
use crate::database::sql::Authority;
use crate::database::trouble::{another_script, of_script};
use crate::database::{Login, Masked, script_hash};
use aurora_restore_shared::failure::{Failure, FailureCode};
use aurora_restore_shared::ids::JobId;
use aurora_restore_shared::job::How;
use aurora_restore_shared::request::Script;
use tokio::time::Instant;
use tokio_postgres::{Client, Error, IsolationLevel, Transaction};

/// A script of this job is being run, by whichever worker; let go at the end of the transaction.
const LOCK: &str =
    "SELECT pg_advisory_xact_lock(hashtextextended('aurora-restore mask ' || $1::text, 0))";

/// A worker that is gone is noticed while its script runs, where the server can (since 14).
const NOTICE_LOSS: &str = "SELECT set_config('client_connection_check_interval', '10s', true)
WHERE current_setting('server_version_num')::int >= 140000";

const MARKS: &str = "\
SET LOCAL client_min_messages = warning;
CREATE SCHEMA IF NOT EXISTS aurora_restore;
CREATE TABLE IF NOT EXISTS aurora_restore.masked (
    job text, script text, sha256 text NOT NULL, at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (job, script)
)";

const FIND: &str = "SELECT sha256 FROM aurora_restore.masked WHERE job = $1 AND script = $2";

const MARK: &str = "INSERT INTO aurora_restore.masked (job, script, sha256) VALUES ($1, $2, $3)";

/// The statement that runs a script, quoted by the server.
const WRAP: &str = "SELECT format('DO %L', format($body$
DECLARE n bigint;
BEGIN
    EXECUTE %L;
    GET DIAGNOSTICS n = ROW_COUNT;
    PERFORM pg_catalog.set_config('aurora_restore.rows', n::text, true);
END$body$, $1::text))";

const ROWS: &str = "SELECT current_setting('aurora_restore.rows')::bigint";

pub(in crate::database) async fn mask(
    authority: &Authority,
    login: &Login,
    job: JobId,
    scripts: &[Script],
) -> Result<Vec<Masked>, Failure> {
    let mut masked = Vec::new();
    for script in scripts {
        // A session of its own: what one script sets is not there for the next.
        let (mut client, connection) = connect(authority, login, Session::Changing).await?;
        let work = run_once(&mut client, job, script);
        masked.push(beside(login, connection, work).await?);
    }
    Ok(masked)
}

async fn run_once(client: &mut Client, job: JobId, script: &Script) -> Result<Masked, Failure> {
    let began = Instant::now();
    let failed = |e: Error| sorted(&e, FailureCode::MaskFailed, &of_script(script));
    let transaction = begin(client, job).await.map_err(failed)?;
    let (id, hash) = (job.to_string(), script_hash(script));
    let done = |how, rows| Masked { script: script.name.clone(), how, rows, took: began.elapsed() };
    let mark = transaction.query_opt(FIND, &[&id, &script.name]).await.map_err(failed)?;
    match mark.map(|row| row.get::<_, String>(0)) {
        Some(found) if found == hash => return Ok(done(How::FoundDone, None)),
        Some(_) => return Err(another_script(script)),
        None => {}
    }
    transaction.execute(MARK, &[&id, &script.name, &hash]).await.map_err(failed)?;
    let rows = run(&transaction, script).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    Ok(done(How::Did, Some(rows)))
}

/// A transaction that no other worker of the job has at the same time.
async fn begin(client: &mut Client, job: JobId) -> Result<Transaction<'_>, Error> {
    // What another worker commits while this one waits for it must be seen afterwards.
    let builder = client.build_transaction().isolation_level(IsolationLevel::ReadCommitted);
    let transaction = builder.read_only(false).start().await?;
    transaction.execute(LOCK, &[&job.to_string()]).await?;
    transaction.execute(NOTICE_LOSS, &[]).await?;
    transaction.batch_execute(MARKS).await?;
    Ok(transaction)
}

async fn run(transaction: &Transaction<'_>, script: &Script) -> Result<u64, Error> {
    let statement: String = transaction.query_one(WRAP, &[&script.sql]).await?.get(0);
    transaction.batch_execute(&statement).await?;
    let rows: i64 = transaction.query_one(ROWS, &[]).await?.get(0);
    Ok(u64::try_from(rows).unwrap_or_default())
}
