//! Batches.

use super::{Table, refusal, s};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use aws_sdk_dynamodb::types::{
    DeleteRequest, KeysAndAttributes, PutRequest, ReturnConsumedCapacity, WriteRequest,
};

facts!("dynamodb":
    batches_write_and_read_several_items_within_their_limits: "API BatchWriteItem, BatchGetItem",
    a_batch_read_hands_back_the_keys_beyond_16_mib: "API BatchGetItem: UnprocessedKeys",
);

async fn batches_write_and_read_several_items_within_their_limits(bed: Bed) -> Outcome {
    let table = Table::new(&bed).await;
    let put = |i: usize| {
        let put = PutRequest::builder().item("pk", s(format!("job#{i}"))).item("sk", s("state"));
        WriteRequest::builder().put_request(put.build().unwrap()).build()
    };
    let write = |requests: Vec<WriteRequest>| {
        let write = table.client.batch_write_item().request_items(&table.name, requests);
        write.return_consumed_capacity(ReturnConsumedCapacity::Total).send()
    };
    let answer = write((0..25).map(put).collect()).await.unwrap();
    assert!(answer.unprocessed_items().is_none_or(|left| left.is_empty()));
    assert_eq!(answer.consumed_capacity()[0].capacity_units(), Some(25.0));
    assert_eq!(refusal(write((0..26).map(put).collect()).await).0, "ValidationException");
    assert!(refusal(write(vec![put(1), put(1)]).await).1.contains("duplicates"));
    let delete = DeleteRequest::builder().key("pk", s("job#0")).key("sk", s("state"));
    let delete = WriteRequest::builder().delete_request(delete.build().unwrap()).build();
    write(vec![delete, put(30)]).await.unwrap();

    let key = |i: usize| [("pk".to_owned(), s(format!("job#{i}"))), ("sk".to_owned(), s("state"))];
    let read = |count: usize| {
        let keys = (0..count).map(|i| key(i).into()).collect();
        let keys = KeysAndAttributes::builder().set_keys(Some(keys)).build().unwrap();
        let read = table.client.batch_get_item().request_items(&table.name, keys);
        read.return_consumed_capacity(ReturnConsumedCapacity::Total).send()
    };
    let answer = read(100).await.unwrap();
    assert_eq!(answer.responses().unwrap()[&table.name].len(), 25);
    assert_eq!(answer.consumed_capacity()[0].capacity_units(), Some(50.0));
    assert_eq!(refusal(read(101).await).0, "ValidationException");
    Ok(())
}

async fn a_batch_read_hands_back_the_keys_beyond_16_mib(bed: Bed) -> Outcome {
    let table = Table::new(&bed).await;
    for i in 0..50 {
        table.put(&format!("job#{i}"), "state", &[("fill", s("x".repeat(400_000)))]).await;
    }
    let key = |i: usize| [("pk".to_owned(), s(format!("job#{i}"))), ("sk".to_owned(), s("state"))];
    let keys = (0..50).map(|i| key(i).into()).collect();
    let keys = KeysAndAttributes::builder().set_keys(Some(keys)).projection_expression("pk");
    let keys = keys.build().unwrap();
    let first =
        table.client.batch_get_item().request_items(&table.name, keys).send().await.unwrap();
    assert_eq!(first.responses().unwrap()[&table.name].len(), 41);
    let left = first.unprocessed_keys.unwrap();
    assert_eq!(left[&table.name].keys().len(), 9);
    let rest = table.client.batch_get_item().set_request_items(Some(left)).send().await.unwrap();
    assert_eq!(rest.responses().unwrap()[&table.name].len(), 9);
    Ok(())
}
