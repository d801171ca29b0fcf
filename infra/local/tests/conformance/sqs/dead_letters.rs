//! Dead-letter queues.

use super::{Queue, attribute, bodies, wear_out, with_dead_letters};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{MessageSystemAttributeName as Attribute, QueueAttributeName as Q};

facts!("sqs":
    a_message_received_too_often_moves_to_the_dead_letter_queue:
        "DG Using dead-letter queues in Amazon SQS",
    a_dead_letter_keeps_its_receive_count_and_gets_a_new_time_of_sending:
        "DG Using dead-letter queues: FIFO queues reset the enqueue timestamp",
    a_maximum_of_receives_is_between_1_and_1000: "DG Configure a dead-letter queue",
    a_redrive_policy_must_name_a_queue_that_is_there:
        "DG Using dead-letter queues: same account and Region; the queue must exist",
);

async fn a_message_received_too_often_moves_to_the_dead_letter_queue(bed: Bed) -> Outcome {
    let (live, dead) = with_dead_letters(&bed).await;
    let id = live.send("a", "a1").await;
    live.send("a", "a2").await;
    for _ in 0..2 {
        assert_eq!(bodies(&live.receive_for(1, 1, 0).await), ["a1"]);
        bed.seconds(1).await?;
    }
    assert_eq!(bodies(&live.receive(1).await), ["a2"]);
    let got = dead.receive(1).await;
    assert_eq!(bodies(&got), ["a1"]);
    assert_eq!(got[0].message_id(), Some(id.as_str()));
    assert_eq!(attribute(&got[0], Attribute::MessageGroupId), "a");
    let source = attribute(&got[0], Attribute::DeadLetterQueueSourceArn);
    assert_eq!(source, live.attribute(Q::QueueArn).await);
    Ok(())
}

async fn a_dead_letter_keeps_its_receive_count_and_gets_a_new_time_of_sending(bed: Bed) -> Outcome {
    let (live, dead) = with_dead_letters(&bed).await;
    live.send("a", "a1").await;
    let sent_ms = bed.now_ms();
    wear_out(&bed, &live).await?;
    let got = dead.receive(1).await;
    assert_eq!(attribute(&got[0], Attribute::ApproximateReceiveCount), "3");
    let sent: i64 = attribute(&got[0], Attribute::SentTimestamp).parse().unwrap();
    // It moved with the third receive, two seconds after it was sent.
    assert!(sent >= sent_ms + 2_000 - bed.skew_ms(), "{sent}");
    Ok(())
}

async fn a_redrive_policy_must_name_a_queue_that_is_there(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    let arn = q.attribute(Q::QueueArn).await.replace("q.fifo", "none.fifo");
    let policy = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":3}}"#);
    let set = q.client.set_queue_attributes().queue_url(&q.url);
    let e = set.attributes(Q::RedrivePolicy, policy).send().await.unwrap_err();
    assert_eq!(e.code(), Some("InvalidParameterValue"));
    let account = bed.account().await?;
    let dead = Queue::new(&bed, "dead.fifo", &[]).await.attribute(Q::QueueArn).await;
    for elsewhere in [dead.replace(&account, "222222222222"), dead.replace(&bed.region(), "x-y-1")]
    {
        let policy = format!(r#"{{"deadLetterTargetArn":"{elsewhere}","maxReceiveCount":3}}"#);
        assert!(q.set(Q::RedrivePolicy, &policy).await.is_err(), "{elsewhere}");
    }
    Ok(())
}

async fn a_maximum_of_receives_is_between_1_and_1000(bed: Bed) -> Outcome {
    let (live, dead) = with_dead_letters(&bed).await;
    let arn = dead.attribute(Q::QueueArn).await;
    for (max, allowed) in [("0", false), ("1", true), ("1000", true), ("1001", false)] {
        let policy = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":{max}}}"#);
        assert_eq!(live.set(Q::RedrivePolicy, &policy).await.is_ok(), allowed, "{max}");
    }
    Ok(())
}
