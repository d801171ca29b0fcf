//! Every wire code that the rules name, each with the call that provokes it.
//!
//! Where the local cloud has the rule, a call really breaks it; where AWS alone decides (capacity,
//! permissions), the refusal is planned.

use super::kit::{Aurora, HOUR, refusal};
use crate::bed::{ACCOUNT, Bed, REGION};
use crate::fact::{Outcome, Skip, facts};
use aurora_restore_local::error::AwsError;
use aurora_restore_local::rds::{Quotas, Surprise, errors};
use aws_sdk_rds::operation::copy_db_cluster_snapshot::builders::CopyDBClusterSnapshotFluentBuilder as Copy;
use aws_sdk_rds::operation::restore_db_cluster_from_snapshot::builders::RestoreDBClusterFromSnapshotFluentBuilder as Restore;
use std::collections::BTreeSet;

facts!("rds":
    every_wire_code_has_its_call_and_its_status:
        "API Errors of each operation (the wire codes, which differ from the shapes' names)",
    no_wire_code_of_the_rules_is_forgotten: "the rules: their paragraph on wire codes",
);

/// The wire codes as the rules list them, with their HTTP statuses.
const RULES: [(&str, u16); 29] = [
    ("DBClusterAlreadyExistsFault", 400),
    ("DBClusterNotFoundFault", 404),
    ("DBClusterQuotaExceededFault", 403),
    ("InsufficientDBClusterCapacityFault", 403),
    ("InsufficientStorageClusterCapacity", 400),
    ("InsufficientDBInstanceCapacity", 400),
    ("InstanceQuotaExceeded", 400),
    ("StorageQuotaExceeded", 400),
    ("SnapshotQuotaExceeded", 400),
    ("SharedSnapshotQuotaExceeded", 400),
    ("DBClusterSnapshotAlreadyExistsFault", 400),
    ("DBClusterSnapshotNotFoundFault", 404),
    ("InvalidDBClusterSnapshotStateFault", 400),
    ("InvalidDBClusterStateFault", 400),
    ("InvalidDBInstanceState", 400),
    ("DBInstanceAlreadyExists", 400),
    ("DBInstanceNotFound", 404),
    ("KMSKeyNotAccessibleFault", 400),
    ("DBSubnetGroupNotFoundFault", 404),
    ("DBClusterParameterGroupNotFound", 404),
    ("InvalidRestoreFault", 400),
    ("InvalidSubnet", 400),
    ("InvalidVPCNetworkStateFault", 400),
    ("StorageTypeNotSupported", 400),
    ("InvalidParameterCombination", 400),
    ("InvalidParameterValue", 400),
    ("AccessDenied", 403),
    ("Throttling", 400),
    ("ThrottlingException", 400),
];

/// Clusters and snapshots in the states that the calls need: `orders` serves with the instance
/// `orders-1`, `new` is still being created, `snap` is available, `fresh` is still being created.
struct Stage {
    aurora: Aurora,
    bed: Bed,
}

impl Stage {
    async fn set(bed: &Bed) -> Result<Self, Skip> {
        bed.cloud()?;
        let aurora = Aurora::on(bed)?;
        aurora.seed("snap", "16.4")?;
        aurora.serving("orders").await?;
        aurora.create("new").send().await.unwrap();
        aurora.take("orders", "fresh").send().await.unwrap();
        Ok(Self { aurora, bed: bed.clone() })
    }

    fn set_quotas(&self, quotas: Quotas) {
        self.bed.cloud().unwrap().world().rds.set_quotas(ACCOUNT, REGION, quotas);
    }

    /// The same with little room for more.
    fn full(&self, quotas: Quotas) -> &Aurora {
        self.set_quotas(quotas);
        &self.aurora
    }

    /// A restore that could be done.
    fn restore(&self) -> Restore {
        self.aurora.restore("copy", "snap")
    }

    /// One of many copies.
    fn copy(&self, n: usize) -> Copy {
        let copy = self.aurora.client.copy_db_cluster_snapshot();
        let copy = copy.source_db_cluster_snapshot_identifier("snap");
        copy.target_db_cluster_snapshot_identifier(format!("copy-{n}"))
    }

    /// A restore that AWS refuses for a reason of its own.
    fn refused(&self, refusal: AwsError) -> Restore {
        let surprise = Surprise::Refuse(refusal);
        self.bed.cloud().unwrap().world().rds.plan_surprise("copy", surprise);
        self.restore()
    }
}

/// Lists codes and statuses, each with a call on a stage.
macro_rules! calls {
    ($stage:ident: $($code:literal $status:literal: $call:expr),+ $(,)?) => {
        /// The codes that are provoked here, with their statuses.
        const CALLS: &[(&str, u16)] = &[$(($code, $status)),+];

        /// Makes the call that provokes a code; answers code and status.
        async fn provoke($stage: &Stage, code: &str) -> (String, u16) {
            match code {
                $($code => refusal($call.send().await),)+
                other => panic!("no call for {other}"),
            }
        }
    };
}

