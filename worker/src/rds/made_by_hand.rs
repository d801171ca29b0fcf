//! For tests: clusters that somebody has made by hand.

use crate::fleet::Worker;
use crate::tests::lab::Lab;
use std::time::Duration;

/// Makes a cluster and waits until it is available; its immutable id.
pub(crate) async fn cluster(lab: &Lab, worker: &Worker, name: &str) -> String {
    let rds = worker.env.home_place(&worker.settings.common.region).await.unwrap().rds();
    let make = rds.create_db_cluster().db_cluster_identifier(name).engine("aurora-postgresql");
    let make = make.master_username("postgres").master_user_password("correct-horse");
    let made = make.send().await.unwrap();
    lab.pass(Duration::from_secs(3_600)).await;
    made.db_cluster.unwrap().db_cluster_resource_id.unwrap()
}
