//! SQL run by the plane in PostgreSQL, and many clusters of both engines at once.

use crate::mariadb_rig::*;
use crate::rig::*;
use aurora_restore_local::data_plane::DataPlane;
use std::collections::BTreeSet;

#[test]
fn what_sql_of_the_plane_makes_belongs_to_the_master_user() {
    if skipped() {
        return;
    }
    let mut rig = Rig::new();
    let endpoint = rig.opened("a");
    let client = rig.client(&endpoint);
    assert_eq!(rig.done(run_sql("a", "CREATE TABLE t (n int, x text)")), Some(endpoint));
    let owner = "SELECT tableowner FROM pg_tables WHERE tablename = 't'";
    assert_eq!(client.sql(owner), "master");
    // No way up from there.
    let up = rig.failure(run_sql("a", "RESET SESSION AUTHORIZATION; SET ROLE rdsadmin"));
    assert!(up.contains("permission denied to set role \"rdsadmin\""), "{up}");

    // Megabytes, and a server that talks back meanwhile.
    let filler = "x".repeat(1000);
    let rows = (0..5000).map(|n| {
        format!("DROP TABLE IF EXISTS nothing; INSERT INTO t VALUES ({n}, '{filler}');\n")
    });
    rig.done(run_sql("a", &rows.collect::<String>()));
    assert_eq!(client.sql("SELECT count(*), sum(n) FROM t"), "5000|12497500");
}

#[test]
fn sql_that_fails_says_what_the_server_said_and_keeps_its_secrets() {
    if skipped() {
        return;
    }
    let mut rig = Rig::new();
    rig.opened("a");
    let error = rig.failure(run_sql("a", "SELECT 1;\nSELECT * FROM nowhere;"));
    assert!(error.contains("relation \"nowhere\" does not exist"), "{error}");
    assert!(error.contains("<stdin>:2"), "{error}");
    let error = rig.failure(run_sql("a", "CREATE ROLE app PASSWORD 'open sesame' NO_SUCH_WORD;"));
    assert!(error.contains("unrecognized role option \"no_such_word\""), "{error}");
    let log = std::fs::read_to_string(rig.data.join("clusters/a/log")).unwrap();
    assert!(log.contains("no_such_word"), "{log}");
    assert!(!error.contains("sesame") && !log.contains("sesame"), "{error}\n{log}");
    assert!(rig.failure(run_sql("b", "SELECT 1")).contains("there is no cluster b"));
}

#[test]
fn ten_clusters_of_both_engines_are_made_filled_and_opened_at_once() {
    if skipped() {
        return;
    }
    let mut rig = Rig::new();
    let mysql = if skipped_mariadb() { "none" } else { "mysql" };
    let name = |n| format!("{}-{n}", if n % 3 == 2 { "mysql" } else { "cluster" });
    let names: Vec<String> = (0..10).map(name).collect();
    let mut tickets = Vec::new();
    for name in &names {
        let made = if name.starts_with(mysql) { create_mysql(name) } else { create(name) };
        tickets.push(rig.plane.submit(made));
        let sql = format!("CREATE TABLE t AS SELECT '{name}' AS x");
        tickets.push(rig.plane.submit(run_sql(name, &sql)));
        tickets.push(rig.plane.submit(open(name)));
    }
    rig.all_done(&tickets);
    let endpoints: Vec<_> = names.iter().map(|name| rig.done(open(name)).unwrap()).collect();
    for (name, endpoint) in names.iter().zip(&endpoints) {
        let x = "SELECT x FROM t";
        let found = if name.starts_with(mysql) {
            rig.mysql(endpoint).sql(x)
        } else {
            rig.client(endpoint).sql(x)
        };
        assert_eq!(found, *name);
    }
    assert_eq!(endpoints.iter().map(|e| e.port).collect::<BTreeSet<_>>().len(), 10);
    let drops: Vec<_> = names.iter().map(|name| rig.plane.submit(drop_cluster(name))).collect();
    rig.all_done(&drops);
    assert_eq!(processes_in(&rig.data), Vec::<String>::new());
    assert_eq!(std::fs::read_dir(rig.data.join("clusters")).unwrap().count(), 0);
}
