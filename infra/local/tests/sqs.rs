//! Conformance of the SQS stand-in, through the real SDK client, in virtual time. Each test names
//! the page of the AWS documentation that states the fact (API = API Reference, DG = Developer
//! Guide).
#![expect(clippy::unwrap_used, reason = "a helper that fails, fails its test")]

mod common;

use aurora_restore_local::cloud::Cloud;
use aurora_restore_local::faults::{FaultKind, FaultRule};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message,
    MessageAttributeValue, MessageSystemAttributeName as Attribute, QueueAttributeName as Q,
    SendMessageBatchRequestEntry,
};
use common::{seconds, sqs};
use tokio::time::Instant;

/// A queue with deduplication per message group, and a client of it.
struct Queue {
    cloud: Cloud,
    client: Client,
    url: String,
}

impl Queue {
    async fn new(name: &str, attributes: &[(Q, &str)]) -> Self {
        Self::on(common::cloud(), name, attributes).await
    }

    async fn on(cloud: Cloud, name: &str, attributes: &[(Q, &str)]) -> Self {
        let client = sqs(&cloud);
        let mut create = client.create_queue().queue_name(name);
        let usual = [(Q::FifoQueue, "true"), (Q::DeduplicationScope, "messageGroup")];
        for (name, value) in usual.iter().chain(attributes) {
            create = create.attributes(name.clone(), *value);
        }
        let url = create.send().await.unwrap().queue_url.unwrap();
        Self { cloud, client, url }
    }

    async fn send(&self, group: &str, body: &str) -> String {
        self.send_as(group, body, body).await
    }

    async fn send_as(&self, group: &str, dedup: &str, body: &str) -> String {
        let send = self.client.send_message().queue_url(&self.url).message_body(body);
        let send = send.message_group_id(group).message_deduplication_id(dedup);
        send.send().await.unwrap().message_id.unwrap()
    }

    async fn receive(&self, max: i32) -> Vec<Message> {
        self.receive_for(max, 30, 0).await
    }

    async fn receive_for(&self, max: i32, visibility: i32, wait: i32) -> Vec<Message> {
        let receive = self.client.receive_message().queue_url(&self.url);
        let receive = receive.max_number_of_messages(max).visibility_timeout(visibility);
        let receive = receive.message_system_attribute_names(Attribute::All);
        receive.wait_time_seconds(wait).send().await.unwrap().messages.unwrap_or_default()
    }

    async fn delete(&self, message: &Message) -> Result<(), String> {
        let delete = self.client.delete_message().queue_url(&self.url);
        let deleted = delete.receipt_handle(handle(message)).send().await;
        deleted.map(|_| ()).map_err(|e| e.message().unwrap_or_default().to_owned())
    }

    async fn change(&self, message: &Message, seconds: i32) -> Result<(), String> {
        let change = self.client.change_message_visibility().queue_url(&self.url);
        let change = change.receipt_handle(handle(message)).visibility_timeout(seconds);
        let changed = change.send().await;
        changed.map(|_| ()).map_err(|e| e.message().unwrap_or_default().to_owned())
    }

    async fn attribute(&self, name: Q) -> String {
        let get = self.client.get_queue_attributes().queue_url(&self.url);
        let got = get.attribute_names(name.clone()).send().await.unwrap();
        got.attributes.unwrap().remove(&name).unwrap()
    }

    async fn set(&self, name: Q, value: &str) {
        let set = self.client.set_queue_attributes().queue_url(&self.url);
        set.attributes(name, value).send().await.unwrap();
    }
}

fn handle(message: &Message) -> &str {
    message.receipt_handle().unwrap()
}

fn bodies(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|m| m.body().unwrap()).collect()
}

fn attribute(message: &Message, name: Attribute) -> &str {
    message.attributes().unwrap()[&name].as_str()
}

/// A queue that hands messages on after two receives, and its dead-letter queue.
async fn with_dead_letters() -> (Queue, Queue) {
    let dead = Queue::new("dead.fifo", &[]).await;
    let arn = dead.attribute(Q::QueueArn).await;
    let policy = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":"2"}}"#);
    let live = [(Q::RedrivePolicy, policy.as_str())];
    (Queue::on(dead.cloud.clone(), "live.fifo", &live).await, dead)
}

/// Has a message received until it is in the dead-letter queue.
async fn wear_out(queue: &Queue) {
    for _ in 0..3 {
        queue.receive_for(10, 1, 0).await;
        seconds(1).await;
    }
}

// ---- groups and order

// DG "FIFO queue delivery logic".
#[tokio::test(start_paused = true)]
async fn a_group_is_blocked_while_one_of_its_messages_is_in_flight() {
    let q = Queue::new("q.fifo", &[]).await;
    q.send("a", "a1").await;
    q.send("a", "a2").await;
    q.send("b", "b1").await;
    let first = q.receive(1).await;
    assert_eq!(bodies(&first), ["a1"]);
    assert_eq!(bodies(&q.receive(10).await), ["b1"]);
    assert!(q.receive(10).await.is_empty());
    q.delete(&first[0]).await.unwrap();
    assert_eq!(bodies(&q.receive(10).await), ["a2"]);
}

