//! Masking on PostgreSQL.

use crate::rig::{Rig, counts, script, skipped};
use aurora_restore_shared::failure::{FailureCode, FailureKind};
use aurora_restore_shared::job::How;
use aurora_restore_worker::database::{Databases, Engine};
use serde_json::json;

const MARKS: &str = "SELECT count(*) FROM aurora_restore.masked";

/// Adds to every row, then waits for what the test holds.
const SLOW: &str =
    "UPDATE customers SET runs = runs + 1; DO $$BEGIN PERFORM pg_advisory_xact_lock(4711); END$$";

const HOLD: &str = "SELECT pg_advisory_lock(4711)";

fn waiting(sessions: u32) -> (String, String) {
    let query = "SELECT count(*) FROM pg_stat_activity
        WHERE application_name = 'aurora-restore' AND wait_event_type = 'Lock'";
    (query.into(), sessions.to_string())
}

const SESSIONS: &str =
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'aurora-restore'";

#[tokio::test]
async fn scripts_run_once_or_not_at_all() {
    if skipped(Engine::Postgres) {
        return;
    }
    let rig = Rig::new(Engine::Postgres);
    let sql = "UPDATE customers SET runs = runs + 1; \
               UPDATE customers SET email = 'user' || id || '@example.com' WHERE id > 1";
    let first = rig.mask("emails", sql).await.unwrap();
    assert_eq!((first.how, first.rows), (How::Did, Some(2)));
    let again = rig.mask("emails", sql).await.unwrap();
    assert_eq!((again.how, again.rows), (How::FoundDone, None));
    assert_eq!(rig.runs().await, json!(3.0));

    // Another text under the same name is not what was asked for.
    let other = rig.mask("emails", "SELECT 1").await.unwrap_err();
    assert_eq!((other.kind, other.code), (FailureKind::Permanent, FailureCode::MaskFailed));
    // For another job it is a script of its own.
    let scripts = [script("emails", "UPDATE customers SET runs = runs + 1")];
    let job = aurora_restore_shared::ids::JobId::keyed("tests", "another");
    let masked = rig.databases.mask(&rig.login, job, &scripts).await.unwrap();
    assert_eq!(counts(&masked), (1, 0));
    assert_eq!(rig.runs().await, json!(6.0));

    // What fails leaves nothing, and does not show rows.
    let before = rig.ask(MARKS).await;
    for (sql, state) in [
        ("UPDATE customers SET runs = 100; SELECT runs / 0 FROM customers", "22012"),
        ("UPDATE customers SET runs = 100; UPDATE customers SET runs = email::int", "22P02"),
        ("UPDATE customers SET runs = 100; INSERT INTO customers VALUES (1, '', 0)", "23505"),
        ("UPDATE customers SET runs = 100; SELECT * FROM nowhere", "42P01"),
        ("UPDATE customers SET runs = 100; COMMIT; SELECT 1", "0A000"),
        ("UPDATE customers SET runs = 100; ROLLBACK", "0A000"),
        ("UPDATE customers SET runs = 100; BEGIN", "0A000"),
        ("UPDATE customers SET runs = 100; DO 'BEGIN COMMIT; END'", "2D000"),
        ("UPDATE customers SET runs = 100; PREPARE TRANSACTION 'x'", "0A000"),
    ] {
        let failed = rig.mask("bad", sql).await.unwrap_err();
        assert_eq!((failed.kind, failed.code), (FailureKind::Permanent, FailureCode::MaskFailed));
        assert!(failed.text.starts_with("masking script \"bad\": "), "{sql}: {failed}");
        assert!(failed.text.contains(&format!("SQLSTATE {state}")), "{sql}: {failed}");
        assert!(!failed.text.contains("real.example"), "{sql}: {failed}");
        assert!(!failed.text.contains("Key (id)"), "{sql}: {failed}");
    }
    assert_eq!(rig.runs().await, json!(6.0));
    assert_eq!(rig.ask(MARKS).await, before);
}

#[tokio::test]
async fn a_worker_that_dies_in_the_middle_leaves_nothing_and_two_at_once_run_it_once() {
    if skipped(Engine::Postgres) {
        return;
    }
    let rig = Rig::new(Engine::Postgres);
    let held = rig.holding(HOLD);
    let (query, one) = waiting(1);

    // The worker goes away.
    let dying = rig.masking("slow", SLOW);
    rig.until(&query, &one).await;
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());
    held.end();
    rig.until(SESSIONS, "0").await;
    assert_eq!(rig.runs().await, json!(0.0));

    // The server ends the session.
    let held = rig.holding(HOLD);
    let cut = rig.masking("slow", SLOW);
    rig.until(&query, &one).await;
    rig.admin(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'aurora-restore'",
    );
    let failed = cut.await.unwrap().unwrap_err();
    assert_eq!((failed.kind, failed.code), (FailureKind::Transient, FailureCode::ConnectFailed));
    assert_eq!(rig.runs().await, json!(0.0));

    // A zombie and its successor.
    let zombie = rig.masking("slow", SLOW);
    rig.until(&query, &one).await;
    let successor = rig.masking("slow", SLOW);
    let (query, two) = waiting(2);
    rig.until(&query, &two).await;
    held.end();
    let both = [zombie.await.unwrap().unwrap(), successor.await.unwrap().unwrap()].concat();
    assert_eq!(counts(&both), (1, 1));
    assert_eq!(rig.runs().await, json!(3.0));
}
