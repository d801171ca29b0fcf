//! Message groups and their order.

use super::{Queue, attribute, bodies};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use aws_sdk_sqs::types::MessageSystemAttributeName as Attribute;

facts!("sqs":
    a_group_is_blocked_while_one_of_its_messages_is_in_flight: "DG FIFO queue delivery logic",
    one_receive_returns_several_messages_of_one_group_in_order: "DG FIFO queue delivery logic",
    a_group_stays_blocked_until_all_messages_of_a_receive_are_done:
        "DG FIFO queue delivery logic: free again once every message was deleted or became visible",
    a_message_comes_back_in_its_place_when_its_visibility_timeout_ends:
        "DG Amazon SQS visibility timeout",
);

async fn a_group_is_blocked_while_one_of_its_messages_is_in_flight(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    q.send("a", "a1").await;
    q.send("a", "a2").await;
    q.send("b", "b1").await;
    let first = q.receive(1).await;
    assert_eq!(bodies(&first), ["a1"]);
    assert_eq!(bodies(&q.receive(10).await), ["b1"]);
    assert!(q.receive(10).await.is_empty());
    q.delete(&first[0]).await.unwrap();
    assert_eq!(bodies(&q.receive(10).await), ["a2"]);
    Ok(())
}

async fn one_receive_returns_several_messages_of_one_group_in_order(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    for body in ["a1", "a2", "a3", "a4"] {
        q.send("a", body).await;
    }
    let got = q.receive(3).await;
    assert_eq!(bodies(&got), ["a1", "a2", "a3"]);
    let numbers: Vec<_> = got.iter().map(|m| attribute(m, Attribute::SequenceNumber)).collect();
    assert!(numbers.is_sorted() && numbers[0].len() == 20);
    Ok(())
}

async fn a_group_stays_blocked_until_all_messages_of_a_receive_are_done(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    for body in ["a1", "a2", "a3"] {
        q.send("a", body).await;
    }
    let got = q.receive(2).await;
    q.change(&got[0], 0).await.unwrap();
    assert!(q.receive(10).await.is_empty());
    q.delete(&got[1]).await.unwrap();
    assert_eq!(bodies(&q.receive(10).await), ["a1", "a3"]);
    Ok(())
}

async fn a_message_comes_back_in_its_place_when_its_visibility_timeout_ends(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    q.send("a", "a1").await;
    q.send("a", "a2").await;
    q.receive_for(1, 30, 0).await;
    bed.seconds(20).await?;
    assert!(q.receive(1).await.is_empty());
    bed.seconds(10).await?;
    let again = q.receive(1).await;
    assert_eq!(bodies(&again), ["a1"]);
    assert_eq!(attribute(&again[0], Attribute::ApproximateReceiveCount), "2");
    Ok(())
}
