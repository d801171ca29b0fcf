//! What the local cloud notes, and the faults it injects.

use super::Queue;
use crate::bed::Bed;
use crate::fact::{Outcome, facts};
use aurora_restore_local::faults::{FaultKind, FaultRule};

facts!("sqs":
    calls_are_recorded_with_their_queue_group_and_items:
        "The meter's own promise: `<queue>/<group>` for calls on one message",
    a_send_whose_response_was_lost_took_place:
        "A response that is lost leaves the effect behind: the case that deduplication is for",
);

async fn calls_are_recorded_with_their_queue_group_and_items(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    q.send("a", "a1").await;
    let got = q.receive(1).await;
    q.delete(&got[0]).await.unwrap();
    q.receive(1).await;
    let world = bed.cloud()?.world();
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
    assert!(calls.iter().all(|c| c.outcome == "ok"));
    Ok(())
}

async fn a_send_whose_response_was_lost_took_place(bed: Bed) -> Outcome {
    let q = Queue::new(&bed, "q.fifo", &[]).await;
    bed.cloud()?.world().faults.add(FaultRule::on("SendMessage", FaultKind::LostResponse, 1));
    let send = || {
        let send = q.client.send_message().queue_url(&q.url).message_body("x");
        send.message_group_id("a").message_deduplication_id("d").send()
    };
    assert!(send().await.is_err());
    send().await.unwrap();
    assert_eq!(q.receive(10).await.len(), 1);
    Ok(())
}
