//! Facts about seed files: what is refused, by which path, and that nothing is stored then.

use super::{SeedFault, SeedFile, schema};
use crate::data_plane::NoData;
use crate::settings::WorldSettings;
use crate::world::World;
use serde_json::{Value, json};

const NOW_MS: i64 = 1_800_000_000_000;

fn world() -> World {
    World::new(WorldSettings::default(), Box::new(NoData))
}

fn try_in(world: &mut World, seed: &Value) -> Result<super::Report, Vec<SeedFault>> {
    SeedFile::read(seed).and_then(|file| world.seed(&file, NOW_MS))
}

/// The paths of all faults.
fn faults(seed: &Value) -> Vec<String> {
    let faults = try_in(&mut world(), seed).unwrap_err();
    assert!(faults.iter().all(|f| !f.problem.is_empty() && !f.fix.is_empty()), "{faults:?}");
    faults.into_iter().map(|fault| fault.path).collect()
}

/// A value at a home, with more members.
fn here(more: Value) -> Value {
    let mut value = json!({ "account": "111111111111", "region": "us-east-1" });
    let (Value::Object(members), Value::Object(more)) = (&mut value, more) else { panic!() };
    members.extend(more);
    value
}

fn cluster(more: Value) -> Value {
    let mut value = here(json!({ "name": "orders", "engine": "aurora-postgresql" }));
    let (Value::Object(members), Value::Object(more)) = (&mut value, more) else { panic!() };
    members.extend(more);
    value
}

fn file(list: &str, elements: Vec<Value>) -> Value {
    json!({ "version": 1, list: elements })
}

#[test]
fn the_smallest_file_makes_nothing() {
    let report = try_in(&mut world(), &json!({ "version": 1 })).unwrap();
    assert_eq!(report, super::Report::default());
}

#[test]
fn all_faults_of_the_shape_are_told_at_once() {
    let bad = json!({
        "version": "1",
        "rolls": [],
        "keys": { "account": "1" },
        "quotas": [{ "clusters": -1 }, { "clusters": 1.5 }],
        "clusters": [
            cluster(json!({ "size_gib": 0, "encryption": "sse-kms", "tags": { "a": 1 } })),
            cluster(json!({ "encryption": { "kay": "x" }, "instances": [{ "clas": "x" }] })),
            here(json!({ "deletion_protection": "yes", "serverless": { "min_capacity": "0" } })),
            7,
        ],
        "snapshots": [here(json!({ "kind": "public-ish", "shared_with": [1] }))],
    });
    let found = faults(&bad);
    for path in [
        "version",
        "rolls",
        "keys",
        "quotas[0].clusters",
        "quotas[1].clusters",
        "clusters[0].size_gib",
        "clusters[0].encryption",
        "clusters[0].tags.a",
        "clusters[1].encryption.kay",
        "clusters[1].encryption.key",
        "clusters[1].instances[0].clas",
        "clusters[1].instances[0].class",
        "clusters[2].deletion_protection",
        "clusters[2].serverless.min_capacity",
        "clusters[2].serverless.max_capacity",
        "clusters[2].name",
        "clusters[2].engine",
        "clusters[3]",
        "snapshots[0].kind",
        "snapshots[0].shared_with[0]",
    ] {
        assert!(found.iter().any(|f| f == path), "{path} is missing in {found:?}");
    }
    assert_eq!(found.len(), 20, "{found:?}");
    assert_eq!(faults(&json!([])), [""]);
}

#[test]
fn an_unknown_field_is_told_with_the_nearest_known_one() {
    let faults = SeedFile::read(&json!({ "version": 1, "cluster": [] })).unwrap_err();
    assert_eq!(
        faults[0].to_string(),
        "cluster: there is no such field; did you mean \"clusters\"?"
    );
}

/// Holds of each element of a list which of its fields are wrong.
fn wrong(list: &str, cases: Vec<(Value, &[&str])>) {
    for (element, fields) in cases {
        let expected: Vec<_> = fields.iter().map(|f| format!("{list}[0].{f}")).collect();
        let seed = file(list, vec![element]);
        assert_eq!(faults(&seed), expected, "{seed}");
    }
}

