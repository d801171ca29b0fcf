//! What a receive returns.

use super::{Queue, attribute, bodies, handle};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{Message, MessageAttributeValue, MessageSystemAttributeName as Attribute};
use futures::future::join_all;

facts!("sqs":
    attributes_are_returned_when_asked_for:
        "API ReceiveMessage: MessageSystemAttributeNames, MessageAttributeNames",
    a_retried_receive_attempt_returns_the_same_messages_and_restarts_their_timeout:
        "API ReceiveMessage: ReceiveRequestAttemptId",
    an_attempt_counts_for_five_minutes: "API ReceiveMessage: ReceiveRequestAttemptId",
    an_attempt_cannot_be_retried_once_a_visibility_was_changed:
        "API ReceiveMessage: ReceiveRequestAttemptId",
    an_attempt_whose_visibility_timeout_is_over_receives_anew:
        "API ReceiveMessage: ReceiveRequestAttemptId",
    a_receive_returns_ten_messages_at_most: "API ReceiveMessage: MaxNumberOfMessages",
    eight_receives_at_once_share_the_groups: "DG FIFO queue delivery logic",
    receive_parameters_out_of_range_are_refused:
        "API ReceiveMessage: the request parameters' ranges",
);

async fn attributes_are_returned_when_asked_for(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    let start_ms = bed.now_ms();
    let text = MessageAttributeValue::builder().data_type("String").string_value("v");
    let bytes = MessageAttributeValue::builder().data_type("Binary");
    let bytes = bytes.binary_value(Blob::new([1, 2, 3])).build().unwrap();
    let send = q.client.send_message().queue_url(&q.url).message_body("x").message_group_id("a");
    let send = send.message_deduplication_id("d").message_attributes("n.b", bytes);
    let sent = send.message_attributes("n.t", text.build().unwrap()).send().await.unwrap();
    assert_eq!(sent.md5_of_message_body(), Some("9dd4e461268c8034f5c8564e155c67a6"));

    let plain = q.client.receive_message().queue_url(&q.url).visibility_timeout(0);
    let got = plain.send().await.unwrap().messages.unwrap();
    assert!(got[0].attributes().is_none() && got[0].message_attributes().is_none());

    let full = q.client.receive_message().queue_url(&q.url).message_attribute_names("n.*");
    let full = full.message_system_attribute_names(Attribute::All).visibility_timeout(0);
    let got = full.send().await.unwrap().messages.unwrap();
    assert_eq!(got[0].md5_of_body(), Some("9dd4e461268c8034f5c8564e155c67a6"));
    assert_eq!(got[0].md5_of_message_attributes(), sent.md5_of_message_attributes());
    assert_eq!(got[0].message_attributes().unwrap()["n.t"].string_value(), Some("v"));
    assert!(!attribute(&got[0], Attribute::SenderId).is_empty());
    let between = start_ms - bed.skew_ms()..=bed.now_ms() + bed.skew_ms();
    let sent: i64 = attribute(&got[0], Attribute::SentTimestamp).parse().unwrap();
    assert!(between.contains(&sent), "{sent}");
    let first = attribute(&got[0], Attribute::ApproximateFirstReceiveTimestamp);
    assert!(between.contains(&first.parse().unwrap()), "{first}");
    Ok(())
}

async fn a_retried_receive_attempt_returns_the_same_messages_and_restarts_their_timeout(
    bed: Bed,
) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    q.send("a", "a1").await;
    q.send("b", "b1").await;
    let attempt = || {
        let receive = q.client.receive_message().queue_url(&q.url).visibility_timeout(30);
        receive.receive_request_attempt_id("attempt-1")
    };
    let first = attempt().send().await.unwrap().messages.unwrap();
    bed.seconds(20).await?;
    let second = attempt().send().await.unwrap().messages.unwrap();
    assert_eq!((bodies(&second), handle(&second[0])), (vec!["a1"], handle(&first[0])));
    bed.seconds(29).await?;
    q.delete(&first[0]).await.unwrap();
    let e = attempt().send().await.unwrap_err();
    assert_eq!(e.code(), Some("InvalidParameterValue"));
    Ok(())
}

/// A receive of one message as one attempt.
async fn attempt(q: &Queue, visibility: i32) -> Result<Vec<Message>, String> {
    let receive = q.client.receive_message().queue_url(&q.url).visibility_timeout(visibility);
    let got = receive.receive_request_attempt_id("attempt-1").send().await;
    got.map(|got| got.messages.unwrap_or_default())
        .map_err(|e| e.code().unwrap_or_default().to_owned())
}

async fn an_attempt_counts_for_five_minutes(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    q.send("a", "a1").await;
    q.send("b", "b1").await;
    assert_eq!(bodies(&attempt(&q, 3_600).await.unwrap()), ["a1"]);
    bed.seconds(280).await?;
    assert_eq!(bodies(&attempt(&q, 3_600).await.unwrap()), ["a1"]);
    bed.seconds(20).await?;
    assert_eq!(bodies(&attempt(&q, 3_600).await.unwrap()), ["b1"]);
    Ok(())
}

async fn an_attempt_cannot_be_retried_once_a_visibility_was_changed(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    q.send("a", "a1").await;
    let first = attempt(&q, 60).await.unwrap();
    q.change(&first[0], 120).await.unwrap();
    assert_eq!(attempt(&q, 60).await.unwrap_err(), "InvalidParameterValue");
    Ok(())
}

async fn an_attempt_whose_visibility_timeout_is_over_receives_anew(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    q.send("a", "a1").await;
    let first = attempt(&q, 20).await.unwrap();
    bed.seconds(20).await?;
    let second = attempt(&q, 20).await.unwrap();
    assert_eq!(bodies(&second), ["a1"]);
    assert_ne!(handle(&first[0]), handle(&second[0]));
    Ok(())
}

async fn a_receive_returns_ten_messages_at_most(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    for n in 0..12 {
        q.send("a", &n.to_string()).await;
    }
    let got = q.receive(10).await;
    assert_eq!(bodies(&got), ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    assert_eq!(q.counts().await, ["2", "10", "0"]);
    Ok(())
}

async fn eight_receives_at_once_share_the_groups(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    for n in 0..8 {
        q.send(&format!("g{n}"), &n.to_string()).await;
    }
    let got = join_all((0..8).map(|_| q.receive(1))).await.concat();
    let mut bodies = bodies(&got);
    bodies.sort_unstable();
    assert_eq!(bodies, ["0", "1", "2", "3", "4", "5", "6", "7"]);
    Ok(())
}

async fn receive_parameters_out_of_range_are_refused(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    let receive = || q.client.receive_message().queue_url(&q.url);
    for wrong in [
        receive().max_number_of_messages(0),
        receive().max_number_of_messages(11),
        receive().visibility_timeout(43_201),
        receive().wait_time_seconds(21),
    ] {
        assert_eq!(wrong.send().await.unwrap_err().code(), Some("InvalidParameterValue"));
    }
    Ok(())
}
