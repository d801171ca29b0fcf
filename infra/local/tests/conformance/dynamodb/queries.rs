//! Reading many: pages and filters.

use super::{Table, n, refusal, s};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity, Select};

facts!("dynamodb":
    a_query_pages_by_limit_in_both_directions:
        "API Query: Limit, ScanIndexForward, ExclusiveStartKey",
    a_query_ends_its_page_at_1_mib: "API Query: 1 MB; DG, Paginating table query results",
    filters_drop_items_after_they_have_been_read_and_paid:
        "DG, Filter expressions for the query operation; API Scan: ScannedCount",
);

async fn a_query_pages_by_limit_in_both_directions(bed: Bed) -> Outcome {
    let table = Table::new(&bed).await;
    for i in 0..7 {
        table.put("job#1", &format!("event#{i}"), &[("i", n(i))]).await;
    }
    table.put("job#1", "state", &[]).await;
    table.put("job#2", "event#0", &[]).await;
    for (forward, expected) in [(true, [0, 1, 2, 3, 4, 5, 6]), (false, [6, 5, 4, 3, 2, 1, 0])] {
        let mut found = Vec::new();
        let mut start = None;
        let mut pages = 0;
        loop {
            let query = table
                .client
                .query()
                .table_name(&table.name)
                .key_condition_expression("pk = :p AND begins_with(sk, :e)")
                .expression_attribute_values(":p", s("job#1"))
                .expression_attribute_values(":e", s("event#"))
                .scan_index_forward(forward)
                .limit(3)
                .set_exclusive_start_key(start);
            let page = query.send().await.unwrap();
            assert!(page.count() <= 3);
            found.extend(
                page.items().iter().map(|item| item["i"].as_n().unwrap().parse::<i32>().unwrap()),
            );
            pages += 1;
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        assert_eq!((found.as_slice(), pages), (expected.as_slice(), 3));
    }
    Ok(())
}

fn units(consumed: Option<&ConsumedCapacity>) -> f64 {
    consumed.unwrap().capacity_units().unwrap()
}

async fn a_query_ends_its_page_at_1_mib(bed: Bed) -> Outcome {
    let table = Table::new(&bed).await;
    for i in 0..4 {
        table.put("job#1", &format!("e{i}"), &[("fill", s("x".repeat(300_000)))]).await;
    }
    let query = |start| {
        table
            .client
            .query()
            .table_name(&table.name)
            .key_condition_expression("pk = :p")
            .expression_attribute_values(":p", s("job#1"))
            .set_exclusive_start_key(start)
            .select(Select::Count)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
    };
    let first = query(None).await.unwrap();
    assert_eq!((first.count(), first.items().len()), (4, 0));
    assert_eq!(units(first.consumed_capacity()), 146.5);
    assert!(first.last_evaluated_key().is_some());
    let second = query(first.last_evaluated_key).await.unwrap();
    assert_eq!((second.count(), second.last_evaluated_key()), (0, None));
    assert_eq!(units(second.consumed_capacity()), 0.5);
    Ok(())
}

async fn filters_drop_items_after_they_have_been_read_and_paid(bed: Bed) -> Outcome {
    let table = Table::new(&bed).await;
    for i in 0..6 {
        table
            .put("job#1", &format!("e{i}"), &[("status", s(if i < 2 { "live" } else { "end" }))])
            .await;
    }
    let scan = table
        .client
        .scan()
        .table_name(&table.name)
        .filter_expression("#s = :live")
        .projection_expression("sk")
        .expression_attribute_names("#s", "status")
        .expression_attribute_values(":live", s("live"))
        .limit(4)
        .send()
        .await
        .unwrap();
    assert_eq!((scan.count(), scan.scanned_count()), (2, 4));
    assert_eq!(scan.items()[0].keys().collect::<Vec<_>>(), ["sk"]);
    assert_eq!(scan.last_evaluated_key().unwrap()["sk"], s("e3"));
    let by_key = table
        .client
        .query()
        .table_name(&table.name)
        .key_condition_expression("pk = :p")
        .filter_expression("sk = :p")
        .expression_attribute_values(":p", s("job#1"));
    let (code, text) = refusal(by_key.send().await);
    assert_eq!(code, "ValidationException");
    assert!(text.contains("Filter Expression can only contain non-primary key attributes"));
    Ok(())
}
