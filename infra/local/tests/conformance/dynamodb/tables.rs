//! Tables.

use super::{Table, create, n, refusal, s};
use crate::bed::{ACCOUNT, Bed, REGION, key_of};
use crate::fact::{Outcome, facts};
use aws_sdk_dynamodb::types::{
    IndexStatus, TableStatus, TimeToLiveSpecification, TimeToLiveStatus,
};

facts!("dynamodb":
    a_table_is_created_once_described_listed_and_deleted:
        "API CreateTable, DescribeTable, ListTables, DeleteTable",
    tables_count_their_items_in_a_while: "API TableDescription: ItemCount",
    tables_are_kept_apart_by_account_and_region: "DG, Core components: tables and Regions",
    time_to_live_removes_items_late: "DG, Using time to live: within a few days",
    what_is_not_implemented_is_refused_by_name: "the local cloud: never a silent success",
);

async fn a_table_is_created_once_described_listed_and_deleted(bed: Bed) -> Outcome {
    let start_ms = bed.now_ms();
    let table = Table::new(&bed).await;
    let (code, _) = refusal(create(&table.client, &table.name).send().await);
    assert_eq!(code, "ResourceInUseException");
    table.put("job#1", "state", &[("due_shard", s("r#0")), ("due_at", n(1))]).await;

    let describe = table.client.describe_table().table_name(&table.name);
    let about = describe.clone().send().await.unwrap().table.unwrap();
    assert_eq!(about.table_status(), Some(&TableStatus::Active));
    let created_ms = about.creation_date_time().unwrap().to_millis().unwrap();
    let between = start_ms - bed.skew_ms()..=bed.now_ms() + bed.skew_ms();
    assert!(between.contains(&created_ms), "{created_ms}");
    let (region, account) = (bed.region(), bed.account().await?);
    let arn = format!("arn:aws:dynamodb:{region}:{account}:table/{}", table.name);
    assert_eq!(about.table_arn(), Some(arn.as_str()));
    let indexes = about.global_secondary_indexes();
    let due = indexes.iter().find(|i| i.index_name() == Some("due")).unwrap();
    assert_eq!(due.index_status(), Some(&IndexStatus::Active));
    assert_eq!(due.projection().unwrap().non_key_attributes(), ["seq"]);

    let pages = table.client.list_tables().into_paginator().items().send();
    let names = pages.collect::<Result<Vec<_>, _>>().await.unwrap();
    assert!(names.contains(&table.name));
    table.client.delete_table().table_name(&table.name).send().await.unwrap();
    bed.settled().await;
    let missing = table.client.describe_table().table_name(&table.name).send().await;
    assert!(missing.unwrap_err().into_service_error().is_resource_not_found_exception());
    let missing = table.client.get_item().table_name(&table.name).key("pk", s("a")).send().await;
    assert!(missing.unwrap_err().into_service_error().is_resource_not_found_exception());
    Ok(())
}

async fn tables_count_their_items_in_a_while(bed: Bed) -> Outcome {
    bed.cloud()?; // AWS counts every six hours.
    let table = Table::new(&bed).await;
    table.put("job#1", "state", &[("due_shard", s("r#0")), ("due_at", n(1))]).await;
    table.put("job#2", "state", &[]).await;
    let describe = table.client.describe_table().table_name(&table.name).send();
    let about = describe.await.unwrap().table.unwrap();
    assert_eq!(about.item_count(), Some(2));
    assert_eq!(about.global_secondary_indexes()[0].item_count(), Some(1));
    Ok(())
}

async fn tables_are_kept_apart_by_account_and_region(bed: Bed) -> Outcome {
    bed.cloud()?; // Other accounts need keys.
    Table::new(&bed).await;
    for (account, region) in [("222222222222", REGION), (ACCOUNT, "eu-west-1")] {
        let other = bed.dynamodb_as(key_of(account), region);
        assert!(other.list_tables().send().await.unwrap().table_names().is_empty());
    }
    Ok(())
}

async fn time_to_live_removes_items_late(bed: Bed) -> Outcome {
    bed.cloud()?; // Elsewhere it takes days.
    let table = Table::new(&bed).await;
    let ttl = TimeToLiveSpecification::builder().enabled(true).attribute_name("expires");
    let ttl = ttl.build().unwrap();
    let enable =
        table.client.update_time_to_live().table_name(&table.name).time_to_live_specification(ttl);
    enable.clone().send().await.unwrap();
    assert_eq!(refusal(enable.send().await).1, "TimeToLive is already enabled");
    let described =
        table.client.describe_time_to_live().table_name(&table.name).send().await.unwrap();
    let described = described.time_to_live_description.unwrap();
    assert_eq!(described.time_to_live_status(), Some(&TimeToLiveStatus::Enabled));
    assert_eq!(described.attribute_name(), Some("expires"));
    let soon = bed.now_ms() / 1000 + 60;
    table
        .put("job#1", "state", &[("expires", n(soon)), ("due_shard", s("r#0")), ("due_at", n(1))])
        .await;
    bed.seconds(47 * 3600).await?;
    assert!(table.get("job#1").await.is_some(), "an expired item is still there for long");
    bed.seconds(2 * 3600).await?;
    assert_eq!(table.get("job#1").await, None);
    assert!(table.due("r#0").await.is_empty());
    Ok(())
}

async fn what_is_not_implemented_is_refused_by_name(bed: Bed) -> Outcome {
    bed.cloud()?; // AWS has them all.
    let table = Table::new(&bed).await;
    let transaction =
        table.client.transact_write_items().set_transact_items(Some(vec![])).send().await;
    let (code, text) = refusal(transaction);
    assert_eq!(code, "UnknownOperationException");
    assert!(text.contains("TransactWriteItems"), "{text}");
    let segment =
        table.client.scan().table_name(&table.name).segment(0).total_segments(2).send().await;
    let (code, text) = refusal(segment);
    assert_eq!(code, "ValidationException");
    assert!(text.contains("does not implement the parameter Segment"), "{text}");
    Ok(())
}
