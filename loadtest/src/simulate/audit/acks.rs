//! Messages: what was received, and what was deleted when.

use super::book::{Book, Delivery};
use super::records::body;
use super::{Invariant, Role};
use aurora_restore_local::witness::Seen;
use serde_json::Value;

/// What a message says, by its body alone.
pub(super) enum Said {
    /// The wake-up of a job at a number.
    WakeUp { job: String, seq: i64 },
    /// A pointer to a job that failed at a number.
    Pointer { job: String, seq: Option<i64> },
    /// Something else.
    Other,
}

impl Said {
    pub(super) fn by(body: &str) -> Self {
        let value: Value = serde_json::from_str(body).unwrap_or_default();
        let job = value.get("job").and_then(Value::as_str).map(str::to_owned);
        let seq = value.get("seq").and_then(Value::as_i64);
        let is_letter = value.get("code").is_some() && value.get("text").is_some();
        let members = value.as_object().map_or(0, serde_json::Map::len);
        let is_wake_up = members == 3 && value.get("v").and_then(Value::as_i64) == Some(1);
        match (job, seq) {
            (Some(job), seq) if is_letter => Self::Pointer { job, seq },
            (Some(job), Some(seq)) if is_wake_up => Self::WakeUp { job, seq },
            _ => Self::Other,
        }
    }
}

/// How long SQS remembers a deduplication id (Amazon SQS Developer Guide, "Exactly-once
/// processing").
const DEDUPLICATION_MS: i64 = 5 * 60 * 1000;

impl Book {
    /// One of ours has called SQS.
    pub(super) fn sqs_called(&mut self, seen: &Seen<'_>, role: Role) {
        let is_done = seen.record.outcome == "ok";
        match seen.call.operation.as_str() {
            "ReceiveMessage" if is_done && seen.record.items > 0 => self.received(seen),
            "SendMessage" if is_done => self.sent_one(seen),
            "SendMessageBatch" if is_done => self.sent_batch(seen),
            "DeleteMessage" if is_done => {
                let body = body(seen);
                self.deleted(seen, role, text(&body, "ReceiptHandle"));
            }
            "DeleteMessageBatch" if is_done => self.deleted_batch(seen, role),
            "DeleteMessage" | "ChangeMessageVisibility" => {
                let refused = ["InvalidParameterValue", "ReceiptHandleIsInvalid"];
                let is_stale = refused.contains(&seen.record.outcome.as_str());
                self.sightings.stale_receipts += u64::from(is_stale);
            }
            "PurgeQueue" | "DeleteQueue" if role == Role::Worker => {
                let text = "messages were thrown away".to_owned();
                self.report(seen.record, Invariant::AckAfterCommit, text);
            }
            _ => {}
        }
    }

    fn received(&mut self, seen: &Seen<'_>) {
        let queue = queue_of(seen).to_owned();
        for message in members(&answer(seen), "Messages") {
            let body = text(message, "Body").to_owned();
            if let Said::Pointer { job, .. } = Said::by(&body) {
                self.pointed.insert((seen.component.to_owned(), job));
            }
            if !self.received.insert(text(message, "MessageId").to_owned()) {
                self.sightings.redeliveries += 1;
            }
            let delivery = Delivery { queue: queue.clone(), body, call: seen.record.n };
            // A copy comes under the handle of the message itself: the first delivery counts.
            let handle = text(message, "ReceiptHandle").to_owned();
            self.deliveries.entry(handle).or_insert(delivery);
        }
    }

    fn sent_one(&mut self, seen: &Seen<'_>) {
        let is_new = self.sent.insert(text(&answer(seen), "MessageId").to_owned());
        self.sightings.deduplicated_sends += u64::from(!is_new);
        if queue_of(seen) == self.dead_letters {
            let body = body(seen);
            self.letter_sent(seen, text(&body, "MessageBody"), is_new);
        }
    }

    fn sent_batch(&mut self, seen: &Seen<'_>) {
        let (sending, answer) = (body(seen), answer(seen));
        for sent in members(&answer, "Successful") {
            let is_new = self.sent.insert(text(sent, "MessageId").to_owned());
            self.sightings.deduplicated_sends += u64::from(!is_new);
            let is_it = |entry: &&Value| text(entry, "Id") == text(sent, "Id");
            if let Some(entry) = members(&sending, "Entries").find(is_it)
                && let Said::WakeUp { job, seq } = Said::by(text(entry, "MessageBody"))
            {
                self.woken.insert((seen.component.to_owned(), job, seq));
            }
        }
    }

    /// Whether a process has sent a wake-up.
    pub(super) fn has_woken(&self, component: &str, job: &str, seq: i64) -> bool {
        self.woken.contains(&(component.to_owned(), job.to_owned(), seq))
    }

