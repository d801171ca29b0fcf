//! What the local cloud notes about calls: what they were about and what they cost.

use super::{Table, n, refusal, s};
use crate::bed::Bed;
use crate::fact::{Outcome, Skip, facts};
use aurora_restore_local::meter::CallRecord;
use aws_sdk_dynamodb::types::{KeysAndAttributes, PutRequest, Select, WriteRequest};

facts!("dynamodb":
    a_failed_condition_costs_the_size_of_the_item:
        "DG, Capacity unit consumption for write operations: conditional writes",
    reads_are_noted_with_their_units: "DG, Capacity unit consumption for read operations",
    queries_are_noted_with_their_partition_or_index:
        "the local cloud: what `CallRecord::resource` says",
    batches_are_noted_with_all_their_items: "the local cloud: what `CallRecord::items` says",
);

fn last_call(bed: &Bed) -> Result<CallRecord, Skip> {
    Ok(bed.cloud()?.world().meter.recent().last().unwrap().clone())
}

async fn a_failed_condition_costs_the_size_of_the_item(bed: Bed) -> Outcome {
    bed.cloud()?;
    let table = Table::new(&bed).await;
    table.put("job#1", "state", &[("fill", s("x".repeat(2000)))]).await;
    for (pk, condition, units) in
        [("job#1", "attribute_not_exists(pk)", 2.0), ("job#9", "attribute_exists(pk)", 1.0)]
    {
        let update = table.update(pk, "REMOVE x").condition_expression(condition);
        assert_eq!(refusal(update.send().await).0, "ConditionalCheckFailedException");
        let call = last_call(&bed)?;
        assert_eq!((call.write_units, call.items), (units, 0));
        assert_eq!(call.outcome, "ConditionalCheckFailedException");
        assert_eq!(call.resource, format!("restores/{pk}/state"));
    }
    Ok(())
}

async fn reads_are_noted_with_their_units(bed: Bed) -> Outcome {
    bed.cloud()?;
    let table = Table::new(&bed).await;
    table.put("job#1", "state", &[("fill", s("x".repeat(5000)))]).await;
    table.get("job#1").await;
    assert_eq!(last_call(&bed)?.read_units, 2.0);
    table.get("absent").await;
    assert_eq!(last_call(&bed)?.read_units, 1.0);
    Ok(())
}

async fn queries_are_noted_with_their_partition_or_index(bed: Bed) -> Outcome {
    bed.cloud()?;
    let table = Table::new(&bed).await;
    for pk in ["job#1", "job#2"] {
        table.put(pk, "state", &[("due_shard", s("r#0")), ("due_at", n(1))]).await;
    }
    table.due("r#0").await;
    let call = last_call(&bed)?;
    assert_eq!((call.resource.as_str(), call.items, call.read_units), ("restores:due", 2, 0.5));
    let query = table.client.query().table_name(&table.name).select(Select::Count);
    let query = query.key_condition_expression("pk = :p");
    query.expression_attribute_values(":p", s("job#1")).send().await.unwrap();
    assert_eq!(last_call(&bed)?.resource, "restores/job#1");
    Ok(())
}

async fn batches_are_noted_with_all_their_items(bed: Bed) -> Outcome {
    bed.cloud()?;
    let table = Table::new(&bed).await;
    let put = |i: usize| {
        let put = PutRequest::builder().item("pk", s(format!("job#{i}"))).item("sk", s("state"));
        WriteRequest::builder().put_request(put.build().unwrap()).build()
    };
    let writes: Vec<_> = (0..25).map(put).collect();
    table.client.batch_write_item().request_items(&table.name, writes).send().await.unwrap();
    assert_eq!(last_call(&bed)?.items, 25);
    let key =
        |i: usize| [("pk".to_owned(), s(format!("job#{i}"))), ("sk".to_owned(), s("state"))].into();
    let keys = KeysAndAttributes::builder().set_keys(Some((0..100).map(key).collect()));
    let read = table.client.batch_get_item().request_items(&table.name, keys.build().unwrap());
    read.send().await.unwrap();
    let call = last_call(&bed)?;
    assert_eq!((call.items, call.read_units, call.resource.as_str()), (25, 50.0, "restores"));
    Ok(())
}
