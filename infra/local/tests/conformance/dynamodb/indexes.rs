//! Secondary indexes.

use super::{Table, n, refusal, s};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use aurora_restore_local::settings::WorldSettings;
use aws_sdk_dynamodb::types::Select;

facts!("dynamodb":
    only_items_with_the_index_key_are_in_a_sparse_index_in_key_order:
        "DG, Take advantage of sparse indexes",
    an_index_shows_the_table_as_it_was_a_lag_ago [lagging]:
        "DG, Using global secondary indexes: eventual consistency",
    an_index_pages_across_equal_keys_without_loss_or_repeat: "DG, Paginating table query results",
    an_index_is_never_read_consistently_and_gives_only_what_it_holds:
        "DG, Using global secondary indexes: projections",
);

/// A cloud whose indexes are a minute late.
fn lagging() -> WorldSettings {
    WorldSettings { index_lag_ms: 60_000, ..WorldSettings::default() }
}

async fn only_items_with_the_index_key_are_in_a_sparse_index_in_key_order(bed: Bed) -> Outcome {
    let table = Table::new(&bed).await;
    for (pk, at) in [("job#1", 30), ("job#2", 9), ("job#3", 2000)] {
        table.put(pk, "state", &[("due_shard", s("r#0")), ("due_at", n(at))]).await;
    }
    table.put("job#4", "state", &[("due_shard", s("r#0"))]).await;
    table.put("job#5", "state", &[("due_shard", s("r#1")), ("due_at", n(1))]).await;
    assert_eq!(table.due("r#0").await, ["job#2", "job#1"]);
    table.update("job#2", "REMOVE due_shard, due_at").send().await.unwrap();
    assert_eq!(table.due("r#0").await, ["job#1"]);
    let scan = table.client.scan().table_name(&table.name).index_name("due").send().await.unwrap();
    assert_eq!(scan.count(), 3);
    assert!(!scan.items().iter().any(|item| item.contains_key("misc")));
    Ok(())
}

async fn an_index_shows_the_table_as_it_was_a_lag_ago(bed: Bed) -> Outcome {
    let table = Table::new(&bed).await;
    table.put("job#1", "state", &[("due_shard", s("r#0")), ("due_at", n(1))]).await;
    assert!(table.due("r#0").await.is_empty());
    assert!(table.get("job#1").await.is_some(), "the table itself does not lag");
    bed.seconds(60).await?;
    assert_eq!(table.due("r#0").await, ["job#1"]);
    table.delete("job#1").await;
    bed.seconds(40).await?;
    assert_eq!(table.due("r#0").await, ["job#1"], "the index does not know yet");
    bed.seconds(20).await?;
    assert!(table.due("r#0").await.is_empty());
    Ok(())
}

async fn an_index_pages_across_equal_keys_without_loss_or_repeat(bed: Bed) -> Outcome {
    let table = Table::new(&bed).await;
    for i in 0..5 {
        let due = [("due_shard", s("r#0")), ("due_at", n(1))];
        table.put(&format!("job#{i}"), "state", &due).await;
    }
    bed.settled().await;
    let pages = table
        .client
        .query()
        .table_name(&table.name)
        .index_name("due")
        .key_condition_expression("due_shard = :s")
        .expression_attribute_values(":s", s("r#0"))
        .limit(2)
        .into_paginator()
        .items()
        .send();
    let items = pages.collect::<Result<Vec<_>, _>>().await.unwrap();
    let found: Vec<_> = items.iter().map(|item| item["pk"].as_s().unwrap().as_str()).collect();
    let mut found = found;
    found.sort_unstable();
    assert_eq!(found, ["job#0", "job#1", "job#2", "job#3", "job#4"]);
    Ok(())
}

async fn an_index_is_never_read_consistently_and_gives_only_what_it_holds(bed: Bed) -> Outcome {
    let table = Table::new(&bed).await;
    let query = || {
        table
            .client
            .query()
            .table_name(&table.name)
            .index_name("watching")
            .key_condition_expression("watch_scope = :w")
            .expression_attribute_values(":w", s("a#r"))
    };
    for (query, expected) in [
        (query().consistent_read(true), "Consistent reads are not supported"),
        (query().projection_expression("pk, seq"), "does not project [seq]"),
        (query().select(Select::AllAttributes), "projection type is not ALL"),
        (query().index_name("nope"), "does not have the specified index: nope"),
    ] {
        let (code, text) = refusal(query.send().await);
        assert_eq!(code, "ValidationException");
        assert!(text.contains(expected), "{text}");
    }
    Ok(())
}
