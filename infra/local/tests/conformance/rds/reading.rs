//! Reading many at once.

use super::kit::{Aurora, filter, refused};
use crate::bed::{ACCOUNT, Bed, REGION, key_of};
use crate::fact::{Outcome, facts};
use aws_sdk_rds::operation::describe_db_cluster_snapshots::DescribeDbClusterSnapshotsOutput;

facts!("rds":
    a_filter_takes_100_ids_and_what_is_missing_is_simply_absent:
        "API DescribeDBClusters, Filters; API Filter",
    instances_are_found_by_their_cluster_and_by_their_ids: "API DescribeDBInstances, Filters",
    many_records_come_in_pages: "API DescribeDBClusterSnapshots, MaxRecords, Marker",
    accounts_and_regions_are_kept_apart:
        "AWS General Reference, Amazon RDS endpoints: Regions are independent",
    a_page_that_ends_with_the_last_record_has_no_marker:
        "API DescribeDBClusterSnapshots, MaxRecords, Marker",
    snapshots_are_found_by_cluster_type_and_id:
        "API DescribeDBClusterSnapshots, SnapshotType, Filters",
);

async fn a_filter_takes_100_ids_and_what_is_missing_is_simply_absent(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    aurora.available("c0").await?;
    aurora.create("c7").send().await.unwrap();
    let ids = |n: usize| filter("db-cluster-id", (0..n).map(|i| bed.name(&format!("c{i}"))));
    let found = aurora.client.describe_db_clusters().filters(ids(100)).send().await.unwrap();
    let names: Vec<_> =
        found.db_clusters().iter().filter_map(|c| c.db_cluster_identifier()).collect();
    assert_eq!(names, [bed.name("c0"), bed.name("c7")]);
    refused!(aurora.client.describe_db_clusters().filters(ids(101)), "InvalidParameterValue", 400);
    let unknown = aurora.client.describe_db_clusters().filters(filter("status", ["available"]));
    refused!(unknown, "InvalidParameterValue", 400);
    let arn = aurora.arn("cluster", "c7").await?;
    let by_arn = aurora.client.describe_db_clusters().filters(filter("db-cluster-id", [arn]));
    assert_eq!(by_arn.send().await.unwrap().db_clusters().len(), 1);
    Ok(())
}

async fn instances_are_found_by_their_cluster_and_by_their_ids(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    aurora.serving("a").await?;
    aurora.serving("b").await?;
    aurora.instance("b-2", "b").send().await.unwrap();
    let find = |name: &str, values: &[&str]| {
        aurora.client.describe_db_instances().filters(filter(name, values.to_vec())).send()
    };
    assert_eq!(find("db-cluster-id", &["b"]).await.unwrap().db_instances().len(), 2);
    let both = find("db-instance-id", &["a-1", "b-2", "none"]).await.unwrap();
    assert_eq!(both.db_instances().len(), 2);
    let record = bed.cloud()?.world().meter.recent().last().unwrap().clone();
    assert_eq!((record.resource.as_str(), record.items), ("3 ids", 2));
    Ok(())
}

async fn many_records_come_in_pages(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    for n in 0..45 {
        aurora.seed(&format!("snap-{n:02}"), "16.4")?;
    }
    let mut names = Vec::new();
    let mut marker = None;
    let mut sizes = Vec::new();
    loop {
        let page = aurora.client.describe_db_cluster_snapshots().max_records(20).set_marker(marker);
        let page = page.send().await.unwrap();
        sizes.push(page.db_cluster_snapshots().len());
        let ids = page.db_cluster_snapshots().iter();
        names.extend(ids.map(|s| s.db_cluster_snapshot_identifier().unwrap().to_owned()));
        marker = page.marker;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [20, 20, 5]);
    assert_eq!(names.len(), 45);
    assert!(names.is_sorted());
    for wrong in [19, 101] {
        let page = aurora.client.describe_db_cluster_snapshots().max_records(wrong);
        refused!(page, "InvalidParameterValue", 400);
    }
    let marker = aurora.client.describe_db_cluster_snapshots().marker("made-up");
    refused!(marker, "InvalidParameterValue", 400);
    Ok(())
}

async fn accounts_and_regions_are_kept_apart(bed: Bed) -> Outcome {
    bed.cloud()?; // Other accounts need keys.
    let aurora = Aurora::on(&bed)?;
    aurora.create("orders").send().await.unwrap();
    for (account, region) in [("222222222222", REGION), (ACCOUNT, "eu-west-1")] {
        let elsewhere = bed.rds_as(key_of(account), region);
        assert!(elsewhere.describe_db_clusters().send().await.unwrap().db_clusters().is_empty());
        let elsewhere = aurora.as_client(elsewhere);
        elsewhere.create("orders").send().await.unwrap();
    }
    Ok(())
}

async fn a_page_that_ends_with_the_last_record_has_no_marker(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    for n in 0..20 {
        aurora.seed(&format!("snap-{n:02}"), "16.4")?;
    }
    let page = aurora.client.describe_db_cluster_snapshots().max_records(20).send().await.unwrap();
    assert_eq!((page.db_cluster_snapshots().len(), page.marker()), (20, None));
    Ok(())
}

async fn snapshots_are_found_by_cluster_type_and_id(bed: Bed) -> Outcome {
    let aurora = Aurora::on(&bed)?;
    aurora.seed("snap", "16.4")?;
    aurora.available("other").await?;
    aurora.take("other", "other-snap").send().await.unwrap();
    let all = || aurora.client.describe_db_cluster_snapshots();
    let count = |found: DescribeDbClusterSnapshotsOutput| found.db_cluster_snapshots().len();
    assert_eq!(count(all().send().await.unwrap()), 2);
    assert_eq!(count(all().db_cluster_identifier(bed.name("orders")).send().await.unwrap()), 1);
    assert_eq!(count(all().db_cluster_identifier(bed.name("none")).send().await.unwrap()), 0);
    assert_eq!(count(all().snapshot_type("manual").send().await.unwrap()), 2);
    assert_eq!(count(all().snapshot_type("automated").send().await.unwrap()), 0);
    let ids = filter("db-cluster-snapshot-id", ["snap", "none"]);
    assert_eq!(count(all().filters(ids).send().await.unwrap()), 1);
    let of = filter("db-cluster-id", ["other", "orders"]);
    assert_eq!(count(all().filters(of).send().await.unwrap()), 2);
    let both = all()
        .db_cluster_identifier(bed.name("other"))
        .db_cluster_snapshot_identifier(bed.name("snap"));
    refused!(both, "InvalidParameterCombination", 400);
    refused!(all().snapshot_type("odd"), "InvalidParameterValue", 400);
    Ok(())
}
