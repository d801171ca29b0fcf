//! The control plane and its data plane: work is handed over in order, and nothing is available
//! before its data is.
#![expect(clippy::unwrap_used, reason = "a helper that fails, fails its test")]

mod common;

use aurora_restore_local::clock::TokioNow;
use aurora_restore_local::cloud::Cloud;
use aurora_restore_local::data_plane::{DataPlane, Endpoint, Progress, Ticket, Work};
use aurora_restore_local::settings::WorldSettings;
use aurora_restore_local::world::World;
use aws_sdk_rds::Client;
use common::{START_MS, rds, seconds};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

const HOUR: u64 = 3_600;

/// What was handed over, and what the test says about each kind of work.
#[derive(Default)]
struct Script {
    handed_over: Vec<Work>,
    says: BTreeMap<&'static str, Progress>,
}

/// A data plane that does what a test says; what it says nothing about is done.
#[derive(Clone, Default)]
struct Scripted(Arc<Mutex<Script>>);

fn kind(work: &Work) -> &'static str {
    match work {
        Work::CreateCluster { .. } => "create",
        Work::Snapshot { .. } => "snapshot",
        Work::Restore { .. } => "restore",
        Work::RunSql { .. } => "run sql",
        Work::CopySnapshot { .. } => "copy snapshot",
        Work::RestoreToTime { .. } => "restore to time",
        Work::Clone { .. } => "clone",
        Work::Open { .. } => "open",
        Work::Close { .. } => "close",
        Work::SetPassword { .. } => "password",
        Work::DropCluster { .. } => "drop cluster",
        Work::DropSnapshot { .. } => "drop snapshot",
    }
}

impl DataPlane for Scripted {
    fn submit(&mut self, work: Work) -> Ticket {
        let mut script = self.0.lock().unwrap();
        script.handed_over.push(work);
        u64::try_from(script.handed_over.len() - 1).unwrap()
    }

    fn poll(&mut self, ticket: Ticket) -> Progress {
        let script = self.0.lock().unwrap();
        let work = kind(&script.handed_over[usize::try_from(ticket).unwrap()]);
        script.says.get(work).cloned().unwrap_or(Progress::Done(None))
    }
}

impl Scripted {
    fn say(&self, work: &'static str, progress: Progress) {
        self.0.lock().unwrap().says.insert(work, progress);
    }

    fn handed_over(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().handed_over.iter().map(kind).collect()
    }
}

fn cloud() -> (Cloud, Scripted) {
    let plane = Scripted::default();
    let world = World::new(WorldSettings::default(), Box::new(plane.clone()));
    (Cloud::new(world, Arc::new(TokioNow::starting_at(START_MS))), plane)
}

async fn create(client: &Client) {
    let create = client.create_db_cluster().db_cluster_identifier("orders");
    let create = create.engine("aurora-postgresql").master_username("postgres");
    create.master_user_password("correct-horse").send().await.unwrap();
}

async fn add_instance(client: &Client, id: &str) {
    let create = client.create_db_instance().db_instance_identifier(id);
    let create = create.db_cluster_identifier("orders").db_instance_class("db.r6g.large");
    create.engine("aurora-postgresql").send().await.unwrap();
}

async fn snapshot(client: &Client) {
    let take = client.create_db_cluster_snapshot().db_cluster_identifier("orders");
    take.db_cluster_snapshot_identifier("snap").send().await.unwrap();
}

async fn restore(client: &Client) {
    let restore = client.restore_db_cluster_from_snapshot().db_cluster_identifier("copy");
    let restore = restore.snapshot_identifier("snap").engine("aurora-postgresql");
    restore.send().await.unwrap();
}

/// Status and endpoint of a cluster.
async fn cluster(client: &Client, id: &str) -> (String, Option<String>, i32) {
    let found = client.describe_db_clusters().db_cluster_identifier(id).send().await.unwrap();
    let cluster = &found.db_clusters()[0];
    let endpoint = cluster.endpoint().map(str::to_owned);
    (cluster.status().unwrap().to_owned(), endpoint, cluster.port().unwrap())
}

async fn instance_status(client: &Client, id: &str) -> String {
    let found = client.describe_db_instances().db_instance_identifier(id).send().await.unwrap();
    found.db_instances()[0].db_instance_status().unwrap().to_owned()
}

