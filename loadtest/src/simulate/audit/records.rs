//! Writes of the table: who may write what, and what is never changed. States and slots have files
//! of their own.

use super::book::Book;
use super::chain::{self, Link};
use super::job::plan_key;
use super::sets::set_of;
use super::typed::text;
use super::{Invariant, Role};
use aurora_restore_local::witness::Seen;
use serde_json::Value;

/// Operations that write one item.
const WRITES: [&str; 3] = ["PutItem", "UpdateItem", "DeleteItem"];

/// What the names of operations begin with that only read.
const READS: [&str; 6] = ["Get", "BatchGet", "Query", "Scan", "Describe", "List"];

impl Book {
    /// One of ours has called DynamoDB.
    pub(super) fn ours_wrote(&mut self, seen: &Seen<'_>, role: Role) {
        let operation = seen.call.operation.as_str();
        let reads = READS.iter().any(|begin| operation.starts_with(begin));
        if !reads && !WRITES.contains(&operation) {
            let text = "only single items are written".to_owned();
            self.report(seen.record, Invariant::WritesAreConditional, text);
        }
        if !WRITES.contains(&operation) {
            return;
        }
        let Some((pk, sk)) = self.key_of(seen) else { return };
        if seen.record.outcome != "ok" {
            if seen.record.outcome == "ConditionalCheckFailedException" && sk == "state" {
                self.state_refused(seen, &pk);
            }
            return;
        }
        self.wrote(seen, Some(role), &pk, &sk);
    }

    /// Somebody who is not ours has: it is only taken in.
    pub(super) fn stranger_wrote(&mut self, seen: &Seen<'_>) {
        if seen.record.outcome == "ok"
            && WRITES.contains(&seen.call.operation.as_str())
            && let Some((pk, sk)) = self.key_of(seen)
        {
            self.wrote(seen, None, &pk, &sk);
        }
    }

    fn wrote(&mut self, seen: &Seen<'_>, role: Option<Role>, pk: &str, sk: &str) {
        match (pk.strip_prefix("job#"), sk) {
            (Some(job), "state") => self.state_written(seen, role, job),
            (Some(job), "spec") => self.spec_written(seen, role, job),
            (Some(job), sk) if sk.starts_with("plan#") => self.plan_written(seen, role, job, sk),
            (Some(job), sk) if sk.starts_with("event#") => self.event_written(seen, role, job, sk),
            (None, "tally") => {
                self.tally_written(seen, role, pk.trim_start_matches("set#"));
            }
            (None, "slots") => self.slot_written(seen, role, pk),
            _ => {}
        }
    }

    /// The key of the item of our table that a call is about.
    fn key_of(&self, seen: &Seen<'_>) -> Option<(String, String)> {
        let record = seen.record;
        let here = record.account == self.setting.account && record.region == self.setting.region;
        let key = record.resource.strip_prefix(self.table_slash.as_str()).filter(|_| here)?;
        key.rsplit_once('/').map(|(pk, sk)| (pk.to_owned(), sk.to_owned()))
    }

    /// An item as it is now.
    pub(super) fn item(&self, seen: &Seen<'_>, pk: &str, sk: &str) -> Option<Value> {
        let Self { setting, .. } = self;
        seen.world.dynamodb.item(&setting.account, &setting.region, &setting.table, (pk, sk))
    }

    fn spec_written(&mut self, seen: &Seen<'_>, role: Option<Role>, id: &str) {
        let item = self.item(seen, &format!("job#{id}"), "spec").unwrap_or_default();
        let request = text(&item, "request").unwrap_or_default().to_owned();
        let job = self.jobs.entry(id.to_owned()).or_default();
        let before = job.request.take();
        job.take_request(&request);
        job.follows = text(&item, "aftercare").and_then(followed);
        job.set = text(&item, "set").and_then(set_of);
        job.genesis = chain::genesis(id, &item);
        if role.is_some() && before.as_ref().is_some_and(|before| *before != request) {
            let text = "the request of a job was changed".to_owned();
            self.report(seen.record, Invariant::SameKeySameJob, text);
        }
        if role.is_some() && !is_conditional(seen) {
            let text = "a request was written without a condition".to_owned();
            self.report(seen.record, Invariant::WritesAreConditional, text);
        }
    }

    fn plan_written(&mut self, seen: &Seen<'_>, role: Option<Role>, id: &str, sk: &str) {
        let item = self.item(seen, &format!("job#{id}"), sk).unwrap_or_default();
        let plan = text(&item, "plan").unwrap_or_default().to_owned();
        let job = self.jobs.entry(id.to_owned()).or_default();
        let before = job.plans.insert(sk.to_owned(), plan.clone());
        let named = job.state.as_ref().and_then(|s| s.plan_epoch).map(plan_key);
        if role.is_some() && named.as_deref() == Some(sk) && before.is_some_and(|b| b != plan) {
            let text = "the plan that the state names was changed".to_owned();
            self.report(seen.record, Invariant::PlansStayPut, text);
        }
    }

    /// The events of an epoch are told by who has claimed it, that a job goes on by who may have it
    /// go on.
    fn event_written(&mut self, seen: &Seen<'_>, role: Option<Role>, id: &str, sk: &str) {
        let item = self.item(seen, &format!("job#{id}"), sk).unwrap_or_default();
        let job = self.jobs.entry(id.to_owned()).or_default();
        job.events.insert(sk.to_owned(), Link::read(id, sk, &item));
        if is_replay(sk) && role.is_some_and(|role| self.may_replay(seen, role, id)) {
            return;
        }
        let epoch = sk.split('#').nth(1).and_then(|epoch| epoch.parse().ok()).unwrap_or(-1);
        let job = self.jobs.get(id);
        let claimer = job.and_then(|job| job.claimer(epoch)).map(str::to_owned);
        if role.is_some() && claimer.as_deref() != Some(seen.component) {
            let text = format!("an event of epoch {epoch}, which is {claimer:?}'s");
            self.report(seen.record, Invariant::EpochsFence, text);
        }
    }
}

/// Whether the event of a sort key tells that a job goes on.
fn is_replay(sk: &str) -> bool {
    sk.split('#').nth(2) == Some("1")
}

/// The body of a call in AWS JSON.
pub(super) fn body(seen: &Seen<'_>) -> Value {
    serde_json::from_slice(&seen.request.body).unwrap_or_default()
}

/// Whether a write says on what it depends.
pub(super) fn is_conditional(seen: &Seen<'_>) -> bool {
    body(seen).get("ConditionExpression").is_some()
}

/// The job that an aftercare job follows.
fn followed(aftercare: &str) -> Option<String> {
    let care: Value = serde_json::from_str(aftercare).ok()?;
    care.get("of")?.as_str().map(str::to_owned)
}
