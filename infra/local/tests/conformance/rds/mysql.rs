//! Aurora MySQL beside Aurora PostgreSQL: versions, groups, names, logs.

use super::engines_kit::{MYSQL, POSTGRESQL, Stage, refused};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use aws_sdk_rds::types::{CloudwatchLogsExportConfiguration, Filter};

facts!("rds":
    each_engine_has_its_own_default_port: "API CreateDBCluster, Port",
    an_omitted_version_becomes_the_default_of_the_engine: "API CreateDBCluster, EngineVersion",
    a_bare_major_version_means_a_version_of_that_engine: "UG Aurora versions",
    a_version_of_the_other_engine_is_refused: "API CreateDBCluster, EngineVersion",
    an_engine_that_is_not_aurora_is_refused: "API CreateDBCluster, Engine",
    a_mysql_master_user_name_has_at_most_16_characters: "API CreateDBCluster, MasterUsername",
    reserved_words_depend_on_the_engine: "API CreateDBCluster, MasterUsername, DatabaseName",
    a_mysql_master_password_has_at_most_41_characters: "API CreateDBCluster, MasterUserPassword",
    logs_that_can_be_exported_depend_on_the_engine:
        "API CreateDBCluster, EnableCloudwatchLogsExports",
    exported_logs_can_be_changed: "API ModifyDBCluster, CloudwatchLogsExportConfiguration",
    a_parameter_group_must_be_of_the_family_of_the_version:
        "API CreateDBCluster, DBClusterParameterGroupName",
    a_snapshot_keeps_the_engine_and_cannot_be_restored_as_another:
        "API RestoreDBClusterFromSnapshot, Engine",
    an_instance_is_of_the_engine_of_its_cluster: "API CreateDBInstance, Engine",
    a_filter_by_engine_finds_only_that_engine: "API DescribeDBClusters, Filters",
    an_upgrade_goes_to_a_later_version_of_the_same_engine: "API ModifyDBCluster, EngineVersion",
    engine_versions_tell_family_default_and_upgrade_targets: "API DescribeDBEngineVersions",
    a_backtrack_window_is_kept_and_shown: "API CreateDBCluster, BacktrackWindow",
    a_backtrack_window_is_at_most_72_hours: "API CreateDBCluster, BacktrackWindow",
    aurora_postgresql_cannot_be_backtracked: "API CreateDBCluster, BacktrackWindow",
    backtracking_is_turned_on_at_restore_or_never: "UG Backtracking an Aurora DB cluster",
);

/// The default of the local cloud; elsewhere the facts only ask whether it is of the engine.
const DEFAULT: &str = "8.0.mysql_aurora.";

async fn each_engine_has_its_own_default_port(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    stage.create(MYSQL, "my").send().await.unwrap();
    stage.create(POSTGRESQL, "pg").send().await.unwrap();
    let (my, pg) = (stage.cluster("my").await, stage.cluster("pg").await);
    assert_eq!((my.engine(), my.port()), (Some(MYSQL), Some(3306)));
    assert_eq!((pg.engine(), pg.port()), (Some(POSTGRESQL), Some(5432)));
    Ok(())
}

async fn an_omitted_version_becomes_the_default_of_the_engine(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    stage.create(MYSQL, "my").send().await.unwrap();
    let default = stage.client.describe_db_engine_versions().engine(MYSQL).default_only(true);
    let default = default.send().await.unwrap();
    let default = default.db_engine_versions()[0].engine_version().unwrap();
    assert!(default.starts_with(DEFAULT), "{default}");
    let cluster = stage.cluster("my").await;
    assert_eq!(cluster.engine_version(), Some(default));
    assert_eq!(cluster.db_cluster_parameter_group(), Some("default.aurora-mysql8.0"));
    Ok(())
}

async fn a_bare_major_version_means_a_version_of_that_engine(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    stage.create(MYSQL, "my").engine_version("8.0").send().await.unwrap();
    let version = stage.cluster("my").await.engine_version.unwrap();
    assert!(version.starts_with(DEFAULT), "{version}");
    Ok(())
}

async fn a_version_of_the_other_engine_is_refused(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    let postgresql = stage.create(MYSQL, "a").engine_version("16.6");
    refused!(postgresql, "InvalidParameterCombination", 400);
    let mysql = stage.create(POSTGRESQL, "a").engine_version("8.0.mysql_aurora.3.10.3");
    refused!(mysql, "InvalidParameterCombination", 400);
    let gone = stage.create(MYSQL, "a").engine_version("5.7.mysql_aurora.2.07.1");
    refused!(gone, "InvalidParameterCombination", 400);
    Ok(())
}

