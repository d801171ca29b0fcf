//! Takes away what a fact has made on an endpoint that is not ours.

use crate::bed::Bed;
use std::time::Duration;

/// How long a database cluster may take until it can be deleted.
const TRIES: usize = 60;
const BETWEEN_TRIES: Duration = Duration::from_secs(30);

/// Deletes everything that has a name which the bed gave out. What is not there is no news: a name
/// does not tell of what it is.
pub(crate) async fn clean(bed: &Bed) {
    let (names, services) = bed.left_behind();
    for service in services {
        for name in &names {
            match service {
                "sqs" => queue(bed, name).await,
                "dynamodb" => drop(bed.dynamodb().delete_table().table_name(name).send().await),
                "secretsmanager" => secret(bed, name).await,
                "sns" => topic(bed, name).await,
                "rds" => databases(bed, name).await,
                _ => {}
            }
        }
        if service == "rds" {
            clusters(bed, &names).await;
        }
    }
}

async fn queue(bed: &Bed, name: &str) {
    let client = bed.sqs();
    if let Ok(found) = client.get_queue_url().queue_name(name).send().await {
        drop(client.delete_queue().set_queue_url(found.queue_url).send().await);
    }
}

async fn secret(bed: &Bed, name: &str) {
    let delete = bed.secrets().delete_secret().secret_id(name);
    drop(delete.force_delete_without_recovery(true).send().await);
}

async fn topic(bed: &Bed, name: &str) {
    let Ok(account) = bed.account().await else { return };
    let arn = format!("arn:aws:sns:{}:{account}:{name}", bed.region());
    drop(bed.sns().delete_topic().topic_arn(arn).send().await);
}

/// What stands alone or in the way of a cluster's end: its instances, snapshots, groups.
async fn databases(bed: &Bed, name: &str) {
    let rds = bed.rds();
    let instance = rds.delete_db_instance().db_instance_identifier(name);
    drop(instance.skip_final_snapshot(true).send().await);
    let snapshot = rds.delete_db_cluster_snapshot().db_cluster_snapshot_identifier(name);
    drop(snapshot.send().await);
    drop(rds.delete_db_subnet_group().db_subnet_group_name(name).send().await);
    let group = rds.delete_db_cluster_parameter_group().db_cluster_parameter_group_name(name);
    drop(group.send().await);
}

/// Clusters can be deleted when nothing else goes on with them: so tries until they are gone.
async fn clusters(bed: &Bed, names: &[String]) {
    let rds = bed.rds();
    for attempt in 0..TRIES {
        let mut left = Vec::new();
        for name in names {
            let open = rds.modify_db_cluster().db_cluster_identifier(name);
            drop(open.deletion_protection(false).send().await);
            let delete = rds.delete_db_cluster().db_cluster_identifier(name);
            let deleted = delete.skip_final_snapshot(true).send().await;
            let gone = |e: &aws_sdk_rds::operation::delete_db_cluster::DeleteDBClusterError| {
                e.is_db_cluster_not_found_fault()
            };
            if deleted.is_err_and(|e| !e.as_service_error().is_some_and(gone)) {
                left.push(name);
            }
        }
        if left.is_empty() {
            return;
        }
        if attempt + 1 == TRIES {
            println!("left behind: {left:?}");
        }
        tokio::time::sleep(BETWEEN_TRIES).await;
    }
}
