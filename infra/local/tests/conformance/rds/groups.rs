//! Tags, groups, versions.

use super::kit::{Aurora, PG, refused, tag};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};

facts!("rds":
    tags_are_added_listed_and_removed:
        "API AddTagsToResource, ListTagsForResource, RemoveTagsFromResource",
    default_groups_are_always_there_and_new_names_are_taken_once:
        "API CreateDBSubnetGroup, CreateDBClusterParameterGroup: Errors",
    engine_versions_are_told_with_the_default: "API DescribeDBEngineVersions, DefaultOnly",
);

async fn tags_are_added_listed_and_removed(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    aurora.serving("orders").await?;
    aurora.seed("snap", "16.4")?;
    for (kind, name) in [("cluster", "orders"), ("db", "orders-1"), ("cluster-snapshot", "snap")] {
        let arn = aurora.arn(kind, name).await?;
        let add = aurora.client.add_tags_to_resource().resource_name(&arn).tags(tag("a", "1"));
        add.tags(tag("team", "b c")).send().await.unwrap();
        let remove = aurora.client.remove_tags_from_resource().resource_name(&arn).tag_keys("a");
        remove.send().await.unwrap();
        let left = aurora.client.list_tags_for_resource().resource_name(&arn).send().await.unwrap();
        assert_eq!(left.tag_list(), [tag("team", "b c")], "{name}");
    }
    let list = |arn: &str| aurora.client.list_tags_for_resource().resource_name(arn);
    refused!(list(&aurora.arn("cluster", "x").await?), "DBClusterNotFoundFault", 404);
    refused!(list(&aurora.arn("db", "x").await?), "DBInstanceNotFound", 404);
    refused!(list("orders"), "InvalidParameterValue", 400);
    let foreign = aurora.arn("cluster", "orders").await?.replace(&bed.region(), "eu-west-1");
    refused!(list(&foreign), "InvalidParameterValue", 400);
    Ok(())
}

async fn default_groups_are_always_there_and_new_names_are_taken_once(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    bed.cloud()?; // Its subnets are made up.
    let subnets = aurora.client.describe_db_subnet_groups().db_subnet_group_name("default");
    let subnets = subnets.send().await.unwrap();
    assert_eq!(subnets.db_subnet_groups()[0].subnets().len(), 3);
    let parameters = aurora.client.describe_db_cluster_parameter_groups().send().await.unwrap();
    assert_eq!(parameters.db_cluster_parameter_groups().len(), 5);
    let make = || {
        let make = aurora.client.create_db_cluster_parameter_group().description("d");
        let make = make.db_cluster_parameter_group_name(bed.name("tuned"));
        make.db_parameter_group_family("aurora-postgresql16")
    };
    make().send().await.unwrap();
    refused!(make(), "DBParameterGroupAlreadyExists", 400);
    let odd = make().db_parameter_group_family("aurora-postgresql3");
    refused!(odd, "InvalidParameterValue", 400);
    let make = || {
        let make = aurora.client.create_db_subnet_group().db_subnet_group_name(bed.name("g"));
        make.db_subnet_group_description("d").subnet_ids("subnet-1").subnet_ids("subnet-2")
    };
    make().send().await.unwrap();
    refused!(make(), "DBSubnetGroupAlreadyExists", 400);
    Ok(())
}

async fn engine_versions_are_told_with_the_default(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    let all = aurora.client.describe_db_engine_versions().engine(PG).send().await.unwrap();
    assert!(all.db_engine_versions().len() > 10);
    let default = aurora.client.describe_db_engine_versions().engine(PG).default_only(true);
    let default = default.send().await.unwrap();
    assert_eq!(default.db_engine_versions().len(), 1);
    bed.cloud()?; // The versions differ from year to year.
    assert_eq!(default.db_engine_versions()[0].engine_version(), Some("16.6"));
    let one = aurora.client.describe_db_engine_versions().engine(PG).engine_version("16.4");
    let one = one.send().await.unwrap();
    let targets = one.db_engine_versions()[0].valid_upgrade_target();
    assert!(targets.iter().any(|t| t.is_major_version_upgrade() == Some(true)));
    Ok(())
}
