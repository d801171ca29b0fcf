//! Topics and subscriptions.

use super::{fifo_topic, queue_arn, topic};
use crate::bed::{Bed, REGION, key_of};
use crate::fact::{Outcome, facts};
use crate::refusal::refusal;

facts!("sns":
    creating_a_topic_again_is_success_unless_it_differs: "API CreateTopic",
    a_fifo_topic_has_a_name_that_ends_in_fifo: "API CreateTopic, Name",
    a_topic_is_listed_until_it_is_deleted: "API ListTopics, DeleteTopic",
    a_topic_that_is_not_there_is_not_found: "API Publish, Errors",
    a_topic_is_for_its_own_account: "API Publish, Errors: AuthorizationError",
    a_queue_is_subscribed_once: "API Subscribe",
    only_queues_can_be_subscribed_here: "the local cloud",
    a_fifo_queue_cannot_be_subscribed_to_a_standard_topic: "DG, FIFO message delivery",
);

async fn creating_a_topic_again_is_success_unless_it_differs(bed: Bed) -> Outcome {
    let (client, arn) = fifo_topic(&bed, "t.fifo").await;
    let (_, again) = fifo_topic(&bed, "t.fifo").await;
    assert_eq!(arn, again);
    let other = client.create_topic().name(bed.name("t.fifo")).attributes("FifoTopic", "true");
    let other = other.attributes("ContentBasedDeduplication", "true").send().await;
    assert_eq!(refusal(other).1, "InvalidParameter");
    Ok(())
}

async fn a_fifo_topic_has_a_name_that_ends_in_fifo(bed: Bed) -> Outcome {
    let sns = bed.sns();
    for name in ["t", ".fifo", "a b.fifo"] {
        let create = sns.create_topic().name(name).attributes("FifoTopic", "true");
        assert_eq!(refusal(create.send().await).1, "InvalidParameter", "{name}");
    }
    for name in ["t.fifo", "a b", "a/b"] {
        let create = sns.create_topic().name(name).send().await;
        assert_eq!(refusal(create).1, "InvalidParameter", "{name}");
    }
    Ok(())
}

async fn a_topic_is_listed_until_it_is_deleted(bed: Bed) -> Outcome {
    let (client, arn) = topic(&bed, "t").await;
    let listed = async || {
        let topics = client.list_topics().send().await.unwrap();
        topics.topics().iter().any(|t| t.topic_arn() == Some(arn.as_str()))
    };
    assert!(listed().await);
    let attributes = client.get_topic_attributes().topic_arn(&arn).send().await.unwrap();
    assert_eq!(attributes.attributes().unwrap()["TopicArn"], arn);
    for _ in 0..2 {
        client.delete_topic().topic_arn(&arn).send().await.unwrap();
    }
    assert!(!listed().await);
    let gone = client.get_topic_attributes().topic_arn(&arn).send().await;
    assert_eq!(refusal(gone).1, "NotFound");
    Ok(())
}

async fn a_topic_that_is_not_there_is_not_found(bed: Bed) -> Outcome {
    let (client, arn) = topic(&bed, "t").await;
    let publish = client.publish().topic_arn(format!("{arn}x")).message("hello");
    let (status, code, _) = refusal(publish.send().await);
    assert_eq!((status, code.as_str()), (404, "NotFound"));
    Ok(())
}

async fn a_topic_is_for_its_own_account(bed: Bed) -> Outcome {
    bed.cloud()?;
    let (_, arn) = topic(&bed, "t").await;
    let stranger = bed.sns_as(key_of("222222222222"), REGION);
    let (status, code, _) = refusal(stranger.publish().topic_arn(arn).message("x").send().await);
    assert_eq!((status, code.as_str()), (403, "AuthorizationError"));
    Ok(())
}

async fn a_queue_is_subscribed_once(bed: Bed) -> Outcome {
    bed.cloud()?;
    let (client, topic) = fifo_topic(&bed, "t.fifo").await;
    let subscribe = || client.subscribe().topic_arn(&topic).protocol("sqs");
    let subscribe = || subscribe().endpoint(queue_arn("q.fifo")).send();
    let first = subscribe().await.unwrap().subscription_arn.unwrap();
    assert!(first.starts_with(&format!("{topic}:")), "{first}");
    assert_eq!(subscribe().await.unwrap().subscription_arn.unwrap(), first);
    let list = || client.list_subscriptions_by_topic().topic_arn(&topic).send();
    let listed = list().await.unwrap();
    let [only] = listed.subscriptions() else { panic!("{listed:?}") };
    assert_eq!(only.endpoint(), Some(queue_arn("q.fifo").as_str()));
    client.unsubscribe().subscription_arn(first).send().await.unwrap();
    assert!(list().await.unwrap().subscriptions().is_empty());
    Ok(())
}

async fn only_queues_can_be_subscribed_here(bed: Bed) -> Outcome {
    bed.cloud()?;
    let (client, topic) = topic(&bed, "t").await;
    let subscribe = client.subscribe().topic_arn(topic).protocol("email").endpoint("a@example.com");
    let (_, code, text) = refusal(subscribe.send().await);
    assert_eq!(code, "InvalidParameter");
    assert!(text.contains("does not implement"), "{text}");
    Ok(())
}

async fn a_fifo_queue_cannot_be_subscribed_to_a_standard_topic(bed: Bed) -> Outcome {
    let (client, topic) = topic(&bed, "t").await;
    let subscribe = client.subscribe().topic_arn(topic).protocol("sqs");
    let (_, code, _) = refusal(subscribe.endpoint(queue_arn("q.fifo")).send().await);
    assert_eq!(code, "InvalidParameter");
    Ok(())
}