calls!(stage:
    "DBClusterAlreadyExistsFault" 400: stage.aurora.create("orders"),
    "DBClusterNotFoundFault" 404: stage.aurora.modify("none"),
    "DBClusterQuotaExceededFault" 403:
        stage.full(Quotas { clusters: 2, ..Quotas::default() }).restore("copy", "snap"),
    "InsufficientDBClusterCapacityFault" 403:
        stage.refused(errors::insufficient_db_cluster_capacity()),
    "InsufficientStorageClusterCapacity" 400:
        stage.refused(errors::insufficient_storage_cluster_capacity()),
    "InsufficientDBInstanceCapacity" 400: stage.refused(errors::insufficient_db_instance_capacity()),
    "InstanceQuotaExceeded" 400:
        stage.full(Quotas { instances: 1, ..Quotas::default() }).instance("more", "orders"),
    "StorageQuotaExceeded" 400:
        stage.full(Quotas { storage_gib: 50, ..Quotas::default() }).restore("copy", "snap"),
    "SnapshotQuotaExceeded" 400: {
        for n in 1..=5 {
            stage.copy(n).send().await.unwrap();
        }
        stage.copy(6)
    },
    "SharedSnapshotQuotaExceeded" 400: {
        let accounts = (1..=21).map(|n| format!("{n:012}")).collect();
        let share = stage.aurora.client.modify_db_cluster_snapshot_attribute();
        let share = share.db_cluster_snapshot_identifier("snap").attribute_name("restore");
        share.set_values_to_add(Some(accounts))
    },
    "DBClusterSnapshotAlreadyExistsFault" 400: stage.aurora.take("orders", "snap"),
    "DBClusterSnapshotNotFoundFault" 404: stage.aurora.restore("copy", "none"),
    "InvalidDBClusterSnapshotStateFault" 400: stage.aurora.restore("copy", "fresh"),
    "InvalidDBClusterStateFault" 400: stage.aurora.instance("early", "new"),
    "InvalidDBInstanceState" 400: {
        let delete = || stage.aurora.client.delete_db_instance().db_instance_identifier("orders-1");
        delete().send().await.unwrap();
        delete()
    },
    "DBInstanceAlreadyExists" 400: stage.aurora.instance("orders-1", "orders"),
    "DBInstanceNotFound" 404:
        stage.aurora.client.describe_db_instances().db_instance_identifier("none"),
    "KMSKeyNotAccessibleFault" 400:
        stage.restore().kms_key_id("arn:aws:kms:eu-west-1:111111111111:key/1"),
    "DBSubnetGroupNotFoundFault" 404: stage.restore().db_subnet_group_name("none"),
    "DBClusterParameterGroupNotFound" 404: stage.restore().db_cluster_parameter_group_name("none"),
    "InvalidRestoreFault" 400: stage.refused(errors::invalid_restore("cannot be restored")),
    "InvalidSubnet" 400: {
        let group = stage.aurora.client.create_db_subnet_group().db_subnet_group_name("group");
        group.db_subnet_group_description("d").subnet_ids("subnet-1").subnet_ids("none")
    },
    "InvalidVPCNetworkStateFault" 400: stage.aurora.create("far").availability_zones("mars-1a"),
    "StorageTypeNotSupported" 400: stage.restore().storage_type("gp3"),
    "InvalidParameterCombination" 400: stage.restore().engine_version("99.9"),
    "InvalidParameterValue" 400: stage.restore().port(80),
    "AccessDenied" 403: stage.refused(errors::access_denied("not authorized")),
    "Throttling" 400: stage.refused(errors::throttling()),
    "ThrottlingException" 400: stage.refused(errors::throttling_exception()),
);

async fn every_wire_code_has_its_call_and_its_status(bed: Bed) -> Outcome {
    let stage = Stage::set(&bed).await?;
    // What goes away with its call comes last.
    let (last, first): (Vec<_>, Vec<_>) =
        CALLS.iter().partition(|(code, _)| *code == "InvalidDBInstanceState");
    for (code, status) in first.into_iter().chain(last) {
        let provoked = provoke(&stage, code).await;
        assert_eq!(provoked, (code.to_owned(), status));
        stage.set_quotas(Quotas::default());
    }
    // None of the refused calls has left anything.
    bed.seconds(HOUR).await?;
    let clusters = stage.aurora.client.describe_db_clusters().send().await.unwrap();
    let names = clusters.db_clusters().iter().filter_map(|c| c.db_cluster_identifier());
    assert_eq!(names.collect::<Vec<_>>(), ["new", "orders"]);
    Ok(())
}

async fn no_wire_code_of_the_rules_is_forgotten(_bed: Bed) -> Outcome {
    let rules = BTreeSet::from(RULES);
    let calls: BTreeSet<_> = CALLS.iter().copied().collect();
    assert_eq!(calls, rules);
    Ok(())
}
