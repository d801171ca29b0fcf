//! Moments of the past of PostgreSQL clusters, and copies of the present.

use crate::rig::*;
use aurora_restore_local::data_plane::Work;
use std::time::UNIX_EPOCH;

const ROWS: &str = "SELECT string_agg(n::text, ',' ORDER BY n) FROM t";

/// Commits a row, marks the moment, commits another.
fn marked(client: &Client, before: u32, after: u32) -> i64 {
    client.sql(&format!("INSERT INTO t VALUES ({before})"));
    let moment = client.moment();
    client.sql(&format!("INSERT INTO t VALUES ({after})"));
    moment
}

#[test]
fn a_moment_has_the_rows_committed_before_it_and_none_of_later() {
    if skipped() {
        return;
    }
    let mut rig = Rig::new();
    let source = rig.opened("source");
    let source = rig.client(&source);
    source.sql("CREATE TABLE t (n int)");
    let first = marked(&source, 1, 2);
    let second = marked(&source, 3, 4);

    let at_first = restore_to("source", "at-first", Some(first));
    assert_eq!(rig.opened_after(at_first, "at-first").sql(ROWS), "1");
    let at_second = restore_to("source", "at-second", Some(second));
    assert_eq!(rig.opened_after(at_second, "at-second").sql(ROWS), "1,2,3");
    let now = rig.opened_after(restore_to("source", "now", None), "now");
    assert_eq!(now.sql(ROWS), "1,2,3,4");
    // A transaction that is not committed is not there.
    source.sql("BEGIN; INSERT INTO t VALUES (5); ROLLBACK");
    let again = rig.opened_after(restore_to("source", "again", None), "again");
    assert_eq!(again.sql(ROWS), "1,2,3,4");
    again.sql("INSERT INTO t VALUES (6)");
    assert_eq!(source.sql(ROWS), "1,2,3,4");
}

#[test]
fn whatever_a_cluster_was_made_of_it_has_moments_of_its_own() {
    if skipped() {
        return;
    }
    let mut rig = Rig::new();
    let source = rig.opened("source");
    let source = rig.client(&source);
    source.sql("CREATE TABLE t (n int)");
    let moment = marked(&source, 1, 2);
    let from = |source: &str, cluster: &str, ms| restore_to(source, cluster, Some(ms));

    // Of a restored one, whose source is gone.
    let past = rig.opened_after(from("source", "past", moment), "past");
    rig.done(drop_cluster("source"));
    let moment = marked(&past, 10, 11);
    let past = rig.opened_after(from("past", "past-of-past", moment), "past-of-past");
    assert_eq!(past.sql(ROWS), "1,10");

    // Of one from a snapshot of that.
    rig.done(snapshot("past-of-past", "snapshot"));
    let copy = rig.opened_after(restore("snapshot", "copy"), "copy");
    let moment = marked(&copy, 20, 21);
    let past = rig.opened_after(from("copy", "past-of-copy", moment), "past-of-copy");
    assert_eq!(past.sql(ROWS), "1,10,20");

    // Of a clone.
    let twin = rig.opened_after(clone("past-of-copy", "twin"), "twin");
    let moment = marked(&twin, 30, 31);
    let past = rig.opened_after(from("twin", "past-of-twin", moment), "past-of-twin");
    assert_eq!(past.sql(ROWS), "1,10,20,30");
}

#[test]
fn before_its_data_and_after_now_a_cluster_has_no_moments() {
    if skipped() {
        return;
    }
    let mut rig = Rig::new();
    let source = rig.opened("source");
    let client = rig.client(&source);
    client.sql("CREATE TABLE t (n int)");
    let far = client.moment() + 3_600_000;
    let late = rig.failure(restore_to("source", "late", Some(far)));
    assert!(late.contains("still to come"), "{late}");
    let early = rig.failure(restore_to("source", "early", Some(far - 7_200_000)));
    assert!(early.contains("before there was any data of it"), "{early}");
    assert!(!rig.data.join("clusters/early").exists());
    assert!(rig.failure(restore_to("nowhere", "x", None)).contains("no cluster nowhere"));

    // Written while the cluster was being made.
    let base = rig.data.join("clusters/source/base/backup_manifest").metadata().unwrap();
    let made = base.modified().unwrap().duration_since(UNIX_EPOCH).unwrap();
    let made = i64::try_from(made.as_millis()).unwrap();
    let new = rig.opened_after(restore_to("source", "new", Some(made)), "new");
    assert_eq!(new.sql("SELECT to_regclass('t') IS NULL"), "t");
}

#[test]
fn a_clone_of_a_cluster_in_use_has_whole_transactions_only() {
    if skipped() {
        return;
    }
    let mut rig = Rig::new();
    let source = rig.opened("source");
    let client = rig.client(&source);
    client.sql("CREATE TABLE a (n int); CREATE TABLE b (n int); CREATE TABLE enough ()");
    let writing = client.write_pairs();
    while client.sql("SELECT EXISTS (SELECT FROM a)") == "f" && !writing.is_finished() {}
    let twin = rig.opened_after(clone("source", "twin"), "twin");
    let past = rig.opened_after(restore_to("source", "past", None), "past");
    client.sql("INSERT INTO enough DEFAULT VALUES");
    writing.join().unwrap();
    let odd = "SELECT count(*) FROM a FULL JOIN b USING (n) WHERE a.n IS NULL OR b.n IS NULL";
    let count = |client: &Client| -> u64 { client.sql("SELECT count(*) FROM a").parse().unwrap() };
    for copy in [&twin, &past] {
        assert_eq!(copy.sql(odd), "0");
        assert!(count(copy) > 0);
    }
    assert!(count(&twin) <= count(&past));
    assert!(count(&past) < count(&client));
}

#[test]
fn a_copy_of_a_snapshot_outlives_it() {
    if skipped() {
        return;
    }
    let mut rig = Rig::new();
    let source = rig.opened("source");
    rig.client(&source).sql("CREATE TABLE t AS SELECT 7 AS n");
    rig.done(snapshot("source", "snapshot"));
    let copy = |from: &str, to: &str| Work::CopySnapshot { from: from.into(), to: to.into() };
    assert_eq!(rig.done(copy("snapshot", "copy")), None);
    assert!(rig.failure(copy("snapshot", "copy")).contains("there is a snapshot copy already"));
    assert!(rig.failure(copy("nothing", "other")).contains("no snapshot nothing"));
    rig.done(drop_cluster("source"));
    rig.done(Work::DropSnapshot { snapshot: "snapshot".into() });
    assert!(rig.failure(restore("snapshot", "x")).contains("no snapshot snapshot"));
    let restored = rig.opened_after(restore("copy", "restored"), "restored");
    assert_eq!(restored.sql(ROWS), "7");
}
