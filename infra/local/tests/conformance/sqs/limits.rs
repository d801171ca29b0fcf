//! Limits of time and size.

use super::{Queue, bodies, while_passing};
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName as Q};

facts!("sqs":
    a_message_is_gone_after_the_retention_period: "API SetQueueAttributes: MessageRetentionPeriod",
    a_message_may_have_one_mebibyte_and_no_byte_more:
        "API SendMessage: 1 MiB, message attributes included",
    a_message_with_characters_that_xml_cannot_hold_is_refused:
        "API SendMessage: the characters a message may have",
    a_queue_with_a_delay_keeps_new_messages_invisible:
        "DG Amazon SQS delay queues: FIFO queues delay as a whole",
);

async fn a_message_is_gone_after_the_retention_period(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[(Q::MessageRetentionPeriod, "60")]).await;
    q.send("a", "a1").await;
    bed.seconds(40).await?;
    assert_eq!(q.attribute(Q::ApproximateNumberOfMessages).await, "1");
    bed.seconds(20).await?;
    assert_eq!(q.attribute(Q::ApproximateNumberOfMessages).await, "0");
    assert!(q.receive(1).await.is_empty());
    Ok(())
}

async fn a_message_may_have_one_mebibyte_and_no_byte_more(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    let send = |n: usize, id: &str| {
        let send = q.client.send_message().queue_url(&q.url).message_body("x".repeat(n));
        send.message_group_id("a").message_deduplication_id(id)
    };
    send(1_048_576, "1").send().await.unwrap();
    let e = send(1_048_577, "2").send().await.unwrap_err();
    assert_eq!(e.code(), Some("InvalidParameterValue"));
    let value = MessageAttributeValue::builder().data_type("String").string_value("v");
    let with_attribute = send(1_048_570, "3").message_attributes("n", value.build().unwrap());
    assert!(with_attribute.send().await.is_err());
    Ok(())
}

async fn a_message_with_characters_that_xml_cannot_hold_is_refused(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    let send = q.client.send_message().queue_url(&q.url).message_body("a\u{0}b");
    let e = send.message_group_id("a").message_deduplication_id("d").send().await.unwrap_err();
    assert!(e.into_service_error().is_invalid_message_contents());
    Ok(())
}

async fn a_queue_with_a_delay_keeps_new_messages_invisible(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[(Q::DelaySeconds, "10")]).await;
    let start_ms = bed.now_ms();
    q.send("a", "a1").await;
    assert_eq!(q.attribute(Q::ApproximateNumberOfMessagesDelayed).await, "1");
    let got = while_passing(&bed, (1, 10), q.receive_for(1, 30, 20)).await?;
    assert_eq!(bodies(&got), ["a1"]);
    bed.took_ms(start_ms, 10_000);
    Ok(())
}
