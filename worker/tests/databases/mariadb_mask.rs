//! Masking on MariaDB, in the place of MySQL.

use crate::rig::{Rig, counts, skipped};
use aurora_restore_shared::failure::{FailureCode, FailureKind};
use aurora_restore_shared::job::How;
use aurora_restore_worker::database::Engine;
use serde_json::json;

const MARKS: &str = "SELECT COUNT(*) FROM aurora_restore.masked";

/// Adds to every row, then waits for what the test holds.
const SLOW: &str = "UPDATE customers SET runs = runs + 1; DO GET_LOCK('held', 600)";

const HOLD: &str = "SELECT GET_LOCK('held', 0)";

const WAITING: &str = "SELECT COUNT(*) FROM information_schema.processlist
    WHERE user = 'master' AND state = 'User lock'";

const SESSIONS: &str = "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'master'";

#[tokio::test]
async fn scripts_of_rows_run_once_or_not_at_all() {
    if skipped(Engine::Mysql) {
        return;
    }
    let rig = Rig::new(Engine::Mysql);
    let sql = "UPDATE customers SET runs = runs + 1; SELECT * FROM customers; -- ; COMMIT\n\
               UPDATE customers SET email = CONCAT('user', id, '@example.com') WHERE id > 1;";
    let first = rig.mask("emails", sql).await.unwrap();
    assert_eq!((first.how, first.rows), (How::Did, Some(5)));
    let again = rig.mask("emails", sql).await.unwrap();
    assert_eq!((again.how, again.rows), (How::FoundDone, None));
    let other = rig.mask("emails", "SELECT 1").await.unwrap_err();
    assert_eq!((other.kind, other.code), (FailureKind::Permanent, FailureCode::MaskFailed));

    let before = rig.ask(MARKS).await;
    for (sql, said) in [
        ("UPDATE customers SET runs = 100; INSERT INTO customers VALUES (1, '', 0)", "error 1062"),
        ("UPDATE customers SET runs = 100; UPDATE customers SET runs = email", "SQLSTATE 22007"),
        ("UPDATE customers SET runs = 100; SELECT * FROM nowhere", "error 1146"),
        ("UPDATE customers SET runs = 100; NONSENSE", "error 1064"),
        ("UPDATE customers SET runs = 100; COMMIT; SELECT 1", "COMMIT is not for a script"),
        ("UPDATE customers SET runs = 100; rollback", "ROLLBACK is not for a script"),
    ] {
        let failed = rig.mask("bad", sql).await.unwrap_err();
        assert_eq!((failed.kind, failed.code), (FailureKind::Permanent, FailureCode::MaskFailed));
        assert!(failed.text.starts_with("masking script \"bad\": "), "{sql}: {failed}");
        assert!(failed.text.contains(said), "{sql}: {failed}");
        assert!(!failed.text.contains("real.example"), "{sql}: {failed}");
    }
    rig.until(SESSIONS, "0").await;
    assert_eq!(rig.runs().await, json!(3.0));
    assert_eq!(rig.ask(MARKS).await, before);
}

#[tokio::test]
async fn a_script_that_changes_the_schema_is_done_or_known_to_be_half_done() {
    if skipped(Engine::Mysql) {
        return;
    }
    let rig = Rig::new(Engine::Mysql);
    let whole = "UPDATE customers SET runs = runs + 1; ALTER TABLE customers ADD phone INT; \
                 UPDATE customers SET runs = runs + 1";
    assert_eq!(rig.mask("whole", whole).await.unwrap().how, How::Did);
    assert_eq!(rig.mask("whole", whole).await.unwrap().how, How::FoundDone);
    assert_eq!(rig.runs().await, json!(6.0));

    let half = "UPDATE customers SET runs = runs + 1; ALTER TABLE customers DROP phone; \
                SELECT * FROM nowhere";
    let failed = rig.mask("half", half).await.unwrap_err();
    assert_eq!((failed.kind, failed.code), (FailureKind::Permanent, FailureCode::MaskFailed));
    for _ in 0..2 {
        let stopped = rig.mask("half", half).await.unwrap_err();
        let want = (FailureKind::Permanent, FailureCode::MaskInterrupted);
        assert_eq!((stopped.kind, stopped.code), want);
    }
    assert_eq!(rig.runs().await, json!(9.0));

    // A person has mended it.
    rig.admin("UPDATE aurora_restore.masked SET state = 'done' WHERE script = 'half'");
    assert_eq!(rig.mask("half", half).await.unwrap().how, How::FoundDone);

    // The text of a script does not show all that it does.
    rig.admin("CREATE PROCEDURE take_back() SQL SECURITY INVOKER ROLLBACK");
    let hidden =
        "UPDATE customers SET runs = runs + 1; CALL take_back(); UPDATE customers SET runs = 50";
    let undone = rig.mask("hidden", hidden).await.unwrap_err();
    assert!(undone.code == FailureCode::MaskFailed && undone.text.contains("rolled back"));
    let stopped = rig.mask("hidden", hidden).await.unwrap_err();
    assert_eq!(stopped.code, FailureCode::MaskInterrupted);
}

#[tokio::test]
async fn a_worker_that_dies_in_the_middle_leaves_nothing_and_two_at_once_run_it_once() {
    if skipped(Engine::Mysql) {
        return;
    }
    let rig = Rig::new(Engine::Mysql);
    let held = rig.holding(HOLD);

    // The worker goes away.
    let dying = rig.masking("slow", SLOW);
    rig.until(WAITING, "1").await;
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());
    held.end();
    rig.until(SESSIONS, "0").await;
    assert_eq!(rig.runs().await, json!(0.0));

    // The server ends the session.
    let held = rig.holding(HOLD);
    let cut = rig.masking("slow", SLOW);
    rig.until(WAITING, "1").await;
    rig.admin("KILL USER master");
    let failed = cut.await.unwrap().unwrap_err();
    assert_eq!((failed.kind, failed.code), (FailureKind::Transient, FailureCode::ConnectFailed));
    rig.until(SESSIONS, "0").await;
    assert_eq!(rig.runs().await, json!(0.0));

    // A zombie and its successor.
    let zombie = rig.masking("slow", SLOW);
    rig.until(WAITING, "1").await;
    let successor = rig.masking("slow", SLOW);
    rig.until(WAITING, "2").await;
    held.end();
    let both = [zombie.await.unwrap().unwrap(), successor.await.unwrap().unwrap()].concat();
    assert_eq!(counts(&both), (1, 1));
    assert_eq!(rig.runs().await, json!(3.0));
}
