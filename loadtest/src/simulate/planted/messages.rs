//! Bugs with messages: acknowledging, burying, dead letters.

use super::call::{Call, json_of};
use super::network::{Course, Memory};
use super::{Bug, Invariant, bug};
use aurora_restore_local::wire::WireResponse;
use serde_json::{Value, json};

/// All of them.
pub(super) const BUGS: &[Bug] = &[
    bug(
        "ack_early",
        "A message is deleted as soon as it is received.",
        &[Invariant::AckAfterCommit, Invariant::LettersMatch],
    )
    .after(ack_early),
    bug(
        "ack_on_error",
        "A message whose tick met an error is deleted.",
        &[Invariant::AckAfterCommit, Invariant::LettersMatch],
    )
    .before(ack_on_error),
    bug(
        "purge_at_start",
        "A worker clears its queues when it starts.",
        &[Invariant::AckAfterCommit],
    )
    .before(purge_at_start),
    bug(
        "unreadable_dropped",
        "A message that cannot be read is deleted and kept nowhere.",
        LETTERS,
    )
    .before(drop_unreadable),
    bug("letter_never_sent", "A failed job's dead letter is not sent.", LETTERS)
        .before(|call, _| if is_pointer(call) { sent() } else { Course::Goes }),
    bug("letter_after_commit", "A dead letter is noted as sent, then sent.", LETTERS)
        .before(postpone_letter)
        .after(send_postponed),
    bug("letter_twice", "A dead letter is sent once more under another id.", LETTERS)
        .after(send_twice),
    bug("letter_for_success", "A job that succeeded gets a dead letter, too.", LETTERS)
        .before(remember_queue)
        .after(send_for_success),
];

const LETTERS: &[Invariant] = &[Invariant::LettersMatch];

/// The answer of SQS to a message.
fn sent() -> Course {
    Course::Pretended(json!({ "MessageId": "x", "MD5OfMessageBody": "x", "SequenceNumber": "1" }))
}

fn is_letter(call: &Call) -> bool {
    call.operation == "SendMessage" && call.text("QueueUrl").contains("dead-letters")
}

/// Whether it sends a pointer to a failed job.
fn is_pointer(call: &Call) -> bool {
    let letter: Value = serde_json::from_str(call.text("MessageBody")).unwrap_or_default();
    is_letter(call) && letter["job"].is_string()
}

fn ack_early(call: &Call, answer: &mut WireResponse, _: &mut Memory) -> Vec<Call> {
    if call.operation != "ReceiveMessage" {
        return Vec::new();
    }
    let received = json_of(answer);
    let messages = received["Messages"].as_array().cloned().unwrap_or_default();
    let delete = |message: &Value| {
        let receipt = &message["ReceiptHandle"];
        let body = json!({ "QueueUrl": call.body["QueueUrl"], "ReceiptHandle": receipt });
        call.another("DeleteMessage", body)
    };
    messages.iter().map(delete).collect()
}

/// A message is given back by making it visible again. So that there is something to give back, the
/// first claim of each process meets an answer that cannot be read.
fn ack_on_error(call: &mut Call, memory: &mut Memory) -> Course {
    if call.is_claim() && memory.notes.insert(call.component.clone(), String::new()).is_none() {
        return Course::Pretended(json!({}));
    }
    if call.operation == "ChangeMessageVisibility" {
        let (url, receipt) = (&call.body["QueueUrl"], &call.body["ReceiptHandle"]);
        *call = call.another("DeleteMessage", json!({ "QueueUrl": url, "ReceiptHandle": receipt }));
    }
    Course::Goes
}

fn purge_at_start(call: &mut Call, memory: &mut Memory) -> Course {
    let queue = format!("{} {}", call.component, call.text("QueueUrl"));
    let is_first =
        call.operation == "ReceiveMessage" && memory.notes.insert(queue, String::new()).is_none();
    if !is_first {
        return Course::Goes;
    }
    let purge = call.another("PurgeQueue", json!({ "QueueUrl": call.body["QueueUrl"] }));
    Course::GoesAfter(vec![purge])
}

fn drop_unreadable(call: &mut Call, _: &mut Memory) -> Course {
    if is_letter(call) && !is_pointer(call) { sent() } else { Course::Goes }
}

/// By job and process: a pointer that is sent after the commit that says so.
fn postpone_letter(call: &mut Call, memory: &mut Memory) -> Course {
    if !is_pointer(call) {
        return Course::Goes;
    }
    let job = call.text("MessageGroupId").to_owned();
    memory.calls.insert(job, call.clone());
    sent()
}

fn send_postponed(call: &Call, _: &mut WireResponse, memory: &mut Memory) -> Vec<Call> {
    let is_over = call.is_commit() && call.status() == "failed";
    let is_noted = is_over && call.attribute("letter_pending").is_null();
    let letter = is_noted.then(|| memory.calls.remove(call.job())).flatten();
    letter.into_iter().collect()
}

fn send_twice(call: &Call, answer: &mut WireResponse, _: &mut Memory) -> Vec<Call> {
    if !is_pointer(call) || answer.status != 200 {
        return Vec::new();
    }
    let mut again = call.clone();
    let id = format!("{}:again", call.text("MessageDeduplicationId"));
    again.body["MessageDeduplicationId"] = id.into();
    vec![again]
}

/// How a message is sent is known from the first receive.
fn remember_queue(call: &mut Call, memory: &mut Memory) -> Course {
    if call.operation == "ReceiveMessage" {
        memory.calls.entry(call.component.clone()).or_insert_with(|| call.clone());
    }
    Course::Goes
}

fn send_for_success(call: &Call, answer: &mut WireResponse, memory: &mut Memory) -> Vec<Call> {
    let is_success = call.is_commit() && call.status() == "succeeded" && answer.status == 200;
    let Some(receive) = memory.calls.get(&call.component).filter(|_| is_success) else {
        return Vec::new();
    };
    let url = dead_letters_beside(receive.text("QueueUrl"));
    let letter = json!({
        "v": 1, "job": call.job(), "seq": call.number(":seq") + 1,
        "code": "unknown_error", "text": "it has ended",
    });
    let body = json!({
        "QueueUrl": url,
        "MessageBody": letter.to_string(),
        "MessageGroupId": call.job(),
        "MessageDeduplicationId": format!("{}:ended", call.job()),
    });
    vec![receive.another("SendMessage", body)]
}

/// The queues of a Region differ in the last part of their names only.
fn dead_letters_beside(url: &str) -> String {
    let stem = url.rsplit_once('-').map_or(url, |(stem, _)| stem);
    format!("{stem}-dead-letters.fifo")
}
