//! Moments of the past of MariaDB clusters, and copies of the present.

use crate::mariadb_rig::*;
use crate::rig::*;
use std::time::UNIX_EPOCH;

const ROWS: &str = "SELECT GROUP_CONCAT(n ORDER BY n) FROM t";

/// Commits a row, marks the moment, commits another.
fn marked(client: &MysqlClient, before: u32, after: u32) -> i64 {
    client.sql(&format!("INSERT INTO t VALUES ({before})"));
    let moment = client.moment();
    client.sql(&format!("INSERT INTO t VALUES ({after})"));
    moment
}

#[test]
fn a_moment_of_mysql_has_the_rows_committed_before_it_and_none_of_later() {
    if skipped_mariadb() {
        return;
    }
    let mut rig = Rig::new();
    let source = rig.opened_mysql("source");
    source.sql("CREATE TABLE t (n INT)");
    let first = marked(&source, 1, 2);
    let second = marked(&source, 3, 4);

    let at_first = restore_to("source", "at-first", Some(first));
    assert_eq!(rig.mysql_after(at_first, "at-first").sql(ROWS), "1");
    // As of the second that has begun.
    let at_second = restore_to("source", "at-second", Some(second + 999));
    assert_eq!(rig.mysql_after(at_second, "at-second").sql(ROWS), "1,2,3");
    source.sql("START TRANSACTION; INSERT INTO t VALUES (5); ROLLBACK");
    let now = rig.mysql_after(restore_to("source", "now", None), "now");
    assert_eq!(now.sql(ROWS), "1,2,3,4");
    now.sql("INSERT INTO t VALUES (6)");
    assert_eq!(source.sql(ROWS), "1,2,3,4");
}

#[test]
fn whatever_a_mysql_cluster_was_made_of_it_has_moments_of_its_own() {
    if skipped_mariadb() {
        return;
    }
    let mut rig = Rig::new();
    let source = rig.opened_mysql("source");
    source.sql("CREATE TABLE t (n INT)");
    let moment = marked(&source, 1, 2);
    let from = |source: &str, cluster: &str, ms| restore_to(source, cluster, Some(ms));

    // Of a restored one, whose source is gone.
    let past = rig.mysql_after(from("source", "past", moment), "past");
    rig.done(drop_cluster("source"));
    let moment = marked(&past, 10, 11);
    let past = rig.mysql_after(from("past", "past-of-past", moment), "past-of-past");
    assert_eq!(past.sql(ROWS), "1,10");

    // Of one from a snapshot of that, which is gone too.
    rig.done(snapshot("past-of-past", "snapshot"));
    let copy = rig.mysql_after(restore("snapshot", "copy"), "copy");
    rig.done(drop_snapshot("snapshot"));
    let moment = marked(&copy, 20, 21);
    let past = rig.mysql_after(from("copy", "past-of-copy", moment), "past-of-copy");
    assert_eq!(past.sql(ROWS), "1,10,20");

    // Of a clone.
    let twin = rig.mysql_after(clone("past-of-copy", "twin"), "twin");
    let moment = marked(&twin, 30, 31);
    let past = rig.mysql_after(from("twin", "past-of-twin", moment), "past-of-twin");
    assert_eq!(past.sql(ROWS), "1,10,20,30");
}

#[test]
fn before_its_data_and_after_now_a_mysql_cluster_has_no_moments() {
    if skipped_mariadb() {
        return;
    }
    let mut rig = Rig::new();
    let source = rig.opened_mysql("source");
    source.sql("CREATE TABLE t (n INT)");
    let far = source.moment() + 3_600_000;
    let late = rig.failure(restore_to("source", "late", Some(far)));
    assert!(late.contains("still to come"), "{late}");
    let early = rig.failure(restore_to("source", "early", Some(far - 7_200_000)));
    assert!(early.contains("before there was any data of it"), "{early}");
    assert!(!rig.data.join("clusters/early").exists());

    // Written while the cluster was being made: it has its master user already.
    let written = rig.data.join("clusters/source/base-log").metadata().unwrap();
    let made = written.modified().unwrap().duration_since(UNIX_EPOCH).unwrap();
    let made = i64::try_from(made.as_millis()).unwrap();
    let new = rig.mysql_after(restore_to("source", "new", Some(made)), "new");
    assert_eq!(new.sql("SHOW TABLES"), "");
}

#[test]
fn a_clone_of_a_mysql_cluster_in_use_has_whole_transactions_only() {
    if skipped_mariadb() {
        return;
    }
    let mut rig = Rig::new();
    let source = rig.opened_mysql("source");
    let writing = source.write_pairs();
    let twin = rig.mysql_after(clone("source", "twin"), "twin");
    let past = rig.mysql_after(restore_to("source", "past", None), "past");
    source.sql("INSERT INTO enough VALUES (1)");
    writing.join().unwrap();
    for copy in [&twin, &past] {
        assert_eq!(copy.count("a LEFT JOIN b USING (n) WHERE b.n IS NULL"), 0);
        assert_eq!(copy.count("a"), copy.count("b"));
        assert!(copy.count("a") > 0);
    }
    assert!(twin.count("a") <= past.count("a"));
    assert!(past.count("a") < source.count("a"));
}
