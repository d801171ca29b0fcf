//! Publishing, and what comes of it.

use super::{fifo_topic, queue_arn, topic};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use crate::refusal::refusal;
use crate::sqs::{Queue, bodies};
use aws_sdk_sns::Client;
use aws_sdk_sns::types::{MessageAttributeValue, PublishBatchRequestEntry};
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use serde_json::Value;

facts!("sns":
    what_was_published_can_be_read_back: "the local cloud",
    a_message_has_up_to_262144_bytes: "API Publish, Message",
    a_subject_is_short_and_plain: "API Publish, Subject",
    a_fifo_topic_needs_group_and_deduplication_id: "API Publish, MessageGroupId",
    a_queue_gets_an_envelope: "DG, fanout to SQS queues",
    a_queue_that_wants_it_raw_gets_the_message_itself: "DG, raw message delivery",
    a_deduplication_id_counts_for_five_minutes: "DG, message deduplication for FIFO topics",
    of_a_batch_each_message_succeeds_or_fails_by_itself: "API PublishBatch",
    a_batch_has_up_to_ten_messages_with_ids_of_their_own: "API PublishBatch, Errors",
);

async fn what_was_published_can_be_read_back(bed: Bed) -> Outcome {
    bed.cloud()?;
    let (client, topic) = topic(&bed, "t").await;
    let text = MessageAttributeValue::builder().data_type("String").string_value("high");
    let publish = client.publish().topic_arn(&topic).subject("Job failed").message("<job & 7>");
    let publish = publish.message_attributes("severity", text.build().unwrap());
    let id = publish.send().await.unwrap().message_id.unwrap();
    let world = bed.cloud()?.world();
    let published: Vec<_> = world.sns.published(&topic).collect();
    let [only] = published[..] else { panic!("{published:?}") };
    assert_eq!(only.message_id, id);
    assert_eq!(only.subject.as_deref(), Some("Job failed"));
    assert_eq!(only.message, "<job & 7>");
    assert_eq!(only.attributes["severity"]["StringValue"], "high");
    assert_eq!(world.sns.summary()[0]["published"], 1);
    Ok(())
}

async fn a_message_has_up_to_262144_bytes(bed: Bed) -> Outcome {
    let (client, topic) = topic(&bed, "t").await;
    let publish = |bytes: usize| client.publish().topic_arn(&topic).message("x".repeat(bytes));
    publish(262_144).send().await.unwrap();
    for bytes in [0, 262_145] {
        assert_eq!(refusal(publish(bytes).send().await).1, "InvalidParameter", "{bytes}");
    }
    Ok(())
}

async fn a_subject_is_short_and_plain(bed: Bed) -> Outcome {
    let (client, topic) = topic(&bed, "t").await;
    let publish =
        |subject: &str| client.publish().topic_arn(&topic).message("x").subject(subject).send();
    publish(&"x".repeat(100)).await.unwrap();
    for wrong in ["x".repeat(101), "a\nb".into(), "\u{e9}".into()] {
        assert_eq!(refusal(publish(&wrong).await).1, "InvalidParameter", "{wrong:?}");
    }
    Ok(())
}

async fn a_fifo_topic_needs_group_and_deduplication_id(bed: Bed) -> Outcome {
    let (client, fifo) = fifo_topic(&bed, "t.fifo").await;
    let publish = || client.publish().topic_arn(&fifo).message("x");
    for wrong in [publish(), publish().message_group_id("g")] {
        assert_eq!(refusal(wrong.send().await).1, "InvalidParameter");
    }
    let right = publish().message_group_id("g").message_deduplication_id("1");
    assert_eq!(right.send().await.unwrap().sequence_number().unwrap().len(), 20);
    let (client, standard) = topic(&bed, "t").await;
    let wrong = client.publish().topic_arn(standard).message("x").message_deduplication_id("1");
    assert_eq!(refusal(wrong.send().await).1, "InvalidParameter");
    Ok(())
}

/// A FIFO topic with a queue subscribed to it.
async fn subscribed(bed: &Bed, raw: &str) -> (Client, String, Queue) {
    let queue = Queue::new(bed, "q.fifo", &[]).await;
    let (client, topic) = fifo_topic(bed, "t.fifo").await;
    let subscribe = client.subscribe().topic_arn(&topic).protocol("sqs");
    let subscribe = subscribe.endpoint(queue_arn("q.fifo")).attributes("RawMessageDelivery", raw);
    subscribe.send().await.unwrap();
    (client, topic, queue)
}