#[test]
fn what_is_wrong_with_keys_roles_and_limits_is_told_with_its_path() {
    wrong(
        "access_keys",
        vec![
            (json!({ "id": "", "account": "1" }), &["account", "id"]),
            (json!({ "id": "111111111111", "account": "111111111111" }), &["id"]),
        ],
    );
    let arn = "arn:aws:iam::111111111111:role/r";
    wrong(
        "roles",
        vec![
            (
                json!({ "arn": "x", "trust": [{ "principal": "me" }] }),
                &["trust[0].principal", "arn"],
            ),
            (json!({ "arn": arn, "max_session_s": 1, "trust": [] }), &["max_session_s"]),
        ],
    );
    let key = here(json!({ "id": "a/b", "alias": "alias/aws/rds", "users": ["1"] }));
    wrong("keys", vec![(key, &["users[0]", "id", "alias"])]);
    wrong(
        "quotas",
        vec![
            (json!({ "account": "111111111111" }), &["region"]),
            (json!({ "region": "us-east-1" }), &["account"]),
            (json!({ "account": "1", "region": "mars" }), &["account", "region"]),
        ],
    );
    let limit = json!({ "action": "CreateDBClusters", "per_second": 1, "burst": 1 });
    wrong("rate_limits", vec![(limit, &["action"])]);
    wrong("secrets", vec![(here(json!({ "name": "a b", "value": "x" })), &["name"])]);
}

#[test]
fn what_is_wrong_with_clusters_and_groups_is_told_with_its_path() {
    let group = here(json!({ "name": "default", "subnets": ["subnet-1"] }));
    wrong("subnet_groups", vec![(group, &["name", "subnets"])]);
    let group = here(json!({ "name": "p", "family": "mysql" }));
    wrong("parameter_groups", vec![(group, &["family"])]);
    let names = cluster(json!({
        "account": "1", "region": "x", "name": "9", "version": "1.1",
        "encryption": { "key": "none" }, "master_username": "admin", "master_password": "short",
        "database": "1", "data": [{}, { "sql": "", "file": "f" }, { "file": "f" }],
    }));
    let settings = cluster(json!({
        "port": 1, "storage_type": "gp3", "backup_retention_days": 99, "security_groups": ["x"],
        "tags": { "aws:x": "y" }, "serverless": { "min_capacity": 0.7, "max_capacity": 1 },
        "parameter_group": "none", "subnet_group": "none", "instances": [{ "class": "large" }],
    }));
    let serverless = json!({ "instances": [{ "class": "db.serverless", "name": "9" }] });
    wrong(
        "clusters",
        vec![
            (
                names,
                &[
                    "account",
                    "region",
                    "name",
                    "data[0]",
                    "data[1]",
                    "data[2].file",
                    "encryption.key",
                    "version",
                    "master_username",
                    "master_password",
                    "database",
                ],
            ),
            (
                settings,
                &[
                    "port",
                    "storage_type",
                    "backup_retention_days",
                    "security_groups",
                    "serverless",
                    "tags",
                    "parameter_group",
                    "subnet_group",
                    "instances[0].class",
                ],
            ),
            (cluster(json!({ "engine": "aurora-postgres", "port": 1 })), &["engine", "port"]),
            (cluster(serverless), &["instances[0].class", "instances[0].name"]),
        ],
    );
}

#[test]
fn what_is_wrong_with_snapshots_is_told_with_its_path() {
    let alone = |more: Value| {
        let mut snapshot = here(json!({ "name": "s", "engine": "aurora-mysql" }));
        let (Value::Object(members), Value::Object(more)) = (&mut snapshot, more) else { panic!() };
        members.extend(more);
        snapshot
    };
    let later = json!({ "kind": "automated", "created": "2030-01-01T00:00:00Z" });
    let yours = ["222222222222"];
    let backup = json!({ "name": "rds:s", "kind": "automated", "shared_with": yours });
    let managed = json!({ "kind": "public", "encryption": "aws-managed" });
    let elsewhere = json!({ "of": "none", "engine": "aurora-mysql", "created": "soon" });
    wrong(
        "snapshots",
        vec![
            (here(elsewhere), &["created", "engine", "of", "name"]),
            (here(json!({ "name": "s" })), &["engine"]),
            (alone(json!({ "kind": "awsbackup" })), &["name"]),
            (alone(later), &["created", "name"]),
            (alone(json!({ "shared_with": ["1"] })), &["shared_with"]),
            (alone(managed), &["kind"]),
            (alone(backup), &["shared_with"]),
        ],
    );
}

#[test]
fn names_that_are_taken_are_told_whether_by_the_world_or_by_the_file() {
    let seed = json!({
        "version": 1,
        "access_keys": [{ "id": "AKIAX", "account": "111111111111" }],
        "roles": [{ "arn": "arn:aws:iam::111111111111:role/r", "trust": [] }],
        "keys": [here(json!({ "id": "k", "alias": "alias/k" }))],
        "secrets": [here(json!({ "name": "s", "value": "x" }))],
        "subnet_groups": [here(json!({ "name": "g" }))],
        "parameter_groups": [here(json!({ "name": "p", "family": "aurora-postgresql16" }))],
        "clusters": [cluster(json!({ "instances": [{ "class": "db.r6g.large" }] }))],
        "snapshots": [here(json!({ "name": "snap", "of": "orders" }))],
    });
    let taken = [
        "access_keys[0].id",
        "roles[0].arn",
        "keys[0].id",
        "keys[0].alias",
        "secrets[0].name",
        "subnet_groups[0].name",
        "parameter_groups[0].name",
        "clusters[0].name",
        "clusters[0].instances[0].name",
        "snapshots[0].name",
    ];
    let mut world = world();
    try_in(&mut world, &seed).unwrap();
    let again = try_in(&mut world, &seed).unwrap_err();
    assert_eq!(again.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), taken);

    let mut twice = seed;
    for list in twice.as_object_mut().unwrap().values_mut().filter_map(Value::as_array_mut) {
        let again = list[0].clone();
        list.push(again);
    }
    let taken: Vec<_> = taken.iter().map(|path| path.replacen("[0]", "[1]", 1)).collect();
    assert_eq!(faults(&twice), taken);
}

