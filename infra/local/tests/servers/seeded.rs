//! Seeded clusters hold the rows that their seed file says, and so do restores of their snapshots.

use super::rig::{Client, Rig, TURN, TURNS, skipped};
use aurora_restore_local::data_plane::Endpoint;
use aurora_restore_local::faults::Fate;
use aurora_restore_local::rds::model::Status;
use aurora_restore_local::seed::SeedFile;
use aurora_restore_local::settings::WorldSettings;
use aurora_restore_local::wire::WireRequest;
use aurora_restore_local::world::{Handled, World};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

const NOW_MS: i64 = 1_800_000_000_000;
/// So much later everything is over that takes no work on data.
const LATER_MS: i64 = NOW_MS + 3_600_000;

fn seed(sql: &str) -> Value {
    json!({
        "version": 1,
        "clusters": [{
            "account": "111111111111", "region": "us-east-1", "name": "orders",
            "engine": "aurora-postgresql", "database": "orders", "master_username": "master",
            "instances": [{ "class": "db.r6g.large" }],
            "data": [
                { "sql": "CREATE TABLE t (n int); INSERT INTO t VALUES (1), (2);" },
                { "sql": sql },
            ],
        }],
        "snapshots": [
            { "account": "111111111111", "region": "us-east-1", "name": "snap", "of": "orders" },
            { "account": "111111111111", "region": "us-east-1", "name": "alone",
              "engine": "aurora-postgresql" },
        ],
    })
}

fn seeded(rig: &Rig, file: &Value) -> World {
    let mut world = World::new(WorldSettings::default(), Box::new(rig.plane.clone()));
    world.seed(&SeedFile::read(file).unwrap(), NOW_MS).unwrap();
    world
}

/// Waits until nothing is on its way any more.
fn settle(world: &mut World) {
    for _ in 0..TURNS {
        world.rds.advance(LATER_MS);
        if world.rds.next_due_ms(LATER_MS).is_none() {
            return;
        }
        std::thread::park_timeout(TURN);
    }
    panic!("{}", world.rds.summary());
}

fn call(world: &mut World, body: &str) {
    let scope = "Credential=111111111111/20270115/us-east-1/rds/aws4_request".to_owned();
    let headers = [("authorization".to_owned(), scope)].into();
    let request = WireRequest { headers, body: body.to_owned().into(), ..WireRequest::default() };
    let call = world.identify(&request, NOW_MS).unwrap();
    let Handled::Response(response) =
        world.handle(&call, "tests", &request, &Fate::default(), NOW_MS)
    else {
        panic!("it waits")
    };
    assert_eq!(response.status, 200, "{response:?}");
}

fn client(rig: &Rig, world: &World, cluster: &str) -> Client {
    let (_, cluster) = world.rds.clusters().find(|(_, c)| c.identifier == cluster).unwrap();
    let endpoint: &Endpoint = cluster.endpoint.as_ref().unwrap();
    rig.client(endpoint).password("correct-horse")
}

#[test]
fn seeded_rows_are_there_and_in_a_restore_of_a_seeded_snapshot() {
    if skipped() {
        return;
    }
    let rig = Rig::new();
    let mut world = seeded(&rig, &seed("INSERT INTO t SELECT 3"));
    settle(&mut world);
    assert!(world.rds.snapshots().all(|(_, s)| s.status == Status::Available));
    let orders = client(&rig, &world, "orders");
    assert_eq!(orders.sql("SELECT sum(n) FROM t"), "6");
    orders.sql("DELETE FROM t");

    for (cluster, snapshot) in [("restored", "snap"), ("empty", "alone")] {
        let restore = "Action=RestoreDBClusterFromSnapshot&Engine=aurora-postgresql";
        let names = format!("&DBClusterIdentifier={cluster}&SnapshotIdentifier={snapshot}");
        call(&mut world, &format!("{restore}{names}"));
    }
    settle(&mut world);
    let instance = "Action=CreateDBInstance&DBInstanceIdentifier=restored-1&Engine=\
        aurora-postgresql&DBInstanceClass=db.r6g.large&DBClusterIdentifier=restored";
    call(&mut world, instance);
    settle(&mut world);
    assert!(world.rds.clusters().all(|(_, c)| c.status == Status::Available));
    assert_eq!(client(&rig, &world, "restored").sql("SELECT sum(n) FROM t"), "6");
}

#[test]
fn a_cluster_whose_sql_fails_is_failed_whichever_it_was() {
    if skipped() {
        return;
    }
    let rig = Rig::new();
    let mut file = seed("INSERT INTO no_such_table SELECT 3");
    file["clusters"][0]["data"].as_array_mut().unwrap().push(json!({ "sql": "SELECT 1" }));
    file["snapshots"] = json!([]);
    let mut world = seeded(&rig, &file);
    settle(&mut world);
    let (_, cluster) = world.rds.clusters().next().unwrap();
    assert_eq!(cluster.status, Status::Failed);
}

#[test]
fn the_verb_waits_until_the_databases_are_there() {
    if skipped() {
        return;
    }
    let rig = Rig::new();
    let path = |name: &str| rig.parent.path().join(name).display().to_string();
    let (data, about, file) = (path("verb"), path("about.json"), path("seed.json"));
    std::fs::write(&file, seed("INSERT INTO t SELECT 3").to_string()).unwrap();
    let program = env!("CARGO_BIN_EXE_aurora-restore-local");
    let mut serve = Command::new(program);
    serve.args(["serve", "--listen", "127.0.0.1:0", "--data-dir", &data, "--port-file", &about]);
    let mut cloud = serve.stdout(Stdio::piped()).spawn().unwrap();
    let mut ready = String::new();
    BufReader::new(cloud.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let about: Value = serde_json::from_slice(&std::fs::read(&about).unwrap()).unwrap();
    let endpoint = about["endpoint"].as_str().unwrap();
    let seeded = Command::new(program).args(["seed", &file, "--endpoint", endpoint]).output();
    let status =
        Command::new(program).args(["status", "--endpoint", endpoint, "--output", "json"]).output();
    assert!(Command::new(program).args(["down", "--data-dir", &data]).status().unwrap().success());
    assert!(cloud.wait().unwrap().success());
    let seeded = seeded.unwrap();
    assert!(seeded.status.success(), "{}", String::from_utf8_lossy(&seeded.stderr));
    let status = String::from_utf8(status.unwrap().stdout).unwrap();
    assert!(status.contains("available") && !status.contains("creating"), "{status}");
}