// DG "FIFO queue delivery logic".
#[tokio::test(start_paused = true)]
async fn one_receive_returns_several_messages_of_one_group_in_order() {
    let q = Queue::new("q.fifo", &[]).await;
    for body in ["a1", "a2", "a3", "a4"] {
        q.send("a", body).await;
    }
    let got = q.receive(3).await;
    assert_eq!(bodies(&got), ["a1", "a2", "a3"]);
    let numbers: Vec<_> = got.iter().map(|m| attribute(m, Attribute::SequenceNumber)).collect();
    assert!(numbers.is_sorted() && numbers[0].len() == 20);
}

// DG "FIFO queue delivery logic": free again once every message was deleted or became visible.
#[tokio::test(start_paused = true)]
async fn a_group_stays_blocked_until_all_messages_of_a_receive_are_done() {
    let q = Queue::new("q.fifo", &[]).await;
    for body in ["a1", "a2", "a3"] {
        q.send("a", body).await;
    }
    let got = q.receive(2).await;
    q.change(&got[0], 0).await.unwrap();
    assert!(q.receive(10).await.is_empty());
    q.delete(&got[1]).await.unwrap();
    assert_eq!(bodies(&q.receive(10).await), ["a1", "a3"]);
}

// DG "Amazon SQS visibility timeout".
#[tokio::test(start_paused = true)]
async fn a_message_comes_back_in_its_place_when_its_visibility_timeout_ends() {
    let q = Queue::new("q.fifo", &[]).await;
    q.send("a", "a1").await;
    q.send("a", "a2").await;
    q.receive_for(1, 30, 0).await;
    seconds(29).await;
    assert!(q.receive(1).await.is_empty());
    seconds(1).await;
    let again = q.receive(1).await;
    assert_eq!(bodies(&again), ["a1"]);
    assert_eq!(attribute(&again[0], Attribute::ApproximateReceiveCount), "2");
}

// ---- deduplication

// DG "Exactly-once processing in Amazon SQS".
#[tokio::test(start_paused = true)]
async fn a_duplicate_within_five_minutes_is_accepted_but_not_delivered() {
    let q = Queue::new("q.fifo", &[]).await;
    let first = q.send_as("a", "d", "x").await;
    assert_eq!(q.send_as("a", "d", "x").await, first);
    assert_eq!(q.receive(10).await.len(), 1);
}

// DG "Using the Amazon SQS message deduplication ID": also when the message was deleted.
#[tokio::test(start_paused = true)]
async fn a_deduplication_id_counts_for_five_minutes_even_after_the_message_was_deleted() {
    let q = Queue::new("q.fifo", &[]).await;
    let first = q.send_as("a", "d", "x").await;
    let got = q.receive(1).await;
    q.delete(&got[0]).await.unwrap();
    seconds(299).await;
    assert_eq!(q.send_as("a", "d", "x").await, first);
    assert!(q.receive(1).await.is_empty());
    seconds(1).await;
    assert_ne!(q.send_as("a", "d", "x").await, first);
    assert_eq!(q.receive(1).await.len(), 1);
}

// API PurgeQueue; DG "Using the Amazon SQS message deduplication ID".
#[tokio::test(start_paused = true)]
async fn a_purge_takes_all_messages_and_keeps_the_deduplication_ids() {
    let q = Queue::new("q.fifo", &[]).await;
    q.send_as("a", "d", "x").await;
    q.send_as("b", "e", "y").await;
    q.receive(1).await;
    q.client.purge_queue().queue_url(&q.url).send().await.unwrap();
    assert_eq!(q.attribute(Q::ApproximateNumberOfMessagesNotVisible).await, "0");
    q.send_as("a", "d", "x").await;
    assert!(q.receive(10).await.is_empty());
    let again = q.client.purge_queue().queue_url(&q.url).send().await.unwrap_err();
    assert!(again.into_service_error().is_purge_queue_in_progress());
}

// DG "High throughput for FIFO queues": DeduplicationScope.
#[tokio::test(start_paused = true)]
async fn the_scope_of_deduplication_is_the_message_group_or_the_queue() {
    let q = Queue::new("q.fifo", &[]).await;
    q.send_as("a", "d", "x").await;
    q.send_as("b", "d", "x").await;
    assert_eq!(q.receive(10).await.len(), 2);
    let q = Queue::new("q.fifo", &[(Q::DeduplicationScope, "queue")]).await;
    q.send_as("a", "d", "x").await;
    q.send_as("b", "d", "x").await;
    assert_eq!(q.receive(10).await.len(), 1);
}

