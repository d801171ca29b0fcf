//! The life of MariaDB clusters and their snapshots.

use crate::mariadb_rig::*;
use crate::rig::*;
use aurora_restore_local::data_plane::{DataPlane, Work};

#[test]
fn a_mysql_cluster_takes_connections_only_while_it_is_open_and_only_with_tls_and_password() {
    if skipped_mariadb() {
        return;
    }
    let mut rig = Rig::new();
    let endpoint = rig.done(create_mysql("a")).unwrap();
    assert_eq!(endpoint.address, "localhost");
    assert!(!listens(&endpoint));
    let client = rig.mysql(&endpoint);
    assert!(client.run("SELECT 1").unwrap_err().contains("Can't connect"));
    assert_eq!(rig.done(run_sql("a", "CREATE TABLE t (n INT)")), Some(endpoint.clone()));

    assert_eq!(rig.done(open("a")), Some(endpoint.clone()));
    assert_eq!(client.sql("SELECT CURRENT_USER(), DATABASE()"), "master@%\torders");
    assert!(client.sql("SHOW STATUS LIKE 'Ssl_version'").contains("TLSv1."));
    assert_eq!(client.with(&["--host=127.0.0.1"]).count("t"), 0);
    let plain = client.without_tls().run("SELECT 1").unwrap_err();
    // Newer servers say why.
    let refused = plain.contains("Access denied") || plain.contains("insecure transport");
    assert!(refused, "{plain}");
    let system = client.with(&["--ssl-ca=/dev/null"]).run("SELECT 1").unwrap_err();
    assert!(system.contains("certificate"), "{system}");
    let wrong = client.password("wrong").run("SELECT 1").unwrap_err();
    assert!(wrong.contains("Access denied for user 'master'"), "{wrong}");
    let internal = client.with(&["--user=rdsadmin"]).password("").run("SELECT 1").unwrap_err();
    assert!(internal.contains("Access denied for user 'rdsadmin'"), "{internal}");

    // The rights of the master user of Aurora, and no more.
    client.sql("CREATE USER app IDENTIFIED BY 'x'; GRANT SELECT ON orders.* TO app");
    assert!(client.run("SELECT 1 INTO OUTFILE '/tmp/x'").unwrap_err().contains("Access denied"));
    assert!(client.run("SHUTDOWN").unwrap_err().contains("Access denied"));
    assert!(client.run("SET GLOBAL max_connections = 1").unwrap_err().contains("Access denied"));

    rig.done(Work::Close { cluster: "a".into() });
    assert!(!listens(&endpoint));
    assert_eq!(rig.done(open("a")), Some(endpoint));
    assert_eq!(client.count("t"), 0);
}

#[test]
fn a_mysql_snapshot_taken_while_rows_are_written_holds_whole_transactions_only() {
    if skipped_mariadb() {
        return;
    }
    let mut rig = Rig::new();
    let source = rig.opened_mysql("busy");
    // From before the snapshot until after it.
    let writing = source.write_pairs();
    assert_eq!(rig.done(snapshot("busy", "s")), None);
    source.sql("INSERT INTO enough VALUES (1)");
    writing.join().unwrap();
    let calm = rig.mysql_after(restore("s", "calm"), "calm");
    assert_eq!(calm.count("a"), calm.count("b"));
    assert!(calm.count("a") > 0);
    assert!(calm.count("a") < source.count("a"));

    // Both go their own ways, and the snapshot outlives its cluster.
    calm.sql("DROP TABLE a");
    assert!(source.count("a") > 0);
    rig.done(drop_cluster("busy"));
    let copy = |from: &str, to: &str| Work::CopySnapshot { from: from.into(), to: to.into() };
    rig.done(copy("s", "t"));
    rig.done(Work::DropSnapshot { snapshot: "s".into() });
    let again = rig.mysql_after(restore("t", "again"), "again");
    assert_eq!(again.count("a"), calm.count("b"));
}

