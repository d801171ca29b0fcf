//! What happens at AWS alone, planned.

use super::kit::{Aurora, HOUR, refusal, refused};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use aurora_restore_local::rds::{Surprise, errors};

facts!("rds":
    every_refusal_that_only_happens_to_aws_can_be_planned:
        "API RestoreDBClusterFromSnapshot: Errors; API Common Errors",
    an_operation_can_end_badly_or_late_or_never:
        "UG, Viewing DB cluster status: failed; RDS UG, incompatible-restore",
);

async fn every_refusal_that_only_happens_to_aws_can_be_planned(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    aurora.seed("snap", "16.4")?;
    let planned = [
        (errors::access_denied("no"), "AccessDenied", 403),
        (errors::insufficient_db_cluster_capacity(), "InsufficientDBClusterCapacityFault", 403),
        (
            errors::insufficient_storage_cluster_capacity(),
            "InsufficientStorageClusterCapacity",
            400,
        ),
        (errors::insufficient_db_instance_capacity(), "InsufficientDBInstanceCapacity", 400),
        (errors::invalid_restore("no"), "InvalidRestoreFault", 400),
        (errors::invalid_subnet("no"), "InvalidSubnet", 400),
        (errors::throttling(), "Throttling", 400),
        (errors::throttling_exception(), "ThrottlingException", 400),
    ];
    for (error, code, status) in planned {
        bed.cloud()?.world().rds.plan_surprise("copy", Surprise::Refuse(error));
        let answer = aurora.restore("copy", "snap").send().await;
        assert_eq!(refusal(answer), (code.to_owned(), status));
    }
    aurora.restore("copy", "snap").send().await.unwrap();
    Ok(())
}

async fn an_operation_can_end_badly_or_late_or_never(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    aurora.seed("snap", "16.4")?;
    let surprises = [
        ("a", Surprise::Failed),
        ("b", Surprise::Stuck),
        ("c", Surprise::Slow { times: 10 }),
        ("d", Surprise::IncompatibleRestore),
    ];
    for (id, surprise) in surprises {
        bed.cloud()?.world().rds.plan_surprise(id, surprise);
        aurora.restore(id, "snap").send().await.unwrap();
    }
    bed.seconds(HOUR).await?;
    assert_eq!(aurora.status("a").await, "failed");
    assert_eq!(aurora.status("b").await, "creating");
    assert_eq!(aurora.status("c").await, "creating");
    assert_eq!(aurora.status("d").await, "incompatible-restore");
    bed.seconds(HOUR * 100).await?;
    assert_eq!(aurora.status("b").await, "creating");
    assert_eq!(aurora.status("c").await, "available");
    let delete = aurora
        .client
        .delete_db_cluster()
        .db_cluster_identifier(bed.name("a"))
        .skip_final_snapshot(true);
    delete.send().await.unwrap();
    bed.seconds(HOUR).await?;
    let gone = aurora.client.describe_db_clusters().db_cluster_identifier(bed.name("a"));
    refused!(gone, "DBClusterNotFoundFault", 404);
    Ok(())
}