async fn snapshot_status(client: &Client) -> (String, i32) {
    let found = client.describe_db_cluster_snapshots().send().await.unwrap();
    let snapshot = &found.db_cluster_snapshots()[0];
    (snapshot.status().unwrap().to_owned(), snapshot.percent_progress().unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_cluster_is_available_once_its_data_is_there_and_is_reached_where_that_is() {
    let (cloud, plane) = cloud();
    let client = rds(&cloud);
    plane.say("create", Progress::Pending);
    create(&client).await;
    seconds(HOUR).await;
    assert_eq!(cluster(&client, "orders").await, ("creating".into(), None, 5432));
    let endpoint = Endpoint { address: "localhost".into(), port: 40_001 };
    plane.say("create", Progress::Done(Some(endpoint)));
    let there = ("available".to_owned(), Some("localhost".to_owned()), 40_001);
    assert_eq!(cluster(&client, "orders").await, there);
    let view = cloud.world().rds.cluster_at("localhost", 40_001).unwrap();
    assert_eq!((view.identifier.as_str(), view.reachable), ("orders", false));
}

#[tokio::test(start_paused = true)]
async fn data_that_is_there_early_makes_a_restore_no_faster() {
    let (cloud, _plane) = cloud();
    let client = rds(&cloud);
    create(&client).await;
    seconds(HOUR).await;
    snapshot(&client).await;
    seconds(HOUR).await;
    restore(&client).await;
    seconds(300).await;
    assert_eq!(cluster(&client, "copy").await.0, "creating");
    seconds(300).await;
    assert_eq!(cluster(&client, "copy").await.0, "available");
}

#[tokio::test(start_paused = true)]
async fn what_the_data_plane_gives_up_on_has_failed() {
    let (cloud, plane) = cloud();
    let client = rds(&cloud);
    create(&client).await;
    seconds(HOUR).await;
    plane.say("snapshot", Progress::Pending);
    snapshot(&client).await;
    seconds(HOUR).await;
    assert_eq!(snapshot_status(&client).await, ("creating".into(), 99));
    plane.say("snapshot", Progress::Done(None));
    assert_eq!(snapshot_status(&client).await, ("available".into(), 100));
    plane.say("restore", Progress::Failed("no space".into()));
    restore(&client).await;
    seconds(HOUR).await;
    assert_eq!(cluster(&client, "copy").await.0, "failed");
    plane.say("snapshot", Progress::Failed("no space".into()));
    client
        .create_db_cluster_snapshot()
        .db_cluster_identifier("orders")
        .db_cluster_snapshot_identifier("bad")
        .send()
        .await
        .unwrap();
    seconds(HOUR).await;
    assert_eq!(snapshot_status(&client).await.0, "failed");
}

#[tokio::test(start_paused = true)]
async fn the_first_instance_opens_the_cluster_and_the_last_one_closes_it() {
    let (cloud, plane) = cloud();
    let client = rds(&cloud);
    create(&client).await;
    seconds(HOUR).await;
    plane.say("open", Progress::Pending);
    add_instance(&client, "one").await;
    add_instance(&client, "two").await;
    seconds(HOUR).await;
    assert_eq!(instance_status(&client, "one").await, "configuring-enhanced-monitoring");
    plane.say("open", Progress::Done(None));
    assert_eq!(instance_status(&client, "one").await, "available");
    assert_eq!(instance_status(&client, "two").await, "available");
    assert_eq!(plane.handed_over(), ["create", "open"]);
    client.delete_db_instance().db_instance_identifier("one").send().await.unwrap();
    seconds(HOUR).await;
    assert_eq!(instance_status(&client, "two").await, "available");
    assert_eq!(plane.handed_over(), ["create", "open"]);
    client.delete_db_instance().db_instance_identifier("two").send().await.unwrap();
    seconds(HOUR).await;
    cluster(&client, "orders").await;
    assert_eq!(plane.handed_over(), ["create", "open", "close"]);
}

#[tokio::test(start_paused = true)]
async fn a_whole_life_hands_its_work_over_in_order() {
    let (cloud, plane) = cloud();
    let client = rds(&cloud);
    create(&client).await;
    seconds(HOUR).await;
    snapshot(&client).await;
    seconds(HOUR).await;
    restore(&client).await;
    seconds(HOUR).await;
    let change = client.modify_db_cluster().db_cluster_identifier("copy");
    change.master_user_password("new-password").send().await.unwrap();
    seconds(HOUR).await;
    for id in ["orders", "copy"] {
        let delete = client.delete_db_cluster().db_cluster_identifier(id);
        delete.skip_final_snapshot(true).send().await.unwrap();
    }
    let delete = client.delete_db_cluster_snapshot().db_cluster_snapshot_identifier("snap");
    delete.send().await.unwrap();
    seconds(HOUR).await;
    assert!(client.describe_db_clusters().send().await.unwrap().db_clusters().is_empty());
    let work = plane.handed_over();
    let head = ["create", "snapshot", "restore", "password", "drop snapshot"];
    assert_eq!(work[..5], head);
    assert_eq!(work[5..], ["drop cluster", "drop cluster"]);
    let script = plane.0.lock().unwrap();
    let Work::SetPassword { user, password, .. } = &script.handed_over[3] else { panic!() };
    assert_eq!((user.as_str(), password.as_str()), ("postgres", "new-password"));
}

#[tokio::test(start_paused = true)]
async fn a_password_the_data_plane_could_not_set_does_not_count() {
    let (cloud, plane) = cloud();
    let client = rds(&cloud);
    create(&client).await;
    seconds(HOUR).await;
    plane.say("password", Progress::Failed("server gone".into()));
    let change = client.modify_db_cluster().db_cluster_identifier("orders");
    change.master_user_password("new-password").send().await.unwrap();
    seconds(HOUR).await;
    let (status, endpoint, _) = cluster(&client, "orders").await;
    assert_eq!(status, "available");
    let view = cloud.world().rds.cluster_at(&endpoint.unwrap(), 5432).unwrap();
    assert_eq!(view.master_password, "correct-horse");
}

async fn create_managed(client: &Client) {
    let create = client.create_db_cluster().db_cluster_identifier("orders");
    let create = create.engine("aurora-postgresql").master_username("postgres");
    create.manage_master_user_password(true).send().await.unwrap();
}

/// Status of the secret that RDS keeps the master password of `orders` in.
async fn secret_status(client: &Client) -> String {
    let found = client.describe_db_clusters().db_cluster_identifier("orders").send().await.unwrap();
    let secret = found.db_clusters()[0].master_user_secret().unwrap();
    secret.secret_status().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_password_the_data_plane_could_not_set_leaves_its_secret_impaired() {
    let (cloud, plane) = cloud();
    let client = rds(&cloud);
    create_managed(&client).await;
    seconds(HOUR).await;
    plane.say("password", Progress::Failed("server gone".into()));
    let change = client.modify_db_cluster().db_cluster_identifier("orders");
    let change = change.rotate_master_user_password(true).apply_immediately(true);
    change.send().await.unwrap();
    seconds(HOUR).await;
    assert_eq!(secret_status(&client).await, "impaired");
    assert_eq!(cluster(&client, "orders").await.0, "available");
}

#[tokio::test(start_paused = true)]
async fn a_cluster_the_data_plane_could_not_open_is_stopped_with_its_instances() {
    let (cloud, plane) = cloud();
    let client = rds(&cloud);
    create_managed(&client).await;
    seconds(HOUR).await;
    add_instance(&client, "one").await;
    seconds(HOUR).await;
    client.stop_db_cluster().db_cluster_identifier("orders").send().await.unwrap();
    seconds(HOUR).await;
    plane.say("open", Progress::Failed("no port".into()));
    client.start_db_cluster().db_cluster_identifier("orders").send().await.unwrap();
    assert_eq!(instance_status(&client, "one").await, "starting");
    seconds(HOUR).await;
    assert_eq!(cluster(&client, "orders").await.0, "stopped");
    assert_eq!(instance_status(&client, "one").await, "stopped");
    assert_eq!(secret_status(&client).await, "active");
    plane.say("open", Progress::Done(None));
    client.start_db_cluster().db_cluster_identifier("orders").send().await.unwrap();
    seconds(HOUR).await;
    assert_eq!(cluster(&client, "orders").await.0, "available");
    assert_eq!(instance_status(&client, "one").await, "available");
    assert_eq!(plane.handed_over(), ["create", "open", "close", "open", "close", "open"]);
}
