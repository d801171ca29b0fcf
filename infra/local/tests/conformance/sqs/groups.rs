//! Message groups and their order.

use super::{Queue, bodies};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};

facts!("sqs":
    a_group_is_blocked_while_one_of_its_messages_is_in_flight:
        "DG, FIFO queue delivery logic",
    a_message_comes_back_in_its_place_when_its_visibility_timeout_ends:
        "DG, FIFO queue delivery logic; API ReceiveMessage, VisibilityTimeout",
    a_long_poll_ends_empty_when_its_time_is_over: "API ReceiveMessage, WaitTimeSeconds",
);

async fn a_group_is_blocked_while_one_of_its_messages_is_in_flight(bed: Bed) -> Outcome {
    let queue = Queue::new(&bed, "q.fifo", &[]).await;
    for (group, body) in [("a", "a1"), ("a", "a2"), ("b", "b1")] {
        queue.send(group, body).await;
    }
    assert_eq!(bodies(&queue.receive(1).await), ["a1"]);
    assert_eq!(bodies(&queue.receive(1).await), ["b1"]);
    assert!(queue.receive(10).await.is_empty());
    Ok(())
}

async fn a_message_comes_back_in_its_place_when_its_visibility_timeout_ends(bed: Bed) -> Outcome {
    let queue = Queue::new(&bed, "q.fifo", &[]).await;
    for body in ["1", "2"] {
        queue.send("a", body).await;
    }
    assert_eq!(bodies(&queue.receive_for(1, 5, 0).await), ["1"]);
    bed.seconds(5).await?;
    assert_eq!(bodies(&queue.receive(10).await), ["1", "2"]);
    Ok(())
}

async fn a_long_poll_ends_empty_when_its_time_is_over(bed: Bed) -> Outcome {
    let queue = Queue::new(&bed, "q.fifo", &[]).await;
    let asked_ms = bed.now_ms();
    let passes = async {
        bed.until_parked(1).await;
        bed.seconds(20).await
    };
    let (found, passed) = futures::join!(queue.receive_for(1, 30, 20), passes);
    passed?;
    assert!(found.is_empty());
    assert!(bed.now_ms() - asked_ms >= 20_000);
    Ok(())
}