async fn publish(client: &Client, topic: &str, dedup_id: &str) -> String {
    let publish = client.publish().topic_arn(topic).message("hello").subject("greeting");
    let publish = publish.message_group_id("g").message_deduplication_id(dedup_id);
    publish.send().await.unwrap().message_id.unwrap()
}

fn of(message: &Message, attribute: MessageSystemAttributeName) -> &str {
    message.attributes().unwrap()[&attribute].as_str()
}

async fn a_queue_gets_an_envelope(bed: Bed) -> Outcome {
    bed.cloud()?;
    let (client, topic, queue) = subscribed(&bed, "false").await;
    let id = publish(&client, &topic, "1").await;
    let messages = queue.receive(10).await;
    let [only] = &messages[..] else { panic!("{messages:?}") };
    let envelope: Value = serde_json::from_str(only.body().unwrap()).unwrap();
    assert_eq!(envelope["Type"], "Notification");
    assert_eq!(envelope["MessageId"], id);
    assert_eq!(envelope["TopicArn"], topic);
    assert_eq!(envelope["Subject"], "greeting");
    assert_eq!(envelope["Message"], "hello");
    assert!(envelope["Timestamp"].as_str().unwrap().starts_with("2027-01-15T08:"));
    assert_eq!(of(only, MessageSystemAttributeName::MessageGroupId), "g");
    assert_eq!(of(only, MessageSystemAttributeName::MessageDeduplicationId), "1");
    Ok(())
}

async fn a_queue_that_wants_it_raw_gets_the_message_itself(bed: Bed) -> Outcome {
    bed.cloud()?;
    let (client, topic, queue) = subscribed(&bed, "true").await;
    let polls = async {
        bed.until_parked(1).await;
        publish(&client, &topic, "1").await
    };
    // A long poll is woken by it.
    let (messages, _) = futures::join!(queue.receive_for(10, 30, 20), polls);
    assert_eq!(bodies(&messages), ["hello"]);
    Ok(())
}

async fn a_deduplication_id_counts_for_five_minutes(bed: Bed) -> Outcome {
    bed.cloud()?;
    let (client, topic, queue) = subscribed(&bed, "true").await;
    let first = publish(&client, &topic, "1").await;
    bed.seconds(290).await?;
    assert_eq!(publish(&client, &topic, "1").await, first);
    bed.seconds(10).await?;
    assert_ne!(publish(&client, &topic, "1").await, first);
    assert_eq!(queue.receive(10).await.len(), 2);
    Ok(())
}

fn entry(id: &str, message: &str) -> PublishBatchRequestEntry {
    PublishBatchRequestEntry::builder().id(id).message(message).build().unwrap()
}

async fn of_a_batch_each_message_succeeds_or_fails_by_itself(bed: Bed) -> Outcome {
    let (client, topic) = topic(&bed, "t").await;
    let batch = client.publish_batch().topic_arn(&topic);
    let batch = batch.publish_batch_request_entries(entry("right", "hello"));
    let answer = batch.publish_batch_request_entries(entry("wrong", "")).send().await.unwrap();
    let [successful] = answer.successful() else { panic!("{answer:?}") };
    let [failed] = answer.failed() else { panic!("{answer:?}") };
    assert_eq!(successful.id(), Some("right"));
    assert_eq!((failed.id(), failed.code()), ("wrong", "InvalidParameter"));
    assert!(failed.sender_fault());
    Ok(())
}

async fn a_batch_has_up_to_ten_messages_with_ids_of_their_own(bed: Bed) -> Outcome {
    let (client, topic) = topic(&bed, "t").await;
    let batch = |entries: Vec<PublishBatchRequestEntry>| {
        let batch = client.publish_batch().topic_arn(&topic);
        batch.set_publish_batch_request_entries(Some(entries)).send()
    };
    let eleven = (0..11).map(|n| entry(&n.to_string(), "x")).collect();
    for (entries, code) in [
        (Vec::new(), "EmptyBatchRequest"),
        (eleven, "TooManyEntriesInBatchRequest"),
        (vec![entry("a", "x"), entry("a", "y")], "BatchEntryIdsNotDistinct"),
        (vec![entry("a b", "x")], "InvalidBatchEntryId"),
    ] {
        assert_eq!(refusal(batch(entries).await).1, code);
    }
    Ok(())
}
