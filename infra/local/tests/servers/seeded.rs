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
