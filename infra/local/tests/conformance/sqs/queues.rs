//! Queues, their attributes and tags.

use super::Queue;
use crate::bed::{ACCOUNT, Bed, REGION, key_of};
use crate::fact::{Outcome, facts};
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::QueueAttributeName as Q;

facts!("sqs":
    creating_a_queue_again_succeeds_with_equal_attributes_only: "API CreateQueue",
    a_standard_queue_is_refused_and_a_fifo_name_needs_its_suffix:
        "API CreateQueue: names; and the stand-in's own limit",
    a_deleted_queue_is_gone_and_its_name_is_free_after_a_minute:
        "API DeleteQueue: 60 seconds until the name is free; API GetQueueUrl: Errors",
    queue_attributes_are_kept_with_their_defaults_and_counts:
        "API GetQueueAttributes, SetQueueAttributes",
    queues_are_listed_by_prefix_and_page: "API ListQueues",
    queues_are_kept_apart_by_account_and_region: "DG Identity and access management in Amazon SQS",
    throughput_per_group_needs_deduplication_per_group:
        "API CreateQueue: FifoThroughputLimit; DG High throughput for FIFO queues",
    counts_tell_visible_in_flight_and_delayed_messages: "API GetQueueAttributes",
    tags_can_be_set_taken_away_and_listed: "API TagQueue, UntagQueue, ListQueueTags",
    an_operation_that_is_not_implemented_is_refused_loudly:
        "The stand-in's own rule: never a silent success",
);

async fn creating_a_queue_again_succeeds_with_equal_attributes_only(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[(Q::VisibilityTimeout, "60")]).await;
    let create = |timeout: &str| {
        let create =
            q.client.create_queue().queue_name(bed.name("q.fifo")).attributes(Q::FifoQueue, "true");
        create.attributes(Q::VisibilityTimeout, timeout).send()
    };
    assert_eq!(create("60").await.unwrap().queue_url, Some(q.url.clone()));
    let e = create("61").await.unwrap_err().into_service_error();
    assert!(e.is_queue_name_exists());
    let e = create("43201").await.unwrap_err().into_service_error();
    assert!(e.is_invalid_attribute_value());
    let create =
        q.client.create_queue().queue_name(bed.name("r.fifo")).attributes("NoSuch".into(), "1");
    let e = create.attributes(Q::FifoQueue, "true").send().await.unwrap_err();
    assert!(e.into_service_error().is_invalid_attribute_name());
    Ok(())
}

async fn a_standard_queue_is_refused_and_a_fifo_name_needs_its_suffix(bed: Bed) -> Outcome {
    bed.cloud()?; // AWS has standard queues.
    let client = bed.sqs();
    let e = client.create_queue().queue_name(bed.name("plain")).send().await.unwrap_err();
    assert!(e.into_service_error().is_unsupported_operation());
    let create =
        client.create_queue().queue_name(bed.name("plain")).attributes(Q::FifoQueue, "true");
    assert_eq!(create.send().await.unwrap_err().code(), Some("InvalidParameterValue"));
    let create = client.create_queue().queue_name(bed.name("q.fifo"));
    assert_eq!(create.send().await.unwrap_err().code(), Some("InvalidParameterValue"));
    Ok(())
}

async fn a_deleted_queue_is_gone_and_its_name_is_free_after_a_minute(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    q.client.delete_queue().queue_url(&q.url).send().await.unwrap();
    let e = q.client.get_queue_url().queue_name(bed.name("q.fifo")).send().await.unwrap_err();
    assert!(e.into_service_error().is_queue_does_not_exist());
    let e = q.client.receive_message().queue_url(&q.url).send().await.unwrap_err();
    assert_eq!(e.code(), Some("AWS.SimpleQueueService.NonExistentQueue"));
    assert!(e.into_service_error().is_queue_does_not_exist());
    let create = || {
        let create = q.client.create_queue().queue_name(bed.name("q.fifo"));
        create.attributes(Q::FifoQueue, "true").send()
    };
    let e = create().await.unwrap_err().into_service_error();
    assert!(e.is_queue_deleted_recently());
    bed.seconds(60).await?;
    create().await.unwrap();
    Ok(())
}

