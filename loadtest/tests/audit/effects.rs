//! Wrong effects on RDS.

use crate::stage::{Case, Stage, TARGET};
use aurora_restore_loadtest::simulate::audit::Invariant as I;
use aurora_restore_shared::ids::JobId;
use serde_json::json;

/// A job that holds its target, claimed by `w1.1`.
async fn at_work(stage: &Stage) -> JobId {
    let job = stage.submitted("k", TARGET).await;
    hold(stage, job).await;
    job
}

async fn hold(stage: &Stage, job: JobId) {
    stage.slot("w1.1", &[(job, "low 1 1")], &[]).await;
    stage.claim("w1.1", job, 1, 1, stage.sim.clock.now_ms()).await;
}

const PASSWORD_CALL: &[(&str, &str)] =
    &[("DBClusterIdentifier", TARGET), ("MasterUserPassword", crate::stage::PASSWORD)];

pub const CASES: &[Case] = &[
    Case {
        wrong: I::NothingIsDestroyed,
        what: "a source deleted",
        done: |s| {
            Box::pin(async {
                let params =
                    [("DBClusterIdentifier", "orders-prod"), ("SkipFinalSnapshot", "true")];
                s.rds("w1.1", "DeleteDBCluster", &params).await;
            })
        },
    },
    Case {
        wrong: I::NothingIsDestroyed,
        what: "a cluster renamed",
        done: |s| {
            Box::pin(async {
                let params =
                    [("DBClusterIdentifier", "orders-prod"), ("NewDBClusterIdentifier", "x")];
                s.rds("w1.1", "ModifyDBCluster", &params).await;
            })
        },
    },
    Case {
        wrong: I::NothingIsDestroyed,
        what: "tags put on something",
        done: |s| {
            Box::pin(async {
                let arn = "arn%3Aaws%3Ards%3Aus-east-1%3A111111111111%3Acluster%3Aorders-prod";
                let params =
                    [("ResourceName", arn), ("Tags.Tag.1.Key", "a"), ("Tags.Tag.1.Value", "b")];
                s.rds("w1.1", "AddTagsToResource", &params).await;
            })
        },
    },
    Case {
        wrong: I::OnlyOwnResources,
        what: "a restore without the tag of its job",
        done: |s| {
            Box::pin(async {
                at_work(s).await;
                s.restore("w1.1", TARGET, None).await;
            })
        },
    },
    Case {
        wrong: I::OnlyOwnResources,
        what: "the password of a stranger's cluster set",
        done: |s| {
            Box::pin(async {
                s.sim.make_cluster(TARGET, None).await.expect("it is made");
                s.sim.pass(std::time::Duration::from_secs(3600)).await;
                assert!(s.rds("w1.1", "ModifyDBCluster", PASSWORD_CALL).await);
            })
        },
    },
    Case {
        wrong: I::OnlyOwnResources,
        what: "an instance in a stranger's cluster",
        done: |s| {
            Box::pin(async {
                let job = at_work(s).await;
                s.sim.make_cluster(TARGET, None).await.expect("it is made");
                s.sim.pass(std::time::Duration::from_secs(3600)).await;
                let params = [
                    ("DBInstanceIdentifier", "i-1"),
                    ("DBClusterIdentifier", TARGET),
                    ("DBInstanceClass", "db.r6g.large"),
                    ("Engine", "aurora-postgresql"),
                    ("Tags.Tag.1.Key", "aurora-restore%3Ajob"),
                    ("Tags.Tag.1.Value", &job.to_string()),
                ];
                assert!(s.rds("w1.1", "CreateDBInstance", &params).await);
            })
        },
    },
    Case {
        wrong: I::IntentBeforeEffect,
        what: "a password set before the cluster's id is committed",
        done: |s| {
            Box::pin(async {
                let job = at_work(s).await;
                s.restore("w1.1", TARGET, Some(job)).await;
                s.sim.pass(std::time::Duration::from_secs(3600)).await;
                assert!(s.rds("w1.1", "ModifyDBCluster", PASSWORD_CALL).await);
            })
        },
    },
    Case {
        wrong: I::MaskedBeforeOpened,
        what: "a cluster opened before its data is masked",
        done: |s| {
            Box::pin(async {
                let job = s.submitted_masked("k", TARGET).await;
                hold(s, job).await;
                s.restore("w1.1", TARGET, Some(job)).await;
                s.sim.pass(std::time::Duration::from_secs(3600)).await;
                let group = ("VpcSecurityGroupIds.VpcSecurityGroupId.1", "sg-1");
                let params = [("DBClusterIdentifier", TARGET), group];
                assert!(s.rds("w1.1", "ModifyDBCluster", &params).await);
            })
        },
    },
    Case {
        wrong: I::NothingIsDestroyed,
        what: "a snapshot deleted that is no copy",
        done: |s| {
            Box::pin(async {
                let params = [("DBClusterSnapshotIdentifier", "orders-prod-nightly")];
                assert!(s.rds("w1.1", "DeleteDBClusterSnapshot", &params).await);
            })
        },
    },
    Case {
        wrong: I::OnlyOwnResources,
        what: "a snapshot shared with everybody",
        done: |s| {
            Box::pin(async {
                let params = [
                    ("DBClusterSnapshotIdentifier", "orders-prod-nightly"),
                    ("AttributeName", "restore"),
                    ("ValuesToAdd.AttributeValue.1", "all"),
                ];
                s.rds("w1.1", "ModifyDBClusterSnapshotAttribute", &params).await;
            })
        },
    },
    Case {
        wrong: I::OneClusterPerJob,
        what: "a second cluster of one job",
        done: |s| {
            Box::pin(async {
                let job = at_work(s).await;
                s.restore("w1.1", TARGET, Some(job)).await;
                s.restore("w1.1", "elsewhere", Some(job)).await;
            })
        },
    },
    Case {
        wrong: I::OneJobPerTarget,
        what: "work on a target without its slot",
        done: |s| {
            Box::pin(async {
                let job = s.submitted("k", TARGET).await;
                s.claim("w1.1", job, 1, 1, s.sim.clock.now_ms()).await;
                s.restore("w1.1", TARGET, Some(job)).await;
            })
        },
    },
    Case {
        wrong: I::StepsStayDone,
        what: "the id of the restored cluster changed",
        done: |s| {
            Box::pin(async {
                let job = at_work(s).await;
                s.restore("w1.1", TARGET, Some(job)).await;
                record(s, job, &id_of(s, TARGET), 1).await;
                s.claim("w1.1", job, 2, 2, s.sim.clock.now_ms()).await;
                record(s, job, "cluster-B", 2).await;
            })
        },
    },
    Case {
        wrong: I::OnlyOwnResources,
        what: "a stranger's cluster adopted",
        done: |s| {
            Box::pin(async {
                let job = at_work(s).await;
                s.sim.make_cluster(TARGET, Some(job)).await.expect("it is made");
                record(s, job, &id_of(s, TARGET), 1).await;
            })
        },
    },
];

fn id_of(stage: &Stage, name: &str) -> String {
    let world = stage.sim.cloud.world();
    let mut clusters = world.rds.clusters();
    let found = clusters.find(|(_, cluster)| cluster.identifier == name);
    found.expect("it was made").1.resource_id.clone()
}

/// Commits the id of the restored cluster.
async fn record(stage: &Stage, job: JobId, id: &str, seq: u64) {
    let outputs = json!({ ":o": { "M": { "resource_id": { "S": id } } } });
    stage.commit("w1.1", job, "waiting", seq + 1, ", #outputs = :o", outputs).await;
}
