//! What is sent twice.

use super::{Queue, attribute};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{MessageSystemAttributeName as Attribute, QueueAttributeName as Q};

facts!("sqs":
    a_duplicate_within_five_minutes_is_accepted_but_not_delivered:
        "DG Exactly-once processing in Amazon SQS",
    a_deduplication_id_counts_for_five_minutes_even_after_the_message_was_deleted:
        "DG Using the Amazon SQS message deduplication ID: also when the message was deleted",
    a_purge_takes_all_messages_and_keeps_the_deduplication_ids:
        "API PurgeQueue; DG Using the Amazon SQS message deduplication ID",
    the_scope_of_deduplication_is_the_message_group_or_the_queue:
        "DG High throughput for FIFO queues: DeduplicationScope",
    content_based_deduplication_uses_the_sha_256_of_the_body:
        "API SendMessage: MessageDeduplicationId",
    a_message_without_group_or_deduplication_id_is_refused:
        "API SendMessage: MessageDeduplicationId, MessageGroupId",
);

async fn a_duplicate_within_five_minutes_is_accepted_but_not_delivered(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    let first = q.send_as("a", "d", "x").await;
    assert_eq!(q.send_as("a", "d", "x").await, first);
    assert_eq!(q.receive(10).await.len(), 1);
    Ok(())
}

async fn a_deduplication_id_counts_for_five_minutes_even_after_the_message_was_deleted(
    bed: Bed,
) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    let first = q.send_as("a", "d", "x").await;
    let got = q.receive(1).await;
    q.delete(&got[0]).await.unwrap();
    bed.seconds(280).await?;
    assert_eq!(q.send_as("a", "d", "x").await, first);
    assert!(q.receive(1).await.is_empty());
    bed.seconds(20).await?;
    assert_ne!(q.send_as("a", "d", "x").await, first);
    assert_eq!(q.receive(1).await.len(), 1);
    Ok(())
}

async fn a_purge_takes_all_messages_and_keeps_the_deduplication_ids(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    q.send_as("a", "d", "x").await;
    q.send_as("b", "e", "y").await;
    q.receive(1).await;
    q.client.purge_queue().queue_url(&q.url).send().await.unwrap();
    assert_eq!(q.attribute(Q::ApproximateNumberOfMessagesNotVisible).await, "0");
    q.send_as("a", "d", "x").await;
    assert!(q.receive(10).await.is_empty());
    let again = q.client.purge_queue().queue_url(&q.url).send().await.unwrap_err();
    assert!(again.into_service_error().is_purge_queue_in_progress());
    Ok(())
}

async fn the_scope_of_deduplication_is_the_message_group_or_the_queue(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    q.send_as("a", "d", "x").await;
    q.send_as("b", "d", "x").await;
    assert_eq!(q.receive(10).await.len(), 2);
    let q = Queue::new(&bed, "r.fifo", &[(Q::DeduplicationScope, "queue")]).await;
    q.send_as("a", "d", "x").await;
    q.send_as("b", "d", "x").await;
    assert_eq!(q.receive(10).await.len(), 1);
    Ok(())
}

async fn content_based_deduplication_uses_the_sha_256_of_the_body(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[(Q::ContentBasedDeduplication, "true")]).await;
    for _ in 0..2 {
        let send = q.client.send_message().queue_url(&q.url).message_body("abc");
        send.message_group_id("a").send().await.unwrap();
    }
    let got = q.receive(10).await;
    assert_eq!(got.len(), 1);
    let id = attribute(&got[0], Attribute::MessageDeduplicationId);
    assert_eq!(id, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    Ok(())
}

async fn a_message_without_group_or_deduplication_id_is_refused(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    let send = || q.client.send_message().queue_url(&q.url).message_body("x");
    let e = send().message_deduplication_id("d").send().await.unwrap_err();
    assert_eq!(e.code(), Some("MissingParameter"));
    let e = send().message_group_id("a").send().await.unwrap_err();
    assert_eq!(e.code(), Some("InvalidParameterValue"));
    let e = send().message_group_id("a b").message_deduplication_id("d").send().await.unwrap_err();
    assert_eq!(e.code(), Some("InvalidParameterValue"));
    let delayed = send().message_group_id("a").message_deduplication_id("d").delay_seconds(5);
    assert_eq!(delayed.send().await.unwrap_err().code(), Some("InvalidParameterValue"));
    Ok(())
}
