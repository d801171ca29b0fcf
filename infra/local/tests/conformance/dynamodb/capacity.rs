//! What calls cost.

use super::{Table, n, s, used};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;

facts!("dynamodb":
    consumed_capacity_counts_the_table_and_each_index_that_changed:
        "DG, Capacity unit consumption for write operations; DG, Using global secondary indexes",
    reads_cost_by_4_kib_and_half_when_eventually_consistent:
        "DG, Capacity unit consumption for read operations",
);

async fn consumed_capacity_counts_the_table_and_each_index_that_changed(bed: Bed) -> Outcome {
    let table = Table::new(&bed).await;
    let costs = [
        ("SET due_shard = :s, due_at = :one, seq = :one", 1.0, Some(1.0)),
        ("SET misc = :s", 1.0, None),
        ("SET seq = :two", 1.0, Some(1.0)),
        ("SET seq = :two", 1.0, None),
        ("SET due_at = :two", 1.0, Some(2.0)),
        ("REMOVE due_shard", 1.0, Some(1.0)),
        ("SET misc = :big", 3.0, None),
        ("SET misc = :s", 3.0, None),
    ];
    for (expression, units, due) in costs {
        let mut update = table.update("job#1", expression);
        let values =
            [(":s", s("r#0")), (":one", n(1)), (":two", n(2)), (":big", s("x".repeat(2500)))];
        for (name, value) in values {
            if used(expression, ':').contains(&name) {
                update = update.expression_attribute_values(name, value);
            }
        }
        let update = update.return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        let consumed = update.send().await.unwrap().consumed_capacity.unwrap();
        assert_eq!(consumed.table().unwrap().capacity_units(), Some(units), "{expression}");
        let indexes = consumed.global_secondary_indexes();
        let of_due = indexes.and_then(|i| i.get("due")).and_then(|c| c.capacity_units());
        assert_eq!(of_due, due, "{expression}");
        assert!(indexes.is_none_or(|i| !i.contains_key("watching")));
        assert_eq!(consumed.capacity_units(), Some(units + due.unwrap_or(0.0)));
    }
    Ok(())
}

async fn reads_cost_by_4_kib_and_half_when_eventually_consistent(bed: Bed) -> Outcome {
    let table = Table::new(&bed).await;
    table.put("job#1", "state", &[("fill", s("x".repeat(5000)))]).await;
    for (consistent, units) in [(true, 2.0), (false, 1.0)] {
        let get = table
            .client
            .get_item()
            .table_name(&table.name)
            .key("pk", s("job#1"))
            .key("sk", s("state"));
        let get = get.consistent_read(consistent);
        let get = get.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.unwrap();
        assert_eq!(get.consumed_capacity.unwrap().capacity_units(), Some(units));
    }
    Ok(())
}