async fn an_engine_that_is_not_aurora_is_refused(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    refused!(stage.create("aurora", "a"), "InvalidParameterValue", 400);
    Ok(())
}

async fn a_mysql_master_user_name_has_at_most_16_characters(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    let long = stage.create(MYSQL, "my").master_username("a".repeat(17));
    refused!(long, "InvalidParameterValue", 400);
    stage.create(MYSQL, "my").master_username("a".repeat(16)).send().await.unwrap();
    Ok(())
}

async fn reserved_words_depend_on_the_engine(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    let admin = |engine, id| stage.create(engine, id).master_username("admin");
    refused!(admin(POSTGRESQL, "pg"), "InvalidParameterValue", 400);
    admin(MYSQL, "my").send().await.unwrap();
    let sys = |engine, id| stage.create(engine, id).database_name("sys");
    refused!(sys(MYSQL, "my-2"), "InvalidParameterValue", 400);
    sys(POSTGRESQL, "pg").send().await.unwrap();
    refused!(stage.create(MYSQL, "x").master_username("rdsadmin"), "InvalidParameterValue", 400);
    Ok(())
}

async fn a_mysql_master_password_has_at_most_41_characters(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    let long = "p".repeat(42);
    let my = stage.create(MYSQL, "my").master_user_password(&long);
    refused!(my, "InvalidParameterValue", 400);
    stage.create(POSTGRESQL, "pg").master_user_password(&long).send().await.unwrap();
    stage.available(MYSQL, "my").await?;
    refused!(stage.modify("my").master_user_password(&long), "InvalidParameterValue", 400);
    Ok(())
}

async fn logs_that_can_be_exported_depend_on_the_engine(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    let with = |engine, id, log: &str| stage.create(engine, id).enable_cloudwatch_logs_exports(log);
    refused!(with(POSTGRESQL, "a", "audit"), "InvalidParameterCombination", 400);
    refused!(with(MYSQL, "a", "postgresql"), "InvalidParameterCombination", 400);
    let logs = ["audit", "error", "general", "iam-db-auth-error", "instance", "slowquery"];
    let create = logs
        .iter()
        .fold(stage.create(MYSQL, "my"), |create, log| create.enable_cloudwatch_logs_exports(*log));
    create.send().await.unwrap();
    assert_eq!(stage.cluster("my").await.enabled_cloudwatch_logs_exports(), logs);
    Ok(())
}

async fn exported_logs_can_be_changed(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    stage.create(MYSQL, "my").enable_cloudwatch_logs_exports("error").send().await.unwrap();
    stage.hour().await?;
    let change = CloudwatchLogsExportConfiguration::builder();
    let change = change.enable_log_types("slowquery").disable_log_types("error").build();
    let modify = stage.modify("my").cloudwatch_logs_export_configuration(change);
    modify.send().await.unwrap();
    assert_eq!(stage.cluster("my").await.enabled_cloudwatch_logs_exports(), ["slowquery"]);
    Ok(())
}

async fn a_parameter_group_must_be_of_the_family_of_the_version(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    let group = stage.bed.name("tuned");
    let make = stage.client.create_db_cluster_parameter_group().description("d");
    let make = make.db_cluster_parameter_group_name(&group);
    make.db_parameter_group_family("aurora-mysql8.0").send().await.unwrap();
    let with = |engine, id| stage.create(engine, id).db_cluster_parameter_group_name(&group);
    refused!(with(POSTGRESQL, "pg"), "InvalidParameterCombination", 400);
    with(MYSQL, "my").send().await.unwrap();
    assert_eq!(stage.cluster("my").await.db_cluster_parameter_group(), Some(group.as_str()));
    Ok(())
}

async fn a_snapshot_keeps_the_engine_and_cannot_be_restored_as_another(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    stage.available(MYSQL, "my").await?;
    stage.snapshot("snap", "my").await?;
    let found = stage.client.describe_db_cluster_snapshots();
    let found = found.db_cluster_snapshot_identifier(stage.bed.name("snap")).send().await.unwrap();
    let snapshot = &found.db_cluster_snapshots()[0];
    assert_eq!((snapshot.engine(), snapshot.port()), (Some(MYSQL), Some(3306)));
    refused!(stage.restore(POSTGRESQL, "copy", "snap"), "InvalidParameterValue", 400);
    stage.restore(MYSQL, "copy", "snap").send().await.unwrap();
    let copy = stage.cluster("copy").await;
    assert_eq!((copy.engine(), copy.port()), (Some(MYSQL), Some(3306)));
    Ok(())
}

