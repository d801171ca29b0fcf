//! The local cloud over HTTP: connections that keep asking, one operation at a time.

use super::connection::{Connection, NUMBER, Prepared};
use super::report::{Operations, Rate};
use super::stage::Stage;
use super::stopwatch::Stopwatch;
use aurora_restore_local::admin::Pages;
use aurora_restore_local::call::Service;
use aurora_restore_local::clock::SystemNow;
use aurora_restore_local::server;
use aurora_restore_shared::clock::Clock;
use aurora_restore_shared::job::JobState;
use aurora_restore_shared::message::WakeUp;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Threads of the server.
pub(super) const SERVER_THREADS: usize = 2;

/// Calls per second of `connections`, each of which has a job (and a message group) of its own.
pub(super) fn measure(connections: u16, time: Duration) -> anyhow::Result<Operations> {
    let server = Builder::new_multi_thread().worker_threads(SERVER_THREADS).enable_all().build()?;
    let client = Builder::new_current_thread().enable_all().build()?;
    let stage = Stage::set(Arc::new(SystemNow), Clock::system(), connections);
    let stage = client.block_on(stage)?;
    let address = serve(&server, &stage)?;
    let measured = client.block_on(async {
        let load = async |request: fn(&Stage, &JobState) -> Prepared| {
            let requests = stage.jobs.iter().map(|job| request(&stage, job)).collect();
            keep_asking(address, requests, Until::Time(time)).await
        };
        anyhow::Ok(Operations {
            send_message: load(send_message).await?,
            update_item: load(update_item).await?,
            get_item: load(get_item).await?,
        })
    });
    server.shutdown_background();
    measured
}

/// Opens a port for the cloud of a stage.
pub(super) fn serve(server: &Runtime, stage: &Stage) -> anyhow::Result<SocketAddr> {
    let listener = server.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let pages = Pages::default();
    server.spawn(server::serve(stage.cloud.clone(), listener, pages, std::future::pending()));
    Ok(address)
}

/// How long connections keep asking.
#[derive(Debug, Clone, Copy)]
pub(super) enum Until {
    /// So long.
    Time(Duration),
    /// Until each has made so many calls.
    Calls(u64),
}

/// Has each request asked again and again on a connection of its own.
pub(super) async fn keep_asking(
    address: SocketAddr,
    requests: Vec<Prepared>,
    until: Until,
) -> anyhow::Result<Rate> {
    let (watch, start) = (Stopwatch::start(), Instant::now());
    let is_over = move |calls| match until {
        Until::Time(time) => start.elapsed() >= time,
        Until::Calls(most) => calls >= most,
    };
    let mut connections = JoinSet::new();
    for (n, mut request) in (0_u64..).zip(requests) {
        connections.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut calls = 0;
            while !is_over(calls) {
                // No two calls have the same number, of whatever connection they are.
                connection.call(&mut request, n * 100_000_000 + calls).await?;
                calls += 1;
            }
            anyhow::Ok(calls)
        });
    }
    let mut calls = 0;
    while let Some(ended) = connections.join_next().await {
        calls += ended??;
    }
    Ok(Rate::of(calls, watch.elapsed()))
}

/// A wake-up, as the fleet sends it; each with a deduplication id of its own.
fn send_message(stage: &Stage, job: &JobState) -> Prepared {
    let common = &stage.env.common;
    let (account, wake) = (common.local_account.as_str(), WakeUp::new(job.id, job.seq));
    let queue = stage.env.queues(&common.region).name(job.priority);
    let body = json!({
        "QueueUrl": format!("http://127.0.0.1/{account}/{queue}"),
        "MessageBody": wake.body(),
        "MessageGroupId": wake.group_id(),
        "MessageDeduplicationId": NUMBER,
    });
    Prepared::new(Service::Sqs, account, "AmazonSQS.SendMessage", &body)
}

/// The renewal of a lease: a condition, and a new entry in an index.
pub(super) fn update_item(stage: &Stage, job: &JobState) -> Prepared {
    let body = json!({
        "TableName": stage.env.common.table,
        "Key": key(job),
        "UpdateExpression": "SET lease_until = :until, due_at = :until",
        "ConditionExpression": "epoch = :epoch AND attribute_exists(#owner)",
        "ExpressionAttributeNames": { "#owner": "owner" },
        "ExpressionAttributeValues": {
            ":until": { "N": format!("9{NUMBER}") },
            ":epoch": { "N": job.epoch.to_string() },
        },
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    });
    dynamodb(stage, "UpdateItem", &body)
}

fn get_item(stage: &Stage, job: &JobState) -> Prepared {
    let table = &stage.env.common.table;
    let body = json!({ "TableName": table, "Key": key(job), "ConsistentRead": true });
    dynamodb(stage, "GetItem", &body)
}

pub(super) fn dynamodb(stage: &Stage, operation: &str, body: &Value) -> Prepared {
    let account = stage.env.common.local_account.as_str();
    let target = format!("DynamoDB_20120810.{operation}");
    Prepared::new(Service::Dynamodb, account, &target, body)
}

fn key(job: &JobState) -> Value {
    json!({ "pk": { "S": format!("job#{}", job.id) }, "sk": { "S": "state" } })
}
