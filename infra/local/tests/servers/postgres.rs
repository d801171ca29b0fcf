//! The life of PostgreSQL clusters and their snapshots.

use crate::rig::*;
use aurora_restore_local::data_plane::{DataPlane, Work};

#[test]
fn rows_of_a_cluster_come_back_from_its_snapshot_and_both_go_their_own_ways() {
    if skipped() {
        return;
    }
    let mut rig = Rig::new();
    let source = rig.opened("cluster-source");
    let source = rig.client(&source);
    source.sql("CREATE TABLE t AS SELECT g AS id FROM generate_series(1, 1000) g");
    assert_eq!(rig.done(snapshot("cluster-source", "snapshot-1")), None);
    source.sql("DELETE FROM t WHERE id > 10");

    let closed = rig.done(restore("snapshot-1", "cluster-copy")).unwrap();
    assert!(!listens(&closed));
    let opened = rig.done(open("cluster-copy")).unwrap();
    assert_eq!(opened, closed);
    let copy = rig.client(&opened);
    assert_eq!(copy.sql("SELECT count(*), sum(id) FROM t"), "1000|500500");
    assert_eq!(source.sql("SELECT count(*) FROM t"), "10");
    copy.sql("INSERT INTO t VALUES (0)");

    // A snapshot outlives the cluster it was taken of.
    rig.done(Work::DropCluster { cluster: "cluster-source".into() });
    rig.plane.submit(restore("snapshot-1", "cluster-again"));
    let again = rig.done(open("cluster-again")).unwrap();
    assert_eq!(rig.client(&again).sql("SELECT count(*) FROM t"), "1000");
}

#[test]
fn a_snapshot_taken_while_rows_are_written_holds_whole_transactions_only() {
    if skipped() {
        return;
    }
    let mut rig = Rig::new();
    let source = rig.opened("cluster-busy");
    let client = rig.client(&source);
    client.sql("CREATE TABLE a (n int); CREATE TABLE b (n int); CREATE TABLE enough ()");
    // From before the snapshot until after it.
    let writing = client.write_pairs();
    while client.sql("SELECT EXISTS (SELECT FROM a)") == "f" && !writing.is_finished() {}
    rig.done(snapshot("cluster-busy", "snapshot-busy"));
    client.sql("INSERT INTO enough DEFAULT VALUES");
    writing.join().unwrap();
    rig.plane.submit(restore("snapshot-busy", "cluster-calm"));
    let calm = rig.done(open("cluster-calm")).unwrap();
    let count = |client: &Client, table: &str| -> u64 {
        client.sql(&format!("SELECT count(*) FROM {table}")).parse().unwrap()
    };
    let calm = rig.client(&calm);
    assert_eq!(count(&calm, "a"), count(&calm, "b"));
    assert!(count(&calm, "a") > 0);
    assert!(count(&calm, "a") < count(&client, "a"));
}

#[test]
fn a_cluster_takes_connections_only_while_it_is_open_and_only_with_tls_and_password() {
    if skipped() {
        return;
    }
    let mut rig = Rig::new();
    let endpoint = rig.done(create("cluster-a")).unwrap();
    assert_eq!(endpoint.address, "localhost");
    let client = rig.client(&endpoint);
    assert!(client.run("SELECT 1").unwrap_err().contains("refused"));

    assert_eq!(rig.done(open("cluster-a")), Some(endpoint.clone()));
    assert_eq!(client.sql("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"), "t");
    let by_number = client.with("host=127.0.0.1");
    assert_eq!(by_number.sql("SELECT current_user, current_database()"), "master|orders");
    let plain = client.with("sslmode=disable").run("SELECT 1").unwrap_err();
    assert!(plain.contains("no encryption"), "{plain}");
    let system = client.with("sslrootcert=/dev/null").run("SELECT 1").unwrap_err();
    assert!(system.contains("certificate"), "{system}");
    let internal = client.with("user=rdsadmin dbname=postgres").run("SELECT 1").unwrap_err();
    assert!(internal.contains("rdsadmin"), "{internal}");
    let wrong = client.password("wrong").run("SELECT 1").unwrap_err();
    assert!(wrong.contains("password authentication failed"), "{wrong}");
    client.sql("CREATE ROLE app LOGIN");
    assert!(client.run("COPY t FROM PROGRAM 'id'").is_err());

    rig.done(Work::Close { cluster: "cluster-a".into() });
    assert!(!listens(&endpoint));
    assert_eq!(rig.done(open("cluster-a")), Some(endpoint));
    assert_eq!(client.sql("SELECT 1"), "1");
}

#[test]
fn a_new_master_password_replaces_the_old_one() {
    if skipped() {
        return;
    }
    let mut rig = Rig::new();
    let endpoint = rig.opened("cluster-a");
    let client = rig.client(&endpoint);
    rig.done(snapshot("cluster-a", "snapshot-a"));
    let change = |user: &str| Work::SetPassword {
        cluster: "cluster-a".into(),
        user: user.into(),
        password: "'; DROP TABLE t; --".into(),
    };
    assert_eq!(rig.done(change("master")), Some(endpoint));
    assert_eq!(client.password("'; DROP TABLE t; --").sql("SELECT 1"), "1");
    assert!(client.run("SELECT 1").is_err());

    // A copy of the data from before has the password of before.
    let copy = rig.opened_after(restore("snapshot-a", "cluster-b"), "cluster-b");
    assert_eq!(copy.sql("SELECT 1"), "1");
    assert!(copy.password("'; DROP TABLE t; --").run("SELECT 1").is_err());

    let unknown = rig.failure(change("nobody"));
    assert!(unknown.starts_with("psql ended with exit status: 3"), "{unknown}");
    assert!(unknown.contains("role \"nobody\" does not exist"), "{unknown}");
    let log = std::fs::read_to_string(rig.data.join("clusters/cluster-a/log")).unwrap();
    assert!(!log.contains("DROP TABLE"), "{log}");
}

#[test]
fn what_is_dropped_leaves_no_file_and_no_process() {
    if skipped() {
        return;
    }
    let mut rig = Rig::new();
    let endpoint = rig.opened("cluster-a");
    assert!(!processes_in(&rig.data).is_empty());
    rig.done(snapshot("cluster-a", "snapshot-a"));
    rig.done(Work::DropCluster { cluster: "cluster-a".into() });
    rig.done(Work::DropSnapshot { snapshot: "snapshot-a".into() });
    assert!(!listens(&endpoint));
    assert_eq!(processes_in(&rig.data), Vec::<String>::new());
    assert!(!rig.data.join("clusters/cluster-a").exists());
    assert!(!rig.data.join("snapshots/snapshot-a").exists());

    // And what cannot be done says why, and leaves nothing either.
    let missing = rig.failure(restore("snapshot-a", "cluster-b"));
    assert!(missing.contains("snapshot-a"), "{missing}");
    assert!(!rig.data.join("clusters/cluster-b").exists());
    let unknown = rig.failure(open("cluster-b"));
    assert_eq!(unknown, "there is no cluster cluster-b");
    assert!(rig.failure(create("../x")).contains("name of a folder"));
    // The id is free again.
    rig.done(create("cluster-a"));

    rig.plane.shutdown().unwrap();
    assert_eq!(processes_in(&rig.data), Vec::<String>::new());
    assert!(!rig.data.exists());
    assert!(rig.failure(create("cluster-c")).contains("shut down"));
}
