//! Move tasks: dead letters on their way back.

use super::{Queue, attribute, bodies, wear_out, with_dead_letters};
use crate::bed::Bed;
use crate::fact::{Outcome, Skip, facts};
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{
    ListMessageMoveTasksResultEntry as Entry, MessageSystemAttributeName as Attribute,
    QueueAttributeName as Q,
};

facts!("sqs":
    a_move_task_brings_dead_letters_back_as_new_messages:
        "API StartMessageMoveTask; DG Configuring a dead-letter queue redrive: a new message id",
    a_move_task_can_name_another_destination: "API StartMessageMoveTask: DestinationArn",
    a_move_task_needs_a_dead_letter_queue_as_its_source: "API StartMessageMoveTask: Errors",
    a_move_task_with_a_rate_takes_its_time:
        "API StartMessageMoveTask: MaxNumberOfMessagesPerSecond; API ListMessageMoveTasks",
    a_long_poll_sees_what_a_move_task_brings:
        "API StartMessageMoveTask; DG Amazon SQS short and long polling",
    a_queue_has_one_move_task_at_a_time: "API StartMessageMoveTask: one active task per queue",
    a_cancelled_move_task_moves_no_more_and_keeps_what_it_moved: "API CancelMessageMoveTask",
    a_move_task_fails_when_its_destination_is_gone:
        "API ListMessageMoveTasks: FailureReason; recorded in localstack's test_sqs_move_task",
    a_task_handle_nobody_gave_out_is_refused:
        "API CancelMessageMoveTask: Errors; recorded in localstack's test_sqs_move_task",
);

/// Ten dead letters in two groups.
async fn ten_dead_letters(bed: &Bed) -> Result<(Queue, Queue, String), Skip> {
    let (live, dead) = with_dead_letters(bed).await;
    for n in 0..10 {
        live.send(if n % 2 == 0 { "a" } else { "b" }, &n.to_string()).await;
    }
    wear_out(bed, &live).await?;
    let arn = dead.attribute(Q::QueueArn).await;
    Ok((live, dead, arn))
}

/// The latest task of a queue.
async fn latest(queue: &Queue, arn: &str) -> Entry {
    let list = queue.client.list_message_move_tasks().source_arn(arn).send();
    list.await.unwrap().results()[0].clone()
}

async fn a_move_task_brings_dead_letters_back_as_new_messages(bed: Bed) -> Outcome {
    let (live, dead) = with_dead_letters(&bed).await;
    let old = live.send("a", "a1").await;
    wear_out(&bed, &live).await?;
    let arn = dead.attribute(Q::QueueArn).await;
    dead.client.start_message_move_task().source_arn(&arn).send().await.unwrap();
    let got = live.receive_for(1, 30, 10).await;
    assert_eq!(bodies(&got), ["a1"]);
    assert_ne!(got[0].message_id(), Some(old.as_str()));
    assert_eq!(attribute(&got[0], Attribute::ApproximateReceiveCount), "1");
    assert!(dead.receive(1).await.is_empty());
    let task = latest(&dead, &arn).await;
    assert_eq!(task.status(), Some("COMPLETED"));
    assert_eq!(task.approximate_number_of_messages_moved(), 1);
    assert_eq!(task.approximate_number_of_messages_to_move(), Some(1));
    assert_eq!((task.task_handle(), task.destination_arn()), (None, None));
    Ok(())
}

async fn a_move_task_can_name_another_destination(bed: Bed) -> Outcome {
    let (live, dead) = with_dead_letters(&bed).await;
    live.send("a", "a1").await;
    wear_out(&bed, &live).await?;
    let other = Queue::new(&bed, "other.fifo", &[]).await;
    let (from, to) = (dead.attribute(Q::QueueArn).await, other.attribute(Q::QueueArn).await);
    let start = || dead.client.start_message_move_task().source_arn(&from);
    let e = start().destination_arn(format!("{to}x")).send().await.unwrap_err();
    assert_eq!(e.raw_response().unwrap().status().as_u16(), 404);
    assert!(e.into_service_error().is_resource_not_found_exception());
    start().destination_arn(&to).send().await.unwrap();
    assert_eq!(bodies(&other.receive_for(1, 30, 10).await), ["a1"]);
    assert!(live.receive(1).await.is_empty());
    assert_eq!(latest(&dead, &from).await.destination_arn(), Some(to.as_str()));
    Ok(())
}

async fn a_move_task_needs_a_dead_letter_queue_as_its_source(bed: Bed) -> Outcome {
    let (live, _dead) = with_dead_letters(&bed).await;
    let arn = live.attribute(Q::QueueArn).await;
    let start = live.client.start_message_move_task().source_arn(&arn);
    let e = start.send().await.unwrap_err();
    assert_eq!(e.code(), Some("InvalidParameterValue"));
    assert_eq!(e.message(), Some("Source queue must be configured as a Dead Letter Queue."));
    let start = live.client.start_message_move_task().source_arn(arn.replace("live", "none"));
    let e = start.send().await.unwrap_err();
    assert_eq!(e.raw_response().unwrap().status().as_u16(), 404);
    assert!(e.into_service_error().is_resource_not_found_exception());
    Ok(())
}

