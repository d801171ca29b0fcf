//! Receives that wait.

use super::{Queue, bodies, meanwhile, while_passing, with_dead_letters};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use aws_sdk_sqs::types::QueueAttributeName as Q;
use futures::future::join_all;

facts!("sqs":
    a_long_poll_answers_when_a_message_arrives: "DG Amazon SQS short and long polling",
    a_long_poll_ends_empty_when_its_time_is_over: "API ReceiveMessage: WaitTimeSeconds",
    the_wait_of_a_receive_is_the_queue_s_unless_it_says_otherwise:
        "API SetQueueAttributes: ReceiveMessageWaitTimeSeconds",
    a_long_poll_answers_when_a_message_becomes_visible_again:
        "DG Amazon SQS visibility timeout, with long polling",
    a_waiting_long_poll_learns_of_a_visibility_timeout_that_began_later:
        "DG Amazon SQS visibility timeout: a wait that began before the message was taken",
    a_long_poll_answers_when_a_delete_frees_the_group:
        "DG FIFO queue delivery logic, with long polling",
    one_message_wakes_many_waiting_receivers_and_goes_to_one:
        "DG FIFO queue delivery logic: every message goes to one receiver",
    a_long_poll_of_the_dead_letter_queue_sees_a_message_arrive:
        "DG Using dead-letter queues, with long polling",
    a_long_poll_ends_when_its_queue_is_deleted: "API DeleteQueue",
);

async fn a_long_poll_answers_when_a_message_arrives(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    let start_ms = bed.now_ms();
    let send = async { drop(q.send("a", "a1").await) };
    let got = meanwhile(&bed, q.receive_for(1, 30, 20), 7, send).await?;
    assert_eq!(bodies(&got), ["a1"]);
    bed.took_ms(start_ms, 7_000);
    Ok(())
}

async fn a_long_poll_ends_empty_when_its_time_is_over(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    let start_ms = bed.now_ms();
    let got = while_passing(&bed, (1, 20), q.receive_for(1, 30, 20)).await?;
    assert!(got.is_empty());
    bed.took_ms(start_ms, 20_000);
    Ok(())
}

async fn the_wait_of_a_receive_is_the_queue_s_unless_it_says_otherwise(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[(Q::ReceiveMessageWaitTimeSeconds, "5")]).await;
    let start_ms = bed.now_ms();
    let receive = q.client.receive_message().queue_url(&q.url).send();
    let got = while_passing(&bed, (1, 5), receive).await?.unwrap();
    assert!(got.messages().is_empty());
    bed.took_ms(start_ms, 5_000);
    assert!(q.receive_for(1, 30, 0).await.is_empty());
    bed.took_ms(start_ms, 5_000);
    Ok(())
}

async fn a_long_poll_answers_when_a_message_becomes_visible_again(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    q.send("a", "a1").await;
    let start_ms = bed.now_ms();
    q.receive_for(1, 8, 0).await;
    let got = while_passing(&bed, (1, 8), q.receive_for(1, 30, 20)).await?;
    assert_eq!(bodies(&got), ["a1"]);
    bed.took_ms(start_ms, 8_000);
    Ok(())
}

async fn a_waiting_long_poll_learns_of_a_visibility_timeout_that_began_later(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    q.send("a", "a1").await;
    let taken = q.receive_for(1, 600, 0).await;
    let start_ms = bed.now_ms();
    let give_back = async {
        bed.until_parked(1).await;
        bed.seconds(2).await?;
        q.change(&taken[0], 3).await.unwrap();
        bed.seconds(3).await
    };
    let (got, given_back) = futures::join!(q.receive_for(1, 30, 20), give_back);
    given_back?;
    assert_eq!(bodies(&got), ["a1"]);
    bed.took_ms(start_ms, 5_000);
    Ok(())
}

async fn a_long_poll_answers_when_a_delete_frees_the_group(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    q.send("a", "a1").await;
    q.send("a", "a2").await;
    let taken = q.receive_for(1, 600, 0).await;
    let start_ms = bed.now_ms();
    let finish = async { q.delete(&taken[0]).await.unwrap() };
    let got = meanwhile(&bed, q.receive_for(1, 30, 20), 4, finish).await?;
    assert_eq!(bodies(&got), ["a2"]);
    bed.took_ms(start_ms, 4_000);
    Ok(())
}

async fn one_message_wakes_many_waiting_receivers_and_goes_to_one(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    let receivers = join_all((0..10).map(|_| q.receive_for(1, 600, 20)));
    let send = async {
        bed.until_parked(10).await;
        bed.seconds(3).await?;
        q.send("a", "a1").await;
        bed.until_parked(9).await;
        bed.seconds(20).await
    };
    let (got, sent) = futures::join!(receivers, send);
    sent?;
    assert_eq!(got.iter().filter(|g| g.len() == 1).count(), 1);
    assert_eq!(got.iter().filter(|g| g.is_empty()).count(), 9);
    Ok(())
}

async fn a_long_poll_of_the_dead_letter_queue_sees_a_message_arrive(bed: Bed) -> Outcome {
    let (live, dead) = with_dead_letters(&bed).await;
    live.send("a", "a1").await;
    let start_ms = bed.now_ms();
    let waits = async {
        bed.until_parked(1).await;
        for _ in 0..2 {
            live.receive_for(1, 1, 0).await;
            bed.seconds(1).await?;
        }
        assert!(live.receive_for(1, 1, 0).await.is_empty());
        Ok(())
    };
    let (got, waited) = futures::join!(dead.receive_for(1, 30, 20), waits);
    waited?;
    assert_eq!(bodies(&got), ["a1"]);
    bed.took_ms(start_ms, 2_000);
    Ok(())
}

async fn a_long_poll_ends_when_its_queue_is_deleted(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    let start_ms = bed.now_ms();
    let wait = q.client.receive_message().queue_url(&q.url).wait_time_seconds(20).send();
    let delete = async {
        q.client.delete_queue().queue_url(&q.url).send().await.unwrap();
    };
    let waited = meanwhile(&bed, wait, 1, delete).await?;
    assert!(waited.unwrap_err().into_service_error().is_queue_does_not_exist());
    bed.took_ms(start_ms, 1_000);
    Ok(())
}
