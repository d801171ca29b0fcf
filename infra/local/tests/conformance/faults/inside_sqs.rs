//! Faults inside SQS: what at-least-once delivery allows and rarely shows.

use super::{fired, inject, once};
use crate::bed::{ACCOUNT, Bed, REGION};
use crate::fact::{Outcome, Skip, facts};
use crate::sqs::{Queue, bodies};
use aurora_restore_local::faults::{FaultKind, FaultRule};
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
    SendMessageBatchRequestEntry,
};

facts!("sqs":
    a_message_may_be_delivered_once_more_although_it_was_deleted:
        "local cloud, fault duplicate_delivery; DG, at-least-once delivery",
    a_message_may_be_delivered_once_more_while_it_is_in_flight:
        "local cloud, fault duplicate_delivery; DG, at-least-once delivery",
    a_receive_may_take_another_group_than_the_oldest: "local cloud, fault reorder",
    the_order_within_a_group_is_kept_when_groups_are_out_of_order: "local cloud, fault reorder",
    a_receive_may_find_nothing_although_there_is_something: "local cloud, fault empty_receive",
    a_rule_for_receives_is_not_used_up_by_empty_queues: "local cloud, fault empty_receive",
    entries_of_a_batch_may_fail_by_themselves: "local cloud, fault partial_batch",
    a_lost_message_is_never_received_and_frees_its_group: "local cloud, Sqs::lose",
    a_lost_message_is_not_delivered_once_more_either: "local cloud, Sqs::lose",
    who_sends_a_lost_message_again_is_told_that_it_was_taken: "local cloud, Sqs::lose",
);

async fn a_message_may_be_delivered_once_more_although_it_was_deleted(bed: Bed) -> Outcome {
    let queue = Queue::new(&bed, "q.fifo", &[]).await;
    queue.send("a", "1").await;
    once(&bed, "ReceiveMessage", FaultKind::DuplicateDelivery)?;
    let first = queue.receive(1).await.remove(0);
    let delete = queue.client.delete_message().queue_url(&queue.url);
    delete.receipt_handle(first.receipt_handle().unwrap()).send().await.unwrap();
    let again = queue.receive(1).await.remove(0);
    assert_eq!((again.message_id(), again.body()), (first.message_id(), first.body()));
    let delete = queue.client.delete_message().queue_url(&queue.url);
    delete.receipt_handle(again.receipt_handle().unwrap()).send().await.unwrap();
    assert!(queue.receive(1).await.is_empty());
    assert_eq!(fired(&bed)?, [1]);
    Ok(())
}

async fn a_message_may_be_delivered_once_more_while_it_is_in_flight(bed: Bed) -> Outcome {
    let queue = Queue::new(&bed, "q.fifo", &[]).await;
    queue.send("a", "1").await;
    queue.send("a", "2").await;
    once(&bed, "ReceiveMessage", FaultKind::DuplicateDelivery)?;
    assert_eq!(bodies(&queue.receive(1).await), ["1"]);
    assert_eq!(bodies(&queue.receive_for(1, 30, 20).await), ["1"]);
    assert!(queue.receive(1).await.is_empty());
    Ok(())
}

async fn a_receive_may_take_another_group_than_the_oldest(bed: Bed) -> Outcome {
    let queue = Queue::new(&bed, "q.fifo", &[]).await;
    for (group, body) in [("a", "a1"), ("b", "b1"), ("c", "c1")] {
        queue.send(group, body).await;
    }
    once(&bed, "ReceiveMessage", FaultKind::Reorder)?;
    assert_eq!(bodies(&queue.receive(1).await), ["b1"]);
    assert_eq!(bodies(&queue.receive(1).await), ["a1"]);
    Ok(())
}

async fn the_order_within_a_group_is_kept_when_groups_are_out_of_order(bed: Bed) -> Outcome {
    let queue = Queue::new(&bed, "q.fifo", &[]).await;
    for (group, body) in [("a", "a1"), ("b", "b1"), ("b", "b2"), ("a", "a2")] {
        queue.send(group, body).await;
    }
    inject(&bed, FaultRule::always(FaultKind::Reorder))?;
    assert_eq!(bodies(&queue.receive(10).await), ["b1", "b2"]);
    assert_eq!(bodies(&queue.receive(10).await), ["a1", "a2"]);
    // With one group left there is no other order.
    assert_eq!(fired(&bed)?, [1]);
    Ok(())
}

async fn a_receive_may_find_nothing_although_there_is_something(bed: Bed) -> Outcome {
    let queue = Queue::new(&bed, "q.fifo", &[]).await;
    queue.send("a", "1").await;
    once(&bed, "ReceiveMessage", FaultKind::EmptyReceive)?;
    assert!(queue.receive_for(1, 30, 20).await.is_empty());
    assert_eq!(bodies(&queue.receive(1).await), ["1"]);
    Ok(())
}