#[test]
fn a_file_with_a_fault_changes_nothing() {
    let seed = json!({
        "version": 1,
        "roles": [{ "arn": "arn:aws:iam::111111111111:role/r", "trust": [] }],
        "keys": [here(json!({ "id": "k" }))],
        "secrets": [here(json!({ "name": "s", "value": "x" }))],
        "quotas": [{ "clusters": 1 }],
        "clusters": [cluster(json!({}))],
        "snapshots": [here(json!({ "name": "snap", "of": "odrers" }))],
    });
    let mut world = world();
    let mut untouched = world.rng.clone();
    let faults = try_in(&mut world, &seed).unwrap_err();
    assert_eq!(faults[0].fix, "did you mean \"orders\"?");
    assert_eq!(world.rds.clusters().count() + world.rds.snapshots().count(), 0);
    assert!(world.identity.role("arn:aws:iam::111111111111:role/r").is_none());
    assert_eq!(world.secrets.current("111111111111", "us-east-1", "s"), None);
    assert!(world.kms.usable("k", "111111111111", "us-east-1").is_err());
    assert_eq!(world.rng.u64(..), untouched.u64(..));
}

#[test]
fn all_is_there_at_once_without_a_data_plane() {
    let seed = json!({
        "version": 1,
        "keys": [here(json!({ "id": "k", "alias": "alias/k" })), here(json!({ "enabled": false }))],
        "secrets": [here(json!({ "name": "s", "value": "x" }))],
        "clusters": [cluster(json!({
            "encryption": { "key": "alias/k" }, "size_gib": 70, "port": 6000,
            "instances": [{ "class": "db.r6g.large" }, { "class": "db.r6g.large", "name": "two" }],
        }))],
        "snapshots": [
            here(json!({ "of": "Orders", "kind": "automated", "created": "P1D" })),
            here(json!({ "name": "awsbackup:job-1", "of": "orders", "kind": "awsbackup" })),
            here(json!({ "name": "pub", "engine": "aurora-mysql", "kind": "public" })),
        ],
    });
    let mut world = world();
    let report = try_in(&mut world, &seed).unwrap();
    let home = "arn:aws:rds:us-east-1:111111111111";
    assert_eq!(report.clusters, [format!("{home}:cluster:orders")]);
    assert_eq!(report.instances, ["orders-1", "two"].map(|n| format!("{home}:db:{n}")));
    let names = ["rds:orders-2027-01-14-08-00", "awsbackup:job-1", "pub"];
    assert_eq!(report.snapshots, names.map(|n| format!("{home}:cluster-snapshot:{n}")));
    let statuses = world.rds.clusters().map(|(_, c)| c.status.as_str());
    let statuses = statuses.chain(world.rds.instances().map(|(_, i)| i.status.as_str()));
    let statuses = statuses.chain(world.rds.snapshots().map(|(_, s)| s.status.as_str()));
    assert_eq!(statuses.collect::<Vec<_>>(), ["available"; 6]);
    let (_, cluster) = world.rds.clusters().next().unwrap();
    assert_eq!((cluster.allocated_gib, cluster.port), (70, 6000));
    assert_eq!(cluster.writer.as_deref(), Some("orders-1"));
    let key = "arn:aws:kms:us-east-1:111111111111:key/k";
    assert_eq!(cluster.encryption, crate::rds::model::Encryption::SseKms(key.into()));
    assert_eq!(world.secrets.current("111111111111", "us-east-1", "s"), Some("x"));
    assert!(world.kms.usable(&report.keys[1], "111111111111", "us-east-1").is_err());
}

#[test]
fn every_field_of_the_schema_is_described() {
    let schema = schema();
    let types = schema["$defs"].as_object().unwrap().values().chain([&schema]);
    let fields = types.filter_map(|t| t["properties"].as_object()).flatten();
    let undescribed = fields.filter(|(_, field)| field.get("description").is_none());
    assert_eq!(undescribed.map(|(name, _)| name).collect::<Vec<_>>(), Vec::<&String>::new());
}