#[test]
fn a_new_password_of_a_mysql_master_replaces_the_old_one() {
    if skipped_mariadb() {
        return;
    }
    let mut rig = Rig::new();
    let client = rig.opened_mysql("a");
    rig.done(snapshot("a", "s"));
    let new = "'; DROP TABLE t; -- \\";
    let change = |user: &str| Work::SetPassword {
        cluster: "a".into(),
        user: user.into(),
        password: new.into(),
    };
    rig.done(change("master"));
    assert_eq!(client.password(new).sql("SELECT 1"), "1");
    assert!(client.run("SELECT 1").is_err());
    rig.done(run_sql("a", "CREATE TABLE t (n INT)"));
    assert_eq!(client.password(new).count("t"), 0);

    // A copy of the data from before has the password of before.
    let copy = rig.mysql_after(restore("s", "b"), "b");
    assert_eq!(copy.sql("SELECT 1"), "1");
    assert!(copy.password(new).run("SELECT 1").is_err());

    let unknown = rig.failure(change("nobody"));
    assert!(unknown.contains("ALTER USER failed for 'nobody'@'%'"), "{unknown}");
    let log = std::fs::read_to_string(rig.data.join("clusters/a/log")).unwrap();
    assert!(!log.contains("DROP TABLE"), "{log}");
}

#[test]
fn sql_of_the_plane_runs_with_the_rights_of_the_mysql_master_and_keeps_its_secrets() {
    if skipped_mariadb() {
        return;
    }
    let mut rig = Rig::new();
    rig.done(create_mysql("a"));
    rig.done(run_sql("a", "CREATE TABLE t (n INT); CREATE VIEW v AS SELECT CURRENT_USER() AS u"));
    let error = rig.failure(run_sql("a", "SELECT 1;\nSELECT * FROM nowhere;"));
    assert!(error.contains("line 2: Table 'orders.nowhere' doesn't exist"), "{error}");
    let up = rig.failure(run_sql("a", "SET GLOBAL max_connections = 1"));
    assert!(up.contains("Access denied"), "{up}");
    let error = rig.failure(run_sql("a", "CREATE USER app NO_SUCH_WORD 'open sesame'"));
    assert!(error.contains("error in your SQL syntax"), "{error}");
    let log = std::fs::read_to_string(rig.data.join("clusters/a/log")).unwrap();
    assert!(!error.contains("sesame") && !log.contains("sesame"), "{error}\n{log}");
    // What reads like a command of the client is none.
    assert!(rig.failure(run_sql("a", "\\! id")).contains("ERROR"));
    let filler = "x".repeat(1000);
    rig.done(run_sql("a", "ALTER TABLE t ADD x TEXT"));
    let rows = (0..3000).map(|n| format!("INSERT INTO t VALUES ({n}, '{filler}');\n"));
    rig.done(run_sql("a", &rows.collect::<String>()));

    let endpoint = rig.done(open("a")).unwrap();
    let client = rig.mysql(&endpoint);
    assert_eq!(client.sql("SELECT COUNT(*), SUM(n) FROM t"), "3000\t4498500");
    assert_eq!(client.sql("SELECT u FROM v"), "master@%");
    // Nothing is left of the password that the plane itself used.
    let lent = "SELECT COUNT(*) FROM mysql.global_priv WHERE Priv LIKE '%auth_or%'";
    assert_eq!(client.sql(lent), "0");
}

#[test]
fn what_is_dropped_of_mysql_leaves_no_file_and_no_process() {
    if skipped_mariadb() {
        return;
    }
    let mut rig = Rig::new();
    rig.plane.submit(create_mysql("a"));
    let endpoint = rig.done(open("a")).unwrap();
    rig.done(snapshot("a", "s"));
    assert!(!processes_in(&rig.data).is_empty());
    rig.done(drop_cluster("a"));
    rig.done(Work::DropSnapshot { snapshot: "s".into() });
    assert!(!listens(&endpoint));
    assert_eq!(processes_in(&rig.data), Vec::<String>::new());
    assert!(!rig.data.join("clusters/a").exists());
    assert!(!rig.data.join("snapshots/s").exists());

    // The id is free again, and what fails leaves nothing.
    rig.done(create_mysql("a"));
    std::fs::remove_dir_all(rig.data.join("templates/mysql/mysql")).unwrap();
    let broken = rig.failure(create_mysql("b"));
    assert!(broken.contains("privilege tables"), "{broken}");
    assert!(!rig.data.join("clusters/b").exists());
    rig.plane.shutdown().unwrap();
    assert_eq!(processes_in(&rig.data), Vec::<String>::new());
    assert!(!rig.data.exists());
}