async fn a_move_task_with_a_rate_takes_its_time(bed: Bed) -> Outcome {
    let (live, dead, arn) = ten_dead_letters(&bed).await?;
    let start = dead.client.start_message_move_task().source_arn(&arn);
    start.max_number_of_messages_per_second(1).send().await.unwrap();
    bed.seconds(4).await?;
    let task = latest(&dead, &arn).await;
    assert_eq!(
        (task.status(), task.max_number_of_messages_per_second()),
        (Some("RUNNING"), Some(1))
    );
    assert_eq!(task.approximate_number_of_messages_to_move(), Some(10));
    assert!((2..10).contains(&task.approximate_number_of_messages_moved()), "{task:?}");
    assert!(task.task_handle().is_some());
    bed.seconds(15).await?;
    assert_eq!(latest(&dead, &arn).await.status(), Some("COMPLETED"));
    let got = [live.receive(10).await, live.receive(10).await].concat();
    let mut bodies = bodies(&got);
    bodies.sort_unstable();
    assert_eq!(bodies, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    Ok(())
}

async fn a_long_poll_sees_what_a_move_task_brings(bed: Bed) -> Outcome {
    let (live, dead, arn) = ten_dead_letters(&bed).await?;
    let start_ms = bed.now_ms();
    let starts = async {
        bed.until_parked(1).await;
        let start = dead.client.start_message_move_task().source_arn(&arn);
        start.max_number_of_messages_per_second(1).send().await.unwrap();
        bed.seconds(1).await
    };
    let (got, started) = futures::join!(live.receive_for(1, 30, 20), starts);
    started?;
    assert_eq!(bodies(&got), ["0"]);
    bed.took_ms(start_ms, 1_000);
    Ok(())
}

async fn a_queue_has_one_move_task_at_a_time(bed: Bed) -> Outcome {
    let (_live, dead, arn) = ten_dead_letters(&bed).await?;
    let start = || {
        let start = dead.client.start_message_move_task().source_arn(&arn);
        start.max_number_of_messages_per_second(1).send()
    };
    start().await.unwrap();
    let e = start().await.unwrap_err();
    assert_eq!(e.code(), Some("InvalidParameterValue"));
    assert!(e.message().unwrap().starts_with("There is already a task running."));
    bed.seconds(20).await?;
    assert_eq!(latest(&dead, &arn).await.status(), Some("COMPLETED"));
    start().await.unwrap();
    Ok(())
}

async fn a_cancelled_move_task_moves_no_more_and_keeps_what_it_moved(bed: Bed) -> Outcome {
    let (live, dead, arn) = ten_dead_letters(&bed).await?;
    let start = dead.client.start_message_move_task().source_arn(&arn);
    let started = start.max_number_of_messages_per_second(1).send().await.unwrap();
    bed.seconds(3).await?;
    let cancel = dead.client.cancel_message_move_task();
    let cancel = cancel.task_handle(started.task_handle().unwrap());
    let told = cancel.clone().send().await.unwrap().approximate_number_of_messages_moved;
    bed.seconds(20).await?;
    let task = latest(&dead, &arn).await;
    assert_eq!((task.status(), task.task_handle()), (Some("CANCELLED"), None));
    let moved = task.approximate_number_of_messages_moved();
    assert!(moved >= told && (1..10).contains(&moved), "{told} and {moved}");
    let got = [live.receive(10).await, live.receive(10).await].concat();
    assert_eq!(i64::try_from(got.len()).unwrap(), moved);
    let e = cancel.send().await.unwrap_err();
    assert!(e.into_service_error().is_unsupported_operation());
    Ok(())
}

async fn a_move_task_fails_when_its_destination_is_gone(bed: Bed) -> Outcome {
    let (live, dead, arn) = ten_dead_letters(&bed).await?;
    let start = dead.client.start_message_move_task().source_arn(&arn);
    start.max_number_of_messages_per_second(1).send().await.unwrap();
    bed.seconds(3).await?;
    live.client.delete_queue().queue_url(&live.url).send().await.unwrap();
    bed.seconds(20).await?;
    let task = latest(&dead, &arn).await;
    assert_eq!(task.status(), Some("FAILED"));
    assert_eq!(task.failure_reason(), Some("AWS.SimpleQueueService.NonExistentQueue"));
    assert!((1..10).contains(&task.approximate_number_of_messages_moved()), "{task:?}");
    Ok(())
}

async fn a_task_handle_nobody_gave_out_is_refused(bed: Bed) -> Outcome {
    let (_live, dead) = with_dead_letters(&bed).await;
    let cancel = dead.client.cancel_message_move_task().task_handle("nonsense").send();
    let e = cancel.await.unwrap_err();
    assert_eq!(e.code(), Some("InvalidParameterValue"));
    assert_eq!(e.message(), Some("Value for parameter TaskHandle is invalid."));
    Ok(())
}