async fn a_rule_for_receives_is_not_used_up_by_empty_queues(bed: Bed) -> Outcome {
    let queue = Queue::new(&bed, "q.fifo", &[]).await;
    once(&bed, "ReceiveMessage", FaultKind::EmptyReceive)?;
    once(&bed, "ReceiveMessage", FaultKind::DuplicateDelivery)?;
    assert!(queue.receive(1).await.is_empty());
    assert_eq!(fired(&bed)?, [0, 0]);
    Ok(())
}

async fn entries_of_a_batch_may_fail_by_themselves(bed: Bed) -> Outcome {
    let queue = Queue::new(&bed, "q.fifo", &[]).await;
    once(&bed, "SendMessageBatch", FaultKind::PartialBatch)?;
    once(&bed, "ChangeMessageVisibilityBatch", FaultKind::PartialBatch)?;
    once(&bed, "DeleteMessageBatch", FaultKind::PartialBatch)?;
    let entries = ["1", "2"].map(|id| {
        let entry = SendMessageBatchRequestEntry::builder().id(id).message_body(id);
        entry.message_group_id(id).message_deduplication_id(id).build().unwrap()
    });
    let send = queue.client.send_message_batch().queue_url(&queue.url);
    let sent = send.set_entries(Some(entries.into())).send().await.unwrap();
    let (failed, successful) = (sent.failed(), sent.successful());
    assert_eq!((failed[0].id(), successful[0].id()), ("1", "2"));
    assert_eq!((failed[0].code(), failed[0].sender_fault()), ("InternalError", false));

    let received = queue.receive(10).await;
    assert_eq!(bodies(&received), ["2"]);
    let handle = received[0].receipt_handle().unwrap();
    let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id("x").visibility_timeout(5);
    let change = queue.client.change_message_visibility_batch().queue_url(&queue.url);
    let change = change.entries(entry.receipt_handle(handle).build().unwrap());
    assert_eq!(change.send().await.unwrap().failed()[0].id(), "x");

    for (failed, successful) in [(1, 0), (0, 1)] {
        let entry = DeleteMessageBatchRequestEntry::builder().id("x").receipt_handle(handle);
        let delete = queue.client.delete_message_batch().queue_url(&queue.url);
        let deleted = delete.entries(entry.build().unwrap()).send().await.unwrap();
        assert_eq!((deleted.failed().len(), deleted.successful().len()), (failed, successful));
    }
    Ok(())
}

/// Loses a message of the queue `q.fifo`. Says whether there was one.
fn lose(bed: &Bed, id: &str) -> Result<bool, Skip> {
    Ok(bed.cloud()?.world().sqs.lose(ACCOUNT, REGION, "q.fifo", id))
}

async fn a_lost_message_is_never_received_and_frees_its_group(bed: Bed) -> Outcome {
    let queue = Queue::new(&bed, "q.fifo", &[]).await;
    let (a1, b1) = (queue.send("a", "a1").await, queue.send("b", "b1").await);
    for (group, body) in [("a", "a2"), ("b", "b2")] {
        queue.send(group, body).await;
    }
    let taken = queue.receive(1).await;
    assert_eq!(bodies(&taken), ["a1"]);
    assert_eq!((lose(&bed, &a1)?, lose(&bed, &b1)?), (true, true));
    assert_eq!((lose(&bed, &a1)?, lose(&bed, "none")?), (false, false));
    assert_eq!(queue.counts().await, ["2", "0", "0"]);
    assert_eq!(bodies(&queue.receive_for(10, 3_600, 0).await), ["a2", "b2"]);
    // Whoever still works on what was lost is not told.
    queue.delete(&taken[0]).await.unwrap();
    bed.seconds(60).await?;
    assert!(queue.receive(10).await.is_empty());
    assert_eq!(queue.counts().await, ["0", "2", "0"]);
    Ok(())
}

async fn a_lost_message_is_not_delivered_once_more_either(bed: Bed) -> Outcome {
    let queue = Queue::new(&bed, "q.fifo", &[]).await;
    let (id, _) = (queue.send("a", "1").await, queue.send("b", "2").await);
    inject(&bed, FaultRule { limit: Some(2), ..FaultRule::always(FaultKind::DuplicateDelivery) })?;
    assert_eq!(bodies(&queue.receive(1).await), ["1"]);
    assert!(lose(&bed, &id)?);
    assert_eq!(bodies(&queue.receive(1).await), ["2"]);
    assert_eq!(bodies(&queue.receive(1).await), ["2"]);
    assert_eq!(fired(&bed)?, [2]);
    Ok(())
}

async fn who_sends_a_lost_message_again_is_told_that_it_was_taken(bed: Bed) -> Outcome {
    let queue = Queue::new(&bed, "q.fifo", &[]).await;
    let first = queue.send_as("a", "once", "1").await;
    assert!(lose(&bed, &first)?);
    bed.seconds(270).await?;
    assert_eq!(queue.send_as("a", "once", "2").await, first);
    assert!(queue.receive(1).await.is_empty());
    bed.seconds(60).await?;
    assert_ne!(queue.send_as("a", "once", "3").await, first);
    assert_eq!(bodies(&queue.receive(1).await), ["3"]);
    Ok(())
}