async fn queue_attributes_are_kept_with_their_defaults_and_counts(bed: Bed) -> Outcome {
    let start_ms = bed.now_ms();
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    q.send("a", "a1").await;
    q.send("a", "a2").await;
    q.receive(1).await;
    q.set(Q::VisibilityTimeout, "77").await.unwrap();
    let (region, account) = (bed.region(), bed.account().await?);
    let arn = format!("arn:aws:sqs:{region}:{account}:{}", bed.name("q.fifo"));
    let get = q.client.get_queue_attributes().queue_url(&q.url).attribute_names(Q::All);
    let all = get.send().await.unwrap().attributes.unwrap();
    for (name, value) in [
        (Q::ApproximateNumberOfMessages, "1"),
        (Q::ApproximateNumberOfMessagesNotVisible, "1"),
        (Q::ApproximateNumberOfMessagesDelayed, "0"),
        (Q::QueueArn, arn.as_str()),
        (Q::VisibilityTimeout, "77"),
        (Q::FifoQueue, "true"),
        (Q::MaximumMessageSize, "1048576"),
        (Q::MessageRetentionPeriod, "345600"),
    ] {
        assert_eq!(all[&name], value, "{name:?}");
    }
    assert!(!all.contains_key(&Q::RedrivePolicy));
    let created_ms = all[&Q::CreatedTimestamp].parse::<i64>().unwrap() * 1_000;
    let between = start_ms - 1_000 - bed.skew_ms()..=bed.now_ms() + bed.skew_ms();
    assert!(between.contains(&created_ms), "{created_ms}");
    for (name, value) in [
        (Q::FifoThroughputLimit, "nonsense"),
        (Q::MessageRetentionPeriod, "59"),
        (Q::MessageRetentionPeriod, "1209601"),
        (Q::VisibilityTimeout, "43201"),
        (Q::DelaySeconds, "901"),
        (Q::ReceiveMessageWaitTimeSeconds, "21"),
    ] {
        assert_eq!(q.set(name, value).await, Err("InvalidAttributeValue".into()), "{value}");
    }
    Ok(())
}

async fn queues_are_listed_by_prefix_and_page(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "aa.fifo", &[]).await;
    for name in ["ab.fifo", "ac.fifo", "b.fifo"] {
        Queue::new(&bed, name, &[]).await;
    }
    let list = || q.client.list_queues().queue_name_prefix(bed.name("a")).max_results(2);
    let first = list().send().await.unwrap();
    let second = list().set_next_token(first.next_token.clone()).send().await.unwrap();
    assert_eq!((first.queue_urls().len(), second.queue_urls().len()), (2, 1));
    assert_eq!(second.next_token(), None);
    Ok(())
}

async fn queues_are_kept_apart_by_account_and_region(bed: Bed) -> Outcome {
    bed.cloud()?; // Other accounts need keys.
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    for (account, region) in [("222222222222", REGION), (ACCOUNT, "eu-west-1")] {
        let other = bed.sqs_as(key_of(account), region);
        assert!(other.list_queues().send().await.unwrap().queue_urls().is_empty());
    }
    let other = bed.sqs_as(key_of("222222222222"), REGION);
    let e = other.receive_message().queue_url(&q.url).send().await.unwrap_err();
    assert_eq!(e.code(), Some("AccessDenied"));
    Ok(())
}

async fn tags_can_be_set_taken_away_and_listed(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    let tag = q.client.tag_queue().queue_url(&q.url).tags("a", "1").tags("b", "2");
    tag.send().await.unwrap();
    q.client.untag_queue().queue_url(&q.url).tag_keys("a").send().await.unwrap();
    let tags = q.client.list_queue_tags().queue_url(&q.url).send().await.unwrap().tags.unwrap();
    assert_eq!((tags.len(), tags["b"].as_str()), (1, "2"));
    Ok(())
}

async fn an_operation_that_is_not_implemented_is_refused_loudly(bed: Bed) -> Outcome {
    bed.cloud()?; // AWS has them all.
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    let add = q.client.add_permission().queue_url(&q.url).label("l");
    let add = add.aws_account_ids("222222222222").actions("SendMessage");
    assert_eq!(add.send().await.unwrap_err().code(), Some("UnknownOperationException"));
    Ok(())
}

async fn throughput_per_group_needs_deduplication_per_group(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[(Q::FifoThroughputLimit, "perMessageGroupId")]).await;
    assert_eq!(q.attribute(Q::FifoThroughputLimit).await, "perMessageGroupId");
    assert_eq!(q.attribute(Q::DeduplicationScope).await, "messageGroup");
    let q = Queue::new(&bed, "r.fifo", &[(Q::DeduplicationScope, "queue")]).await;
    assert!(q.set(Q::FifoThroughputLimit, "perMessageGroupId").await.is_err());
    Ok(())
}

async fn counts_tell_visible_in_flight_and_delayed_messages(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[(Q::DelaySeconds, "20")]).await;
    for body in ["1", "2", "3"] {
        q.send("a", body).await;
    }
    assert_eq!(q.counts().await, ["0", "0", "3"]);
    bed.seconds(20).await?;
    assert_eq!(q.counts().await, ["3", "0", "0"]);
    let got = q.receive_for(2, 20, 0).await;
    assert_eq!(q.counts().await, ["1", "2", "0"]);
    q.delete(&got[0]).await.unwrap();
    assert_eq!(q.counts().await, ["1", "1", "0"]);
    bed.seconds(20).await?;
    assert_eq!(q.counts().await, ["2", "0", "0"]);
    Ok(())
}
