//! Batches.

use super::{Queue, bodies, handle};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
    SendMessageBatchRequestEntry,
};

facts!("sqs":
    a_batch_fails_entry_by_entry: "API SendMessageBatch: each entry succeeds or fails by itself",
    a_batch_that_is_wrong_as_a_whole_is_refused: "API SendMessageBatch: Errors",
    deletes_and_visibility_changes_come_in_batches_too:
        "API DeleteMessageBatch, ChangeMessageVisibilityBatch",
);

fn entry(id: &str, group: &str, body: String) -> SendMessageBatchRequestEntry {
    let entry = SendMessageBatchRequestEntry::builder().id(id).message_group_id(group);
    entry.message_deduplication_id(format!("{id}-{group}")).message_body(body).build().unwrap()
}

async fn a_batch_fails_entry_by_entry(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    let entries = vec![
        entry("one", "a", "1".into()),
        entry("two", "no spaces", "2".into()),
        entry("three", "a", "3".into()),
    ];
    let send = q.client.send_message_batch().queue_url(&q.url).set_entries(Some(entries));
    let sent = send.send().await.unwrap();
    let ids: Vec<_> = sent.successful().iter().map(|s| s.id()).collect();
    assert_eq!(ids, ["one", "three"]);
    let failed = &sent.failed()[0];
    assert_eq!((failed.id(), failed.code()), ("two", "InvalidParameterValue"));
    assert!(failed.sender_fault());
    assert_eq!(bodies(&q.receive(10).await), ["1", "3"]);
    Ok(())
}

async fn a_batch_that_is_wrong_as_a_whole_is_refused(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    let send = |entries: Vec<SendMessageBatchRequestEntry>| {
        q.client.send_message_batch().queue_url(&q.url).set_entries(Some(entries)).send()
    };
    let eleven = (0..11).map(|i| entry(&i.to_string(), "a", "x".into())).collect();
    let e = send(eleven).await.unwrap_err().into_service_error();
    assert!(e.is_too_many_entries_in_batch_request());
    let e = send(vec![]).await.unwrap_err().into_service_error();
    assert!(e.is_empty_batch_request());
    let twins = vec![entry("x", "a", "1".into()), entry("x", "b", "2".into())];
    let e = send(twins).await.unwrap_err().into_service_error();
    assert!(e.is_batch_entry_ids_not_distinct());
    let large = vec![entry("x", "a", "1".repeat(600_000)), entry("y", "b", "2".repeat(600_000))];
    let e = send(large).await.unwrap_err().into_service_error();
    assert!(e.is_batch_request_too_long());
    let e = send(vec![entry("x y", "a", "1".into())]).await.unwrap_err().into_service_error();
    assert!(e.is_invalid_batch_entry_id());
    Ok(())
}

async fn deletes_and_visibility_changes_come_in_batches_too(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    for group in ["a", "b", "c"] {
        q.send(group, group).await;
    }
    let got = q.receive(10).await;
    let change = |id: &str, handle: &str| {
        let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(id);
        entry.receipt_handle(handle).visibility_timeout(0).build().unwrap()
    };
    let changes = q.client.change_message_visibility_batch().queue_url(&q.url);
    let changes = changes.entries(change("0", handle(&got[0]))).entries(change("1", "nonsense"));
    let changed = changes.send().await.unwrap();
    assert_eq!(changed.successful()[0].id(), "0");
    assert_eq!(changed.failed()[0].code(), "ReceiptHandleIsInvalid");
    let delete = |i: usize| {
        let entry = DeleteMessageBatchRequestEntry::builder().id(i.to_string());
        entry.receipt_handle(handle(&got[i])).build().unwrap()
    };
    let deletes = q.client.delete_message_batch().queue_url(&q.url);
    let deletes = deletes.entries(delete(0)).entries(delete(1)).entries(delete(2));
    let deleted = deletes.send().await.unwrap();
    assert_eq!(deleted.successful().len(), 2);
    assert_eq!(
        (deleted.failed()[0].id(), deleted.failed()[0].code()),
        ("0", "ReceiptHandleIsInvalid")
    );
    assert_eq!(bodies(&q.receive(10).await), ["a"]);
    Ok(())
}