async fn an_instance_is_of_the_engine_of_its_cluster(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    stage.available(MYSQL, "my").await?;
    refused!(stage.add(POSTGRESQL, "my-1", "my"), "InvalidParameterCombination", 400);
    stage.join(MYSQL, "my-1", "my").await?;
    let instance = stage.instance("my-1").await;
    assert_eq!(instance.engine(), Some(MYSQL));
    assert_eq!(instance.license_model(), Some("general-public-license"));
    assert_eq!(instance.endpoint().and_then(|e| e.port()), Some(3306));
    Ok(())
}

async fn a_filter_by_engine_finds_only_that_engine(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    stage.create(MYSQL, "my").send().await.unwrap();
    stage.create(POSTGRESQL, "pg").send().await.unwrap();
    let filter = |name: &str, values: &[String]| {
        Filter::builder().name(name).set_values(Some(values.to_vec())).build()
    };
    let ours = filter("db-cluster-id", &["my", "pg"].map(|id| stage.bed.name(id)));
    let describe = stage.client.describe_db_clusters().filters(ours);
    let found = describe.filters(filter("engine", &[MYSQL.into()])).send().await.unwrap();
    let ids: Vec<_> = found.db_clusters().iter().filter_map(|c| c.engine()).collect();
    assert_eq!(ids, [MYSQL]);
    Ok(())
}

async fn an_upgrade_goes_to_a_later_version_of_the_same_engine(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    let (old, new) = ("8.0.mysql_aurora.3.04.3", "8.0.mysql_aurora.3.10.0");
    stage.create(MYSQL, "my").engine_version(old).send().await.unwrap();
    stage.hour().await?;
    refused!(stage.modify("my").engine_version("17.4"), "InvalidParameterCombination", 400);
    stage.modify("my").engine_version(new).send().await.unwrap();
    assert_eq!(stage.status("my").await, "upgrading");
    stage.hour().await?;
    assert_eq!(stage.cluster("my").await.engine_version(), Some(new));
    refused!(stage.modify("my").engine_version(old), "InvalidParameterCombination", 400);
    Ok(())
}

async fn engine_versions_tell_family_default_and_upgrade_targets(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    let all = stage.client.describe_db_engine_versions().engine(MYSQL).engine_version("8.0");
    let all = all.send().await.unwrap();
    assert!(all.db_engine_versions().len() > 3);
    for version in all.db_engine_versions() {
        assert_eq!(version.db_parameter_group_family(), Some("aurora-mysql8.0"));
        let engines = version.valid_upgrade_target().iter().map(|t| t.engine());
        assert!(engines.into_iter().all(|engine| engine == Some(MYSQL)));
    }
    Ok(())
}

async fn a_backtrack_window_is_kept_and_shown(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    stage.create(MYSQL, "my").backtrack_window(3_600).send().await.unwrap();
    stage.create(MYSQL, "none").send().await.unwrap();
    stage.create(POSTGRESQL, "pg").send().await.unwrap();
    assert_eq!(stage.cluster("my").await.backtrack_window(), Some(3_600));
    assert_eq!(stage.cluster("none").await.backtrack_window(), Some(0));
    assert_eq!(stage.cluster("pg").await.backtrack_window(), None);
    Ok(())
}

async fn a_backtrack_window_is_at_most_72_hours(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    let with = |seconds| stage.create(MYSQL, "my").backtrack_window(seconds);
    refused!(with(259_201), "InvalidParameterValue", 400);
    refused!(with(-1), "InvalidParameterValue", 400);
    with(259_200).send().await.unwrap();
    Ok(())
}

async fn aurora_postgresql_cannot_be_backtracked(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    let create = stage.create(POSTGRESQL, "pg").backtrack_window(60);
    refused!(create, "InvalidParameterCombination", 400);
    Ok(())
}

async fn backtracking_is_turned_on_at_restore_or_never(bed: Bed) -> Outcome {
    let stage = Stage::new(bed);
    stage.available(MYSQL, "my").await?;
    refused!(stage.modify("my").backtrack_window(60), "InvalidParameterCombination", 400);
    stage.snapshot("snap", "my").await?;
    stage.restore(MYSQL, "copy", "snap").backtrack_window(60).send().await.unwrap();
    assert_eq!(stage.cluster("copy").await.backtrack_window(), Some(60));
    stage.hour().await?;
    stage.modify("copy").backtrack_window(120).send().await.unwrap();
    assert_eq!(stage.cluster("copy").await.backtrack_window(), Some(120));
    Ok(())
}
