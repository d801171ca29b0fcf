//! Every way from a source to a restored cluster, end to end through the real SDK: copies and shares
//! between accounts and Regions, points in time and clones, swaps, aftercare, ladders, schedules.
#![expect(clippy::unwrap_used, reason = "helpers of tests, as in tests themselves")]

mod abroad;
mod aftercare;
mod giving_up;
mod home;
mod planned;
mod sets;
mod told;

use aurora_restore_loadtest::sim::Sim;
use aurora_restore_loadtest::sim::two_accounts::HUB;
use aurora_restore_shared::request::Request;
use serde_json::{Value, json};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);

/// A request that is written as people write it.
fn request(value: Value) -> Request {
    Request::from_json(&value).unwrap_or_else(|faults| panic!("{faults}"))
}

/// A request to this target, from this source, with one instance.
fn restore(source: Value, target: &str, more: Value) -> Request {
    let mut value = json!({
        "version": 1,
        "caller": "tests",
        "source": source,
        "target": {
            "account": HUB, "region": "us-east-1", "cluster": target,
            "instances": [{"class": "db.r6g.large"}],
        },
    });
    merge(&mut value, more);
    request(value)
}

/// Puts one JSON value over another, member by member.
fn merge(value: &mut Value, over: Value) {
    match (value, over) {
        (Value::Object(value), Value::Object(over)) => {
            for (name, over) in over {
                merge(value.entry(name).or_insert(Value::Null), over);
            }
        }
        (value, over) => *value = over,
    }
}

/// The latest snapshot of the source cluster.
fn latest() -> Value {
    json!({"snapshot": {"account": HUB, "region": "us-east-1", "cluster": "orders-prod", "latest": true}})
}

/// The immutable id of a cluster, if there is one of the name.
async fn resource_id(sim: &Sim, account: &str, region: &str, name: &str) -> Option<String> {
    let rds = sim.env("reader").place(&account.parse().unwrap(), &region.parse().unwrap()).await;
    let filter = aws_sdk_rds::types::Filter::builder().name("db-cluster-id").values(name).build();
    let page = rds.unwrap().rds().describe_db_clusters().filters(filter).send().await.unwrap();
    let cluster = page.db_clusters.unwrap_or_default().into_iter().next()?;
    cluster.db_cluster_resource_id
}

/// Restores a cluster of the name, to be replaced; its immutable id.
async fn standing(sim: &Sim, name: &str) -> Option<String> {
    let job = sim.submit(&restore(latest(), name, json!({}))).await.unwrap();
    sim.until_succeeded(&[job], 5 * HOUR).await.unwrap();
    resource_id(sim, HUB, "us-east-1", name).await
}