    fn letter_sent(&mut self, seen: &Seen<'_>, letter: &str, is_new: bool) {
        if let Said::Pointer { job, seq: Some(seq) } = Said::by(letter) {
            self.sightings.letters += u64::from(is_new);
            return self.pointer_sent(seen, &job, seq, is_new);
        }
        let letter: Value = serde_json::from_str(letter).unwrap_or_default();
        if let Said::WakeUp { job, .. } = Said::by(text(&letter, "body"))
            && self.is_stored(&job)
        {
            let text = format!("the wake-up of job {job} was buried, which is there");
            self.report(seen.record, Invariant::LettersMatch, text);
        }
        let who = (seen.component.to_owned(), text(&letter, "body").to_owned());
        self.buried.insert(who, seen.record.n);
        self.sightings.buried += u64::from(is_new);
    }

    /// SQS folds what is sent again within five minutes under the same deduplication id. Whoever was
    /// frozen or down for longer sends a second one, which says the same.
    fn pointer_sent(&mut self, seen: &Seen<'_>, job: &str, seq: i64, is_new: bool) {
        let now_ms = seen.record.at_ms;
        let record = self.jobs.entry(job.to_owned()).or_default();
        let first_ms = *record.letters.entry(seq).or_insert(now_ms);
        if is_new && now_ms - first_ms >= DEDUPLICATION_MS {
            record.late_letters.insert(seq);
        }
        if is_new && first_ms < now_ms && now_ms - first_ms < DEDUPLICATION_MS {
            let text = format!("a second pointer to job {job} at {seq} was sent");
            self.report(seen.record, Invariant::LettersMatch, text);
        }
    }

    fn deleted_batch(&mut self, seen: &Seen<'_>, role: Role) {
        let (body, answer) = (body(seen), answer(seen));
        let done: Vec<_> = members(&answer, "Successful").map(|entry| text(entry, "Id")).collect();
        for entry in members(&body, "Entries").filter(|entry| done.contains(&text(entry, "Id"))) {
            self.deleted(seen, role, text(entry, "ReceiptHandle"));
        }
    }

    /// A message was deleted: its job must need it no more.
    fn deleted(&mut self, seen: &Seen<'_>, role: Role, receipt: &str) {
        let Some(delivery) = self.deliveries.get(receipt) else { return };
        let in_letters = delivery.queue == self.dead_letters;
        let wrong = match Said::by(&delivery.body) {
            Said::Pointer { job, seq } if in_letters || role == Role::Worker => {
                let needed = self.points_to_failure(&job, seq);
                needed.then(|| (Invariant::LettersMatch, format!("job {job} has failed still")))
            }
            Said::WakeUp { job, seq } if self.is_stored(&job) => {
                let needed = self.needs(seen.component, delivery, &job, seq);
                let text = || format!("job {job} expects number {seq} still");
                needed.then(|| (Invariant::AckAfterCommit, text()))
            }
            Said::Pointer { .. } => None,
            Said::WakeUp { .. } | Said::Other if in_letters => None,
            Said::WakeUp { .. } | Said::Other => {
                let who = (seen.component.to_owned(), delivery.body.clone());
                let is_kept = self.buried.get(&who).is_some_and(|call| *call > delivery.call);
                let text = || format!("it is in no dead letter: {:?}", delivery.body);
                (!is_kept).then(|| (Invariant::LettersMatch, text()))
            }
        };
        if let Some((invariant, text)) = wrong {
            self.report(seen.record, invariant, text);
        }
    }

    fn is_stored(&self, id: &str) -> bool {
        self.jobs.get(id).is_some_and(|job| job.state.is_some())
    }

    /// Whether a pointer is the one to the present failure of a job.
    fn points_to_failure(&self, id: &str, seq: Option<i64>) -> bool {
        let state = self.jobs.get(id).and_then(|job| job.state.as_ref());
        state.is_some_and(|state| {
            let is_its = seq.is_none_or(|seq| seq + 1 == state.seq);
            state.status == "failed" && !state.letter_pending && is_its
        })
    }

    /// Whether a job still needs a wake-up that a process was brought. It does not when it expects
    /// another, has ended, or is held by another process. If this very process holds it, it must
    /// have been refused since: then the message had come to it twice, and the due time of the
    /// lease covers the job.
    fn needs(&self, component: &str, delivery: &Delivery, id: &str, seq: i64) -> bool {
        let Some(job) = self.jobs.get(id) else { return false };
        let Some(state) = job.state.as_ref() else { return false };
        if state.seq != seq || !job.is_live() {
            return false;
        }
        match &state.owner {
            None => true,
            Some(owner) if owner != component => state.due_at.is_none(),
            Some(_) => {
                let who = (component.to_owned(), id.to_owned());
                self.refused.get(&who).is_none_or(|call| *call < delivery.call)
            }
        }
    }
}

/// The queue that a call was about.
fn queue_of<'a>(seen: &Seen<'a>) -> &'a str {
    seen.record.resource.split('/').next().unwrap_or_default()
}

fn answer(seen: &Seen<'_>) -> Value {
    serde_json::from_slice(&seen.response.body).unwrap_or_default()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn members<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}
