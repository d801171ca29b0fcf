//! Who looks on: told of every call right after it was handled, with the world as it is then.
//!
//! An auditor judges by this, and never by what the callers say of themselves.

use crate::call::Call;
use crate::meter::CallRecord;
use crate::wire::{WireRequest, WireResponse};
use crate::world::World;

/// A call that has just been handled.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    /// The world right after it.
    pub world: &'a World,
    /// The call.
    pub call: &'a Call,
    /// Who called.
    pub component: &'a str,
    /// What was sent.
    pub request: &'a WireRequest,
    /// What is answered, whether or not the answer arrives.
    pub response: &'a WireResponse,
    /// What the call was about, and what came of it.
    pub record: &'a CallRecord,
}

/// Looks on. It is told in the order in which the calls had their effects.
pub trait Witness: Send {
    /// A call was handled.
    fn saw(&mut self, seen: &Seen<'_>);
}

#[cfg(test)]
mod tests {
    use super::{Seen, Witness};
    use crate::clock::TokioNow;
    use crate::cloud::Cloud;
    use crate::data_plane::NoData;
    use crate::faults::{FaultKind, FaultRule};
    use crate::settings::WorldSettings;
    use crate::wire::WireRequest;
    use crate::world::World;
    use serde_json::{Value, json};
    use std::sync::{Arc, Mutex};

    const ACCOUNT: &str = "111111111111";

    /// What a witness was told of a call: who made which, what came of it, the status of the
    /// answer, and how many messages lay in the queue right after it.
    #[derive(Debug, Clone, PartialEq)]
    struct Told(String, String, String, u16, usize);

    /// Writes down what it is told.
    #[derive(Clone, Default)]
    struct Notes(Arc<Mutex<Vec<Told>>>);

    impl Witness for Notes {
        fn saw(&mut self, seen: &Seen<'_>) {
            assert_eq!((seen.call.request_id.len(), seen.request.body.is_empty()), (36, false));
            assert_eq!(seen.record.component, seen.component);
            let messages = seen.world.sqs.messages(ACCOUNT, "us-east-1", "q.fifo").len();
            let (operation, outcome) = (seen.call.operation.clone(), seen.record.outcome.clone());
            let who = seen.component.to_owned();
            let told = Told(who, operation, outcome, seen.response.status, messages);
            self.0.lock().unwrap().push(told);
        }
    }

    impl Notes {
        fn take(&self) -> Vec<Told> {
            std::mem::take(&mut self.0.lock().unwrap())
        }
    }

    fn told(who: &str, operation: &str, outcome: &str, status: u16, messages: usize) -> Told {
        Told(who.into(), operation.into(), outcome.into(), status, messages)
    }

    fn request(operation: &str, input: &Value) -> WireRequest {
        let scope = format!("Credential={ACCOUNT}/20270115/us-east-1/sqs/aws4_request");
        let target = format!("AmazonSQS.{operation}");
        let headers = [("authorization".to_owned(), scope), ("x-amz-target".to_owned(), target)];
        let body = input.to_string().into();
        WireRequest { headers: headers.into(), body, ..WireRequest::default() }
    }

    fn send(queue: &str, id: &str) -> WireRequest {
        let url = format!("http://x/{ACCOUNT}/{queue}");
        let input = json!({ "QueueUrl": url, "MessageBody": id, "MessageGroupId": "g",
            "MessageDeduplicationId": id });
        request("SendMessage", &input)
    }

    fn receive() -> WireRequest {
        let url = format!("http://x/{ACCOUNT}/q.fifo");
        request("ReceiveMessage", &json!({ "QueueUrl": url, "WaitTimeSeconds": 20 }))
    }

    /// A cloud with the queue `q.fifo`, and who looks on from then on.
    async fn watched() -> (Cloud, Notes) {
        let settings = WorldSettings { keep_calls: 0, ..WorldSettings::default() };
        let world = World::new(settings, Box::new(NoData));
        let cloud = Cloud::new(world, Arc::new(TokioNow::starting_at(0)));
        let queue = json!({ "QueueName": "q.fifo", "Attributes": { "FifoQueue": "true" } });
        cloud.serve("tests", &request("CreateQueue", &queue)).await.unwrap();
        let notes = Notes::default();
        cloud.watched_by(notes.clone());
        (cloud, notes)
    }

    fn inject(cloud: &Cloud, fault: FaultKind) {
        cloud.world().faults.add(FaultRule::on("SendMessage", fault, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_told_of_every_handled_call_with_the_world_after_it() {
        let (cloud, notes) = watched().await;
        cloud.serve("a", &send("q.fifo", "1")).await.unwrap();
        cloud.serve("b", &send("q.fifo", "2")).await.unwrap();
        cloud.serve("b", &receive()).await.unwrap();
        let expected = [
            told("a", "SendMessage", "ok", 200, 1),
            told("b", "SendMessage", "ok", 200, 2),
            told("b", "ReceiveMessage", "ok", 200, 2),
        ];
        assert_eq!(notes.take(), expected);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_told_of_refusals_and_of_answers_that_are_lost() {
        let (cloud, notes) = watched().await;
        let missing = "AWS.SimpleQueueService.NonExistentQueue";
        cloud.serve("a", &send("none.fifo", "1")).await.unwrap();
        inject(&cloud, FaultKind::InternalError);
        cloud.serve("a", &send("q.fifo", "1")).await.unwrap();
        inject(&cloud, FaultKind::LostResponse);
        cloud.serve("a", &send("q.fifo", "1")).await.unwrap_err();
        let expected = [
            told("a", "SendMessage", missing, 400, 0),
            told("a", "SendMessage", "InternalServiceError", 500, 0),
            told("a", "SendMessage", "ok", 200, 1),
        ];
        assert_eq!(notes.take(), expected);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_not_told_of_what_never_arrived_or_was_no_call() {
        let (cloud, notes) = watched().await;
        for fault in [FaultKind::LostRequest, FaultKind::Unreachable, FaultKind::Silent { ms: 9 }] {
            inject(&cloud, fault);
            cloud.serve("a", &send("q.fifo", "1")).await.unwrap_err();
        }
        let unsigned = cloud.serve("a", &WireRequest::default()).await.unwrap();
        assert_eq!((unsigned.status, notes.take()), (403, Vec::new()));
        cloud.serve("a", &send("q.fifo", "1")).await.unwrap();
        assert_eq!(notes.take(), [told("a", "SendMessage", "ok", 200, 1)]);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_told_of_a_call_that_waits_when_that_is_answered() {
        let (cloud, notes) = watched().await;
        let sends = async {
            while cloud.parked() == 0 {
                tokio::task::yield_now().await;
            }
            assert_eq!(notes.take(), []);
            cloud.serve("a", &send("q.fifo", "1")).await.unwrap();
        };
        let receive = receive();
        let (received, ()) = tokio::join!(cloud.serve("b", &receive), sends);
        assert!(received.is_ok());
        let expected =
            [told("a", "SendMessage", "ok", 200, 1), told("b", "ReceiveMessage", "ok", 200, 1)];
        assert_eq!(notes.take(), expected);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_looks_on_later_does_so_instead() {
        let (cloud, first) = watched().await;
        let second = Notes::default();
        cloud.watched_by(second.clone());
        cloud.serve("a", &send("q.fifo", "1")).await.unwrap();
        assert_eq!((first.take().len(), second.take().len()), (0, 1));
    }
}
