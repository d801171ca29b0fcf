//! Receipt handles and visibility.

use super::{Queue, bodies, handle};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use aws_sdk_sqs::types::QueueAttributeName as Q;

facts!("sqs":
    a_stale_receipt_does_not_delete:
        "API DeleteMessage: use the latest receipt handle. aws-sdk-js issue 1279: FIFO queues refuse",
    a_receipt_whose_visibility_timeout_is_over_does_not_delete:
        "aws-sdk-js issue 1279: a FIFO queue refuses a receipt whose visibility timeout is over",
    deleting_again_succeeds_and_an_unknown_receipt_is_refused:
        "API DeleteMessage: deleting twice is success; a handle nobody gave out is not",
    a_visibility_of_zero_gives_a_message_back_at_once: "API ChangeMessageVisibility",
    visibility_cannot_be_extended_beyond_twelve_hours_from_the_receive:
        "API ChangeMessageVisibility: 12 hours in total from the receive",
);

async fn a_stale_receipt_does_not_delete(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    q.send("a", "a1").await;
    let first = q.receive_for(1, 10, 0).await;
    bed.seconds(10).await?;
    let second = q.receive(1).await;
    assert_ne!(handle(&first[0]), handle(&second[0]));
    let text = q.delete(&first[0]).await.unwrap_err();
    assert!(text.ends_with("The receipt handle has expired."), "{text}");
    assert!(q.change(&first[0], 60).await.is_err());
    q.delete(&second[0]).await.unwrap();
    assert_eq!(q.attribute(Q::ApproximateNumberOfMessagesNotVisible).await, "0");
    Ok(())
}

async fn a_receipt_whose_visibility_timeout_is_over_does_not_delete(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    q.send("a", "a1").await;
    let got = q.receive_for(1, 10, 0).await;
    bed.seconds(10).await?;
    assert!(q.delete(&got[0]).await.is_err());
    let change = q.client.change_message_visibility().queue_url(&q.url).visibility_timeout(5);
    let e = change.receipt_handle(handle(&got[0])).send().await.unwrap_err();
    assert!(e.into_service_error().is_message_not_inflight());
    assert_eq!(q.receive(1).await.len(), 1);
    Ok(())
}

async fn deleting_again_succeeds_and_an_unknown_receipt_is_refused(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    q.send("a", "a1").await;
    let got = q.receive(1).await;
    q.delete(&got[0]).await.unwrap();
    q.delete(&got[0]).await.unwrap();
    let delete = q.client.delete_message().queue_url(&q.url).receipt_handle("nonsense");
    let e = delete.send().await.unwrap_err();
    assert!(e.into_service_error().is_receipt_handle_is_invalid());
    Ok(())
}

async fn visibility_cannot_be_extended_beyond_twelve_hours_from_the_receive(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    q.send("a", "a1").await;
    let got = q.receive_for(1, 3_600, 0).await;
    q.change(&got[0], 43_000).await.unwrap();
    bed.seconds(3_600).await?;
    let text = q.change(&got[0], 43_200).await.unwrap_err();
    assert!(text.contains("Total VisibilityTimeout"), "{text}");
    q.change(&got[0], 39_500).await.unwrap();
    assert!(q.change(&got[0], 43_201).await.is_err());
    bed.seconds(39_400).await?;
    assert!(q.receive(1).await.is_empty());
    bed.seconds(100).await?;
    assert_eq!(q.receive(1).await.len(), 1);
    Ok(())
}

async fn a_visibility_of_zero_gives_a_message_back_at_once(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    q.send("a", "a1").await;
    let first = q.receive_for(1, 3_600, 0).await;
    q.change(&first[0], 0).await.unwrap();
    let second = q.receive(1).await;
    assert_eq!(bodies(&second), ["a1"]);
    assert!(q.delete(&first[0]).await.is_err());
    q.delete(&second[0]).await.unwrap();
    Ok(())
}