// API SendMessage: MessageDeduplicationId.
#[tokio::test(start_paused = true)]
async fn content_based_deduplication_uses_the_sha_256_of_the_body() {
    let q = Queue::new("q.fifo", &[(Q::ContentBasedDeduplication, "true")]).await;
    for _ in 0..2 {
        let send = q.client.send_message().queue_url(&q.url).message_body("abc");
        send.message_group_id("a").send().await.unwrap();
    }
    let got = q.receive(10).await;
    assert_eq!(got.len(), 1);
    let id = attribute(&got[0], Attribute::MessageDeduplicationId);
    assert_eq!(id, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

// API SendMessage: MessageDeduplicationId, MessageGroupId.
#[tokio::test(start_paused = true)]
async fn a_message_without_group_or_deduplication_id_is_refused() {
    let q = Queue::new("q.fifo", &[]).await;
    let send = || q.client.send_message().queue_url(&q.url).message_body("x");
    let e = send().message_deduplication_id("d").send().await.unwrap_err();
    assert_eq!(e.code(), Some("MissingParameter"));
    let e = send().message_group_id("a").send().await.unwrap_err();
    assert_eq!(e.code(), Some("InvalidParameterValue"));
    let e = send().message_group_id("a b").message_deduplication_id("d").send().await.unwrap_err();
    assert_eq!(e.code(), Some("InvalidParameterValue"));
    let delayed = send().message_group_id("a").message_deduplication_id("d").delay_seconds(5);
    assert_eq!(delayed.send().await.unwrap_err().code(), Some("InvalidParameterValue"));
}

// ---- receipt handles

// API DeleteMessage: use the latest receipt handle. aws-sdk-js issue 1279: FIFO queues refuse.
#[tokio::test(start_paused = true)]
async fn a_stale_receipt_does_not_delete() {
    let q = Queue::new("q.fifo", &[]).await;
    q.send("a", "a1").await;
    let first = q.receive_for(1, 10, 0).await;
    seconds(10).await;
    let second = q.receive(1).await;
    assert_ne!(handle(&first[0]), handle(&second[0]));
    let text = q.delete(&first[0]).await.unwrap_err();
    assert!(text.ends_with("The receipt handle has expired."), "{text}");
    assert!(q.change(&first[0], 60).await.is_err());
    q.delete(&second[0]).await.unwrap();
    assert_eq!(q.attribute(Q::ApproximateNumberOfMessagesNotVisible).await, "0");
}

// aws-sdk-js issue 1279: a FIFO queue refuses a receipt whose visibility timeout is over.
#[tokio::test(start_paused = true)]
async fn a_receipt_whose_visibility_timeout_is_over_does_not_delete() {
    let q = Queue::new("q.fifo", &[]).await;
    q.send("a", "a1").await;
    let got = q.receive_for(1, 10, 0).await;
    seconds(10).await;
    assert!(q.delete(&got[0]).await.is_err());
    let change = q.client.change_message_visibility().queue_url(&q.url).visibility_timeout(5);
    let e = change.receipt_handle(handle(&got[0])).send().await.unwrap_err();
    assert!(e.into_service_error().is_message_not_inflight());
    assert_eq!(q.receive(1).await.len(), 1);
}

// API DeleteMessage: deleting twice is success; a handle nobody gave out is not.
#[tokio::test(start_paused = true)]
async fn deleting_again_succeeds_and_an_unknown_receipt_is_refused() {
    let q = Queue::new("q.fifo", &[]).await;
    q.send("a", "a1").await;
    let got = q.receive(1).await;
    q.delete(&got[0]).await.unwrap();
    q.delete(&got[0]).await.unwrap();
    let delete = q.client.delete_message().queue_url(&q.url).receipt_handle("nonsense");
    let e = delete.send().await.unwrap_err();
    assert!(e.into_service_error().is_receipt_handle_is_invalid());
}

// API ChangeMessageVisibility: 12 hours in total from the receive.
#[tokio::test(start_paused = true)]
async fn visibility_cannot_be_extended_beyond_twelve_hours_from_the_receive() {
    let q = Queue::new("q.fifo", &[]).await;
    q.send("a", "a1").await;
    let got = q.receive_for(1, 3_600, 0).await;
    q.change(&got[0], 43_200).await.unwrap();
    seconds(3_600).await;
    let text = q.change(&got[0], 43_200).await.unwrap_err();
    assert!(text.contains("Total VisibilityTimeout"), "{text}");
    q.change(&got[0], 39_600).await.unwrap();
    assert!(q.change(&got[0], 43_201).await.is_err());
    seconds(39_599).await;
    assert!(q.receive(1).await.is_empty());
    seconds(1).await;
    assert_eq!(q.receive(1).await.len(), 1);
}

// ---- long polling

// DG "Amazon SQS short and long polling".
#[tokio::test(start_paused = true)]
async fn a_long_poll_answers_when_a_message_arrives() {
    let q = Queue::new("q.fifo", &[]).await;
    let start = Instant::now();
    let send = async {
        seconds(7).await;
        q.send("a", "a1").await;
    };
    let (got, ()) = tokio::join!(q.receive_for(1, 30, 20), send);
    assert_eq!(bodies(&got), ["a1"]);
    assert_eq!(start.elapsed().as_secs(), 7);
}

// DG "Amazon SQS short and long polling".
#[tokio::test(start_paused = true)]
async fn a_long_poll_that_finds_nothing_answers_empty_when_its_time_is_over() {
    let q = Queue::new("q.fifo", &[(Q::ReceiveMessageWaitTimeSeconds, "5")]).await;
    let start = Instant::now();
    let got = q.client.receive_message().queue_url(&q.url).send().await.unwrap();
    assert!(got.messages().is_empty());
    assert_eq!(start.elapsed().as_millis(), 5_000);
    assert!(q.receive_for(1, 30, 20).await.is_empty());
    assert_eq!(start.elapsed().as_millis(), 25_000);
}

// DG "Amazon SQS visibility timeout", with long polling.
#[tokio::test(start_paused = true)]
async fn a_long_poll_answers_when_a_message_becomes_visible_again() {
    let q = Queue::new("q.fifo", &[]).await;
    q.send("a", "a1").await;
    q.receive_for(1, 8, 0).await;
    let start = Instant::now();
    assert_eq!(q.receive_for(1, 30, 20).await.len(), 1);
    assert_eq!(start.elapsed().as_millis(), 8_000);
}

// DG "Amazon SQS visibility timeout": a wait that began before the message was taken.
#[tokio::test(start_paused = true)]
async fn a_waiting_long_poll_learns_of_a_visibility_timeout_that_began_later() {
    let q = Queue::new("q.fifo", &[]).await;
    q.send("a", "a1").await;
    let taken = q.receive_for(1, 600, 0).await;
    let start = Instant::now();
    let give_back = async {
        seconds(2).await;
        q.change(&taken[0], 3).await.unwrap();
    };
    let (got, ()) = tokio::join!(q.receive_for(1, 30, 20), give_back);
    assert_eq!(got.len(), 1);
    assert_eq!(start.elapsed().as_millis(), 5_000);
}

// DG "FIFO queue delivery logic", with long polling.
#[tokio::test(start_paused = true)]
async fn a_long_poll_answers_when_a_delete_frees_the_group() {
    let q = Queue::new("q.fifo", &[]).await;
    q.send("a", "a1").await;
    q.send("a", "a2").await;
    let taken = q.receive_for(1, 600, 0).await;
    let start = Instant::now();
    let finish = async {
        seconds(4).await;
        q.delete(&taken[0]).await.unwrap();
    };
    let (got, ()) = tokio::join!(q.receive_for(1, 30, 20), finish);
    assert_eq!(bodies(&got), ["a2"]);
    assert_eq!(start.elapsed().as_millis(), 4_000);
}

// Every message goes to one receiver, however many wait.
#[tokio::test(start_paused = true)]
async fn one_message_wakes_many_waiting_receivers_and_goes_to_one() {
    let q = Queue::new("q.fifo", &[]).await;
    let receivers = futures_of(10, |_| q.receive_for(1, 600, 20));
    let send = async {
        seconds(3).await;
        q.send("a", "a1").await;
    };
    let (got, ()) = tokio::join!(receivers, send);
    assert_eq!(got.iter().filter(|g| g.len() == 1).count(), 1);
    assert_eq!(got.iter().filter(|g| g.is_empty()).count(), 9);
}

/// Runs futures side by side, in one task.
async fn futures_of<F: Future>(n: usize, make: impl Fn(usize) -> F) -> Vec<F::Output> {
    let mut running: Vec<_> = (0..n).map(|i| Box::pin(make(i))).collect();
    let mut done: Vec<Option<F::Output>> = (0..n).map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (future, slot) in running.iter_mut().zip(&mut done) {
            if slot.is_none()
                && let std::task::Poll::Ready(output) = future.as_mut().poll(cx)
            {
                *slot = Some(output);
            }
        }
        let all = done.iter().all(Option::is_some);
        if all { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

// ---- dead letters

// DG "Using dead-letter queues in Amazon SQS".
#[tokio::test(start_paused = true)]
async fn a_message_received_too_often_moves_to_the_dead_letter_queue() {
    let (live, dead) = with_dead_letters().await;
    let id = live.send("a", "a1").await;
    live.send("a", "a2").await;
    for _ in 0..2 {
        assert_eq!(bodies(&live.receive_for(1, 1, 0).await), ["a1"]);
        seconds(1).await;
    }
    assert_eq!(bodies(&live.receive(1).await), ["a2"]);
    let got = dead.receive(1).await;
    assert_eq!(bodies(&got), ["a1"]);
    assert_eq!(got[0].message_id(), Some(id.as_str()));
    assert_eq!(attribute(&got[0], Attribute::MessageGroupId), "a");
    let source = attribute(&got[0], Attribute::DeadLetterQueueSourceArn);
    assert_eq!(source, "arn:aws:sqs:us-east-1:111111111111:live.fifo");
}

// DG "Using dead-letter queues": FIFO queues reset the enqueue timestamp.
#[tokio::test(start_paused = true)]
async fn a_dead_letter_keeps_its_receive_count_and_gets_a_new_time_of_sending() {
    let (live, dead) = with_dead_letters().await;
    live.send("a", "a1").await;
    wear_out(&live).await;
    let got = dead.receive(1).await;
    assert_eq!(attribute(&got[0], Attribute::ApproximateReceiveCount), "3");
    let sent: i64 = attribute(&got[0], Attribute::SentTimestamp).parse().unwrap();
    assert_eq!(sent, common::START_MS + 2_000);
}

// A consumer of the dead-letter queue is woken by a move that another call makes on its way.
#[tokio::test(start_paused = true)]
async fn a_long_poll_of_the_dead_letter_queue_sees_a_message_arrive() {
    let (live, dead) = with_dead_letters().await;
    live.send("a", "a1").await;
    let start = Instant::now();
    let waits = async {
        for _ in 0..2 {
            live.receive_for(1, 1, 0).await;
            seconds(1).await;
        }
        live.receive_for(1, 1, 20).await
    };
    let dead_letter = async {
        let got = dead.receive_for(1, 30, 20).await;
        (got, start.elapsed().as_secs())
    };
    let (nothing, (got, after)) = tokio::join!(waits, dead_letter);
    assert!(nothing.is_empty());
    assert_eq!((bodies(&got), after), (vec!["a1"], 2));
}

// API StartMessageMoveTask; DG "Configuring a dead-letter queue redrive": a new message id.
#[tokio::test(start_paused = true)]
async fn a_move_task_brings_dead_letters_back_as_new_messages() {
    let (live, dead) = with_dead_letters().await;
    let old = live.send("a", "a1").await;
    wear_out(&live).await;
    let arn = dead.attribute(Q::QueueArn).await;
    dead.client.start_message_move_task().source_arn(&arn).send().await.unwrap();
    let got = live.receive(1).await;
    assert_eq!(bodies(&got), ["a1"]);
    assert_ne!(got[0].message_id(), Some(old.as_str()));
    assert_eq!(attribute(&got[0], Attribute::ApproximateReceiveCount), "1");
    assert!(dead.receive(1).await.is_empty());
    let tasks = dead.client.list_message_move_tasks().source_arn(&arn).send().await.unwrap();
    let task = &tasks.results()[0];
    assert_eq!(
        (task.status(), task.approximate_number_of_messages_moved()),
        (Some("COMPLETED"), 1)
    );
}

// API StartMessageMoveTask: the source must be a dead-letter queue.
#[tokio::test(start_paused = true)]
async fn a_move_task_needs_a_dead_letter_queue_as_its_source() {
    let (live, _dead) = with_dead_letters().await;
    let arn = live.attribute(Q::QueueArn).await;
    let start = live.client.start_message_move_task().source_arn(&arn);
    assert_eq!(start.send().await.unwrap_err().code(), Some("InvalidParameterValue"));
    let start = live.client.start_message_move_task().source_arn(arn.replace("live", "none"));
    let e = start.send().await.unwrap_err().into_service_error();
    assert!(e.is_resource_not_found_exception());
}

// DG "Using dead-letter queues": same account and Region; the queue must exist.
#[tokio::test(start_paused = true)]
async fn a_redrive_policy_must_name_a_queue_that_is_there() {
    let q = Queue::new("q.fifo", &[]).await;
    let arn = "arn:aws:sqs:us-east-1:111111111111:none.fifo";
    let policy = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":3}}"#);
    let set = q.client.set_queue_attributes().queue_url(&q.url);
    let e = set.attributes(Q::RedrivePolicy, policy).send().await.unwrap_err();
    assert_eq!(e.code(), Some("InvalidParameterValue"));
}

// ---- time and size limits

// API SetQueueAttributes: MessageRetentionPeriod.
#[tokio::test(start_paused = true)]
async fn a_message_is_gone_after_the_retention_period() {
    let q = Queue::new("q.fifo", &[(Q::MessageRetentionPeriod, "60")]).await;
    q.send("a", "a1").await;
    seconds(59).await;
    assert_eq!(q.attribute(Q::ApproximateNumberOfMessages).await, "1");
    seconds(1).await;
    assert_eq!(q.attribute(Q::ApproximateNumberOfMessages).await, "0");
    assert!(q.receive(1).await.is_empty());
}

// API SendMessage: 1 MiB, message attributes included.
#[tokio::test(start_paused = true)]
async fn a_message_may_have_one_mebibyte_and_no_byte_more() {
    let q = Queue::new("q.fifo", &[]).await;
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
}

// API SendMessage: the characters a message may have.
#[tokio::test(start_paused = true)]
async fn a_message_with_characters_that_xml_cannot_hold_is_refused() {
    let q = Queue::new("q.fifo", &[]).await;
    let send = q.client.send_message().queue_url(&q.url).message_body("a\u{0}b");
    let e = send.message_group_id("a").message_deduplication_id("d").send().await.unwrap_err();
    assert!(e.into_service_error().is_invalid_message_contents());
}

// DG "Amazon SQS delay queues": FIFO queues delay as a whole.
#[tokio::test(start_paused = true)]
async fn a_queue_with_a_delay_keeps_new_messages_invisible() {
    let q = Queue::new("q.fifo", &[(Q::DelaySeconds, "10")]).await;
    q.send("a", "a1").await;
    assert_eq!(q.attribute(Q::ApproximateNumberOfMessagesDelayed).await, "1");
    let start = Instant::now();
    assert_eq!(bodies(&q.receive_for(1, 30, 20).await), ["a1"]);
    assert_eq!(start.elapsed().as_secs(), 10);
}

// ---- batches

fn entry(id: &str, group: &str, body: String) -> SendMessageBatchRequestEntry {
    let entry = SendMessageBatchRequestEntry::builder().id(id).message_group_id(group);
    entry.message_deduplication_id(format!("{id}-{group}")).message_body(body).build().unwrap()
}

// API SendMessageBatch: each entry succeeds or fails by itself.
#[tokio::test(start_paused = true)]
async fn a_batch_fails_entry_by_entry() {
    let q = Queue::new("q.fifo", &[]).await;
    let entries = vec![
        entry("one", "a", "1".into()),
        entry("two", "no spaces", "2".into()),
        entry("three", "a", "3".into()),
    ];
    let send = q.client.send_message_batch().queue_url(&q.url).set_entries(Some(entries));
    let sent = send.send().await.unwrap();
    let ids: Vec<_> = sent.successful().iter().map(|s| s.id()).collect();
    assert_eq!(ids, ["one", "three"]);
    let failed = &sent.failed()[0];
    assert_eq!((failed.id(), failed.code()), ("two", "InvalidParameterValue"));
    assert!(failed.sender_fault());
    assert_eq!(bodies(&q.receive(10).await), ["1", "3"]);
}

// API SendMessageBatch: Errors.
#[tokio::test(start_paused = true)]
async fn a_batch_that_is_wrong_as_a_whole_is_refused() {
    let q = Queue::new("q.fifo", &[]).await;
    let send = |entries: Vec<SendMessageBatchRequestEntry>| {
        q.client.send_message_batch().queue_url(&q.url).set_entries(Some(entries)).send()
    };
    let eleven = (0..11).map(|i| entry(&i.to_string(), "a", "x".into())).collect();
    let e = send(eleven).await.unwrap_err().into_service_error();
    assert!(e.is_too_many_entries_in_batch_request());
    let e = send(vec![]).await.unwrap_err().into_service_error();
    assert!(e.is_empty_batch_request());
    let twins = vec![entry("x", "a", "1".into()), entry("x", "b", "2".into())];
    let e = send(twins).await.unwrap_err().into_service_error();
    assert!(e.is_batch_entry_ids_not_distinct());
    let large = vec![entry("x", "a", "1".repeat(600_000)), entry("y", "b", "2".repeat(600_000))];
    let e = send(large).await.unwrap_err().into_service_error();
    assert!(e.is_batch_request_too_long());
    let e = send(vec![entry("x y", "a", "1".into())]).await.unwrap_err().into_service_error();
    assert!(e.is_invalid_batch_entry_id());
}

// API DeleteMessageBatch, ChangeMessageVisibilityBatch.
#[tokio::test(start_paused = true)]
async fn deletes_and_visibility_changes_come_in_batches_too() {
    let q = Queue::new("q.fifo", &[]).await;
    for group in ["a", "b", "c"] {
        q.send(group, group).await;
    }
    let got = q.receive(10).await;
    let change = |id: &str, handle: &str| {
        let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(id);
        entry.receipt_handle(handle).visibility_timeout(0).build().unwrap()
    };
    let changes = q.client.change_message_visibility_batch().queue_url(&q.url);
    let changes = changes.entries(change("0", handle(&got[0]))).entries(change("1", "nonsense"));
    let changed = changes.send().await.unwrap();
    assert_eq!(changed.successful()[0].id(), "0");
    assert_eq!(changed.failed()[0].code(), "ReceiptHandleIsInvalid");
    let delete = |i: usize| {
        let entry = DeleteMessageBatchRequestEntry::builder().id(i.to_string());
        entry.receipt_handle(handle(&got[i])).build().unwrap()
    };
    let deletes = q.client.delete_message_batch().queue_url(&q.url);
    let deletes = deletes.entries(delete(0)).entries(delete(1)).entries(delete(2));
    let deleted = deletes.send().await.unwrap();
    assert_eq!(deleted.successful().len(), 2);
    assert_eq!(
        (deleted.failed()[0].id(), deleted.failed()[0].code()),
        ("0", "ReceiptHandleIsInvalid")
    );
    assert_eq!(bodies(&q.receive(10).await), ["a"]);
}

// ---- what a receive returns

// API ReceiveMessage: MessageSystemAttributeNames, MessageAttributeNames.
#[tokio::test(start_paused = true)]
async fn attributes_are_returned_when_asked_for() {
    let q = Queue::new("q.fifo", &[]).await;
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
    assert_eq!(attribute(&got[0], Attribute::SenderId), common::ACCOUNT);
    assert_eq!(attribute(&got[0], Attribute::SentTimestamp), common::START_MS.to_string());
    let first = attribute(&got[0], Attribute::ApproximateFirstReceiveTimestamp);
    assert_eq!(first, common::START_MS.to_string());
}

// API ReceiveMessage: ReceiveRequestAttemptId.
#[tokio::test(start_paused = true)]
async fn a_retried_receive_attempt_returns_the_same_messages_and_restarts_their_timeout() {
    let q = Queue::new("q.fifo", &[]).await;
    q.send("a", "a1").await;
    q.send("b", "b1").await;
    let attempt = || {
        let receive = q.client.receive_message().queue_url(&q.url).visibility_timeout(30);
        receive.receive_request_attempt_id("attempt-1")
    };
    let first = attempt().send().await.unwrap().messages.unwrap();
    seconds(20).await;
    let second = attempt().send().await.unwrap().messages.unwrap();
    assert_eq!((bodies(&second), handle(&second[0])), (vec!["a1"], handle(&first[0])));
    seconds(29).await;
    q.delete(&first[0]).await.unwrap();
    let e = attempt().send().await.unwrap_err();
    assert_eq!(e.code(), Some("InvalidParameterValue"));
}

// API ReceiveMessage: the request parameters' ranges.
#[tokio::test(start_paused = true)]
async fn receive_parameters_out_of_range_are_refused() {
    let q = Queue::new("q.fifo", &[]).await;
    let receive = || q.client.receive_message().queue_url(&q.url);
    for wrong in [
        receive().max_number_of_messages(0),
        receive().max_number_of_messages(11),
        receive().visibility_timeout(43_201),
        receive().wait_time_seconds(21),
    ] {
        assert_eq!(wrong.send().await.unwrap_err().code(), Some("InvalidParameterValue"));
    }
}

// ---- queues

// API CreateQueue.
#[tokio::test(start_paused = true)]
async fn creating_a_queue_again_succeeds_with_equal_attributes_only() {
    let q = Queue::new("q.fifo", &[(Q::VisibilityTimeout, "60")]).await;
    let create = |timeout: &str| {
        let create = q.client.create_queue().queue_name("q.fifo").attributes(Q::FifoQueue, "true");
        create.attributes(Q::VisibilityTimeout, timeout).send()
    };
    assert_eq!(create("60").await.unwrap().queue_url, Some(q.url.clone()));
    let e = create("61").await.unwrap_err().into_service_error();
    assert!(e.is_queue_name_exists());
    let e = create("43201").await.unwrap_err().into_service_error();
    assert!(e.is_invalid_attribute_value());
    let create = q.client.create_queue().queue_name("r.fifo").attributes("NoSuch".into(), "1");
    let e = create.attributes(Q::FifoQueue, "true").send().await.unwrap_err();
    assert!(e.into_service_error().is_invalid_attribute_name());
}

// API CreateQueue: names; and the stand-in's own limit.
#[tokio::test(start_paused = true)]
async fn a_standard_queue_is_refused_and_a_fifo_name_needs_its_suffix() {
    let client = sqs(&common::cloud());
    let e = client.create_queue().queue_name("plain").send().await.unwrap_err();
    assert!(e.into_service_error().is_unsupported_operation());
    let create = client.create_queue().queue_name("plain").attributes(Q::FifoQueue, "true");
    assert_eq!(create.send().await.unwrap_err().code(), Some("InvalidParameterValue"));
    let create = client.create_queue().queue_name("q.fifo");
    assert_eq!(create.send().await.unwrap_err().code(), Some("InvalidParameterValue"));
}

// API DeleteQueue: 60 seconds until the name is free; API GetQueueUrl: Errors.
#[tokio::test(start_paused = true)]
async fn a_deleted_queue_is_gone_and_its_name_is_free_after_a_minute() {
    let q = Queue::new("q.fifo", &[]).await;
    q.client.delete_queue().queue_url(&q.url).send().await.unwrap();
    let e = q.client.get_queue_url().queue_name("q.fifo").send().await.unwrap_err();
    assert!(e.into_service_error().is_queue_does_not_exist());
    let e = q.client.receive_message().queue_url(&q.url).send().await.unwrap_err();
    assert_eq!(e.code(), Some("AWS.SimpleQueueService.NonExistentQueue"));
    assert!(e.into_service_error().is_queue_does_not_exist());
    let create = || {
        let create = q.client.create_queue().queue_name("q.fifo");
        create.attributes(Q::FifoQueue, "true").send()
    };
    let e = create().await.unwrap_err().into_service_error();
    assert!(e.is_queue_deleted_recently());
    seconds(60).await;
    create().await.unwrap();
}

// A waiting receive of a queue that is deleted is answered, not left waiting.
#[tokio::test(start_paused = true)]
async fn a_long_poll_ends_when_its_queue_is_deleted() {
    let q = Queue::new("q.fifo", &[]).await;
    let start = Instant::now();
    let wait = q.client.receive_message().queue_url(&q.url).wait_time_seconds(20).send();
    let delete = async {
        seconds(1).await;
        q.client.delete_queue().queue_url(&q.url).send().await.unwrap();
    };
    let (waited, ()) = tokio::join!(wait, delete);
    assert!(waited.unwrap_err().into_service_error().is_queue_does_not_exist());
    assert_eq!(start.elapsed().as_secs(), 1);
}

// API GetQueueAttributes, SetQueueAttributes.
#[tokio::test(start_paused = true)]
async fn queue_attributes_are_kept_with_their_defaults_and_counts() {
    let q = Queue::new("q.fifo", &[]).await;
    q.send("a", "a1").await;
    q.send("a", "a2").await;
    q.receive(1).await;
    q.set(Q::VisibilityTimeout, "77").await;
    let get = q.client.get_queue_attributes().queue_url(&q.url).attribute_names(Q::All);
    let all = get.send().await.unwrap().attributes.unwrap();
    for (name, value) in [
        (Q::ApproximateNumberOfMessages, "1"),
        (Q::ApproximateNumberOfMessagesNotVisible, "1"),
        (Q::ApproximateNumberOfMessagesDelayed, "0"),
        (Q::QueueArn, "arn:aws:sqs:us-east-1:111111111111:q.fifo"),
        (Q::VisibilityTimeout, "77"),
        (Q::FifoQueue, "true"),
        (Q::MaximumMessageSize, "1048576"),
        (Q::MessageRetentionPeriod, "345600"),
        (Q::CreatedTimestamp, "1800000000"),
    ] {
        assert_eq!(all[&name], value, "{name:?}");
    }
    assert!(!all.contains_key(&Q::RedrivePolicy));
    let set = q.client.set_queue_attributes().queue_url(&q.url);
    let e = set.attributes(Q::FifoThroughputLimit, "nonsense").send().await.unwrap_err();
    assert!(e.into_service_error().is_invalid_attribute_value());
}

// API ListQueues; everything is apart by account and Region.
#[tokio::test(start_paused = true)]
async fn queues_are_listed_by_prefix_and_page_within_their_account_and_region() {
    let q = Queue::new("aa.fifo", &[]).await;
    for name in ["ab.fifo", "ac.fifo", "b.fifo"] {
        let create = q.client.create_queue().queue_name(name).attributes(Q::FifoQueue, "true");
        create.send().await.unwrap();
    }
    let list = || q.client.list_queues().queue_name_prefix("a").max_results(2);
    let first = list().send().await.unwrap();
    let second = list().set_next_token(first.next_token.clone()).send().await.unwrap();
    assert_eq!((first.queue_urls().len(), second.queue_urls().len()), (2, 1));
    assert_eq!(second.next_token(), None);
    for (account, region) in [("222222222222", "us-east-1"), (common::ACCOUNT, "eu-west-1")] {
        let other = common::sqs_as(&q.cloud, account, region);
        assert!(other.list_queues().send().await.unwrap().queue_urls().is_empty());
    }
    let other = common::sqs_as(&q.cloud, "222222222222", "us-east-1");
    let e = other.receive_message().queue_url(&q.url).send().await.unwrap_err();
    assert_eq!(e.code(), Some("AccessDenied"));
}

// API TagQueue, UntagQueue, ListQueueTags.
#[tokio::test(start_paused = true)]
async fn tags_can_be_set_taken_away_and_listed() {
    let q = Queue::new("q.fifo", &[]).await;
    let tag = q.client.tag_queue().queue_url(&q.url).tags("a", "1").tags("b", "2");
    tag.send().await.unwrap();
    q.client.untag_queue().queue_url(&q.url).tag_keys("a").send().await.unwrap();
    let tags = q.client.list_queue_tags().queue_url(&q.url).send().await.unwrap().tags.unwrap();
    assert_eq!((tags.len(), tags["b"].as_str()), (1, "2"));
}

// The stand-in's own rule: never a silent success.
#[tokio::test(start_paused = true)]
async fn an_operation_that_is_not_implemented_is_refused_loudly() {
    let q = Queue::new("q.fifo", &[]).await;
    let add = q.client.add_permission().queue_url(&q.url).label("l");
    let add = add.aws_account_ids("222222222222").actions("SendMessage");
    assert_eq!(add.send().await.unwrap_err().code(), Some("UnknownOperationException"));
}

// ---- records, faults, size

// The meter's own promise: `<queue>/<group>` for calls on one message.
#[tokio::test(start_paused = true)]
async fn calls_are_recorded_with_their_queue_group_and_items() {
    let q = Queue::new("q.fifo", &[]).await;
    q.send("a", "a1").await;
    let got = q.receive(1).await;
    q.delete(&got[0]).await.unwrap();
    q.receive(1).await;
    let world = q.cloud.world();
    let calls: Vec<_> = world.meter.recent().skip(1).collect();
    let seen: Vec<_> =
        calls.iter().map(|c| (c.operation.as_str(), c.resource.as_str(), c.items)).collect();
    assert_eq!(
        seen,
        [
            ("SendMessage", "q.fifo/a", 1),
            ("ReceiveMessage", "q.fifo/a", 1),
            ("DeleteMessage", "q.fifo/a", 1),
            ("ReceiveMessage", "q.fifo", 0),
        ]
    );
    assert!(calls.iter().all(|c| c.component == "tests" && c.outcome == "ok"));
}

// A response that is lost leaves the effect behind: the case that deduplication is for.
#[tokio::test(start_paused = true)]
async fn a_send_whose_response_was_lost_took_place() {
    let q = Queue::new("q.fifo", &[]).await;
    q.cloud.world().faults.add(FaultRule::on("SendMessage", FaultKind::LostResponse, 1));
    let send = || {
        let send = q.client.send_message().queue_url(&q.url).message_body("x");
        send.message_group_id("a").message_deduplication_id("d").send()
    };
    assert!(send().await.is_err());
    send().await.unwrap();
    assert_eq!(q.receive(10).await.len(), 1);
}
