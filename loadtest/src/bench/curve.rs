//! The local cloud over HTTP, the fuller and the fuller: what a call costs must not depend on how
//! many messages and items there are.

use super::connection::{NUMBER, Prepared};
use super::http::{SERVER_THREADS, Until, dynamodb, keep_asking, serve, update_item};
use super::report::Point;
use super::stage::Stage;
use anyhow::ensure;
use aurora_restore_local::call::Service;
use aurora_restore_local::clock::SystemNow;
use aurora_restore_shared::clock::Clock;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Builder;

/// Messages in the queue, and as many items in the table and its index.
const SIZES: [u32; 3] = [1_000, 10_000, 100_000];

const QUEUE: &str = "curve.fifo";

/// Calls per second of `connections` at each size.
pub(super) fn measure(connections: u16, time: Duration) -> anyhow::Result<Vec<Point>> {
    SIZES.into_iter().map(|size| point(size, connections, time)).collect()
}

/// One size, in a cloud of its own. What adds to it is measured last.
fn point(size: u32, connections: u16, time: Duration) -> anyhow::Result<Point> {
    let server = Builder::new_multi_thread().worker_threads(SERVER_THREADS).enable_all().build()?;
    let client = Builder::new_current_thread().enable_all().build()?;
    let stage = Stage::set(Arc::new(SystemNow), Clock::system(), connections);
    let stage = client.block_on(stage)?;
    let address = serve(&server, &stage)?;
    let measured = client.block_on(async {
        fill(&stage, address, size, connections).await?;
        let every = |request: Prepared| vec![request; usize::from(connections)];
        let until = Until::Time(time);
        let updates = stage.jobs.iter().map(|job| update_item(&stage, job)).collect();
        anyhow::Ok(Point {
            size,
            update_item: keep_asking(address, updates, until).await?,
            query: keep_asking(address, every(query(&stage)), until).await?,
            receive_message: keep_asking(address, every(receive(&stage)), until).await?,
            send_message: keep_asking(address, every(send(&stage)), until).await?,
        })
    });
    server.shutdown_background();
    measured
}

/// Fills queue, table and index over the same connections.
async fn fill(
    stage: &Stage,
    address: SocketAddr,
    size: u32,
    connections: u16,
) -> anyhow::Result<()> {
    let attributes = json!({
        "FifoQueue": "true",
        "DeduplicationScope": "messageGroup",
        "FifoThroughputLimit": "perMessageGroupId",
    });
    let create =
        sqs(stage, "CreateQueue", &json!({ "QueueName": QUEUE, "Attributes": attributes }));
    keep_asking(address, vec![create], Until::Calls(1)).await?;
    let each = u64::from(size).div_ceil(u64::from(connections));
    for request in [send(stage), put(stage)] {
        let requests = vec![request; usize::from(connections)];
        let filled = keep_asking(address, requests, Until::Calls(each)).await?;
        ensure!(filled.calls >= u64::from(size), "only {} calls went through", filled.calls);
    }
    Ok(())
}

fn queue_url(stage: &Stage) -> String {
    format!("http://127.0.0.1/{}/{QUEUE}", stage.env.common.local_account.as_str())
}

fn sqs(stage: &Stage, operation: &str, body: &Value) -> Prepared {
    let account = stage.env.common.local_account.as_str();
    Prepared::new(Service::Sqs, account, &format!("AmazonSQS.{operation}"), body)
}

/// A message in a group of its own.
fn send(stage: &Stage) -> Prepared {
    let body = json!({
        "QueueUrl": queue_url(stage),
        "MessageBody": "{}",
        "MessageGroupId": NUMBER,
        "MessageDeduplicationId": "once",
    });
    sqs(stage, "SendMessage", &body)
}

/// A receive that leaves what it gets where it is.
fn receive(stage: &Stage) -> Prepared {
    let body = json!({ "QueueUrl": queue_url(stage), "VisibilityTimeout": 0 });
    sqs(stage, "ReceiveMessage", &body)
}

/// An item that is in the index of due jobs.
fn put(stage: &Stage) -> Prepared {
    let item = json!({
        "pk": { "S": NUMBER },
        "sk": { "S": "curve" },
        "due_shard": { "S": "curve" },
        "due_at": { "N": "1" },
    });
    dynamodb(stage, "PutItem", &json!({ "TableName": stage.env.common.table, "Item": item }))
}

/// The first ten of the index.
fn query(stage: &Stage) -> Prepared {
    let body = json!({
        "TableName": stage.env.common.table,
        "IndexName": "due",
        "KeyConditionExpression": "due_shard = :shard AND due_at < :now",
        "ExpressionAttributeValues": { ":shard": { "S": "curve" }, ":now": { "N": "2" } },
        "Limit": 10,
    });
    dynamodb(stage, "Query", &body)
}
