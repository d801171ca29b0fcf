//! Bugs of loops and records: the dispatcher, the observer, slots, plans, events.

use super::call::{Call, integer, json_of, string};
use super::network::{Course, Memory};
use super::{Bug, Invariant, bug};
use aurora_restore_local::wire::WireResponse;
use serde_json::{Value, json};

/// All of them.
pub(super) const BUGS: &[Bug] = &[
    bug("wake_without_condition", "The observer wakes a job whatever it does.", MOVES).before(
        |call, _| {
            if call.is_wake() {
                call.condition("attribute_exists(pk)");
            }
            Course::Goes
        },
    ),
    bug("move_without_condition", "The dispatcher moves a due time that it has not read.", MOVES)
        .before(|call, _| {
            if call.is_move() {
                call.condition(MOVE_WHATEVER_IT_IS);
            }
            Course::Goes
        }),
    bug(
        "move_without_sending",
        "The dispatcher moves a due time and sends no wake-up.",
        &[Invariant::SendFirst, Invariant::EveryJobEnds],
    )
    .before(send_no_batch),
    bug(
        "slot_unconditional",
        "A slot is written without a condition.",
        &[Invariant::WritesAreConditional],
    )
    .before(|call, _| slot(call, Call::unconditional)),
    bug("slot_without_version", "A slot is written over whatever is there.", SLOTS)
        .before(|call, _| slot(call, |c| c.condition(WHATEVER_IS_THERE))),
    bug("slot_over_limit", "Whoever waits for a slot holds it already.", SLOTS)
        .before(|call, _| slot(call, take_anyway)),
    bug("slot_never_taken", "A target's slot is not taken.", &[Invariant::OneJobPerTarget])
        .before(|call, _| if call.puts("slots") { done() } else { Course::Goes }),
    bug("slot_never_released", "A target's slot is never given back.", SLOTS).before(keep_slot),
    bug("slot_jumps_queue", "A slot that is given back goes to the youngest who waits.", SLOTS)
        .among(8)
        .before(pass_over),
    bug(
        "plan_never_stored",
        "A state names a plan that is not stored.",
        &[Invariant::PlansStayPut],
    )
    .before(|call, _| if call.puts("plan#") { done() } else { Course::Goes }),
    bug("plan_made_again", "Each tick makes the plan again.", &[Invariant::PlansStayPut])
        .before(plan_again),
    bug(
        "event_of_first_epoch",
        "All events are told under the first epoch.",
        &[Invariant::EpochsFence],
    )
    .before(|call, _| {
        if call.puts("event#") {
            call.body["Item"]["sk"] = string("event#00000001#0");
        }
        Course::Goes
    }),
    bug(
        "event_tells_password",
        "The audit trail tells the password that was set.",
        &[Invariant::SecretsStaySecret],
    )
    .before(tell_password),
    bug("event_never_stored", "No event is stored.", &[Invariant::EventsAreChained])
        .before(|call, _| if call.puts("event#") { done() } else { Course::Goes }),
    bug(
        "commit_forgets_chain",
        "A commit takes its event off the chain.",
        &[Invariant::EventsAreChained],
    )
    .before(|call, _| {
        if call.is_commit() {
            call.set("chain", None);
        }
        Course::Goes
    }),
    bug(
        "refusal_not_looked_at",
        "A refused write is taken for a job that is not there.",
        &[Invariant::LettersMatch],
    )
    .after(hide_item),
];

const MOVES: &[Invariant] =
    &[Invariant::LiveJobsAreDue, Invariant::SendFirst, Invariant::TransitionsAreLegal];

const SLOTS: &[Invariant] = &[Invariant::SlotsAreFair, Invariant::OneJobPerTarget];

const WHATEVER_IS_THERE: &str = "attribute_exists(pk) OR attribute_not_exists(pk)";

const MOVE_WHATEVER_IT_IS: &str = "(seq = :seq OR seq <> :seq) AND (due_at = :due OR pk <> :due)";

/// The answer of DynamoDB to a write that asks for nothing.
fn done() -> Course {
    Course::Pretended(json!({}))
}

fn send_no_batch(call: &mut Call, _: &mut Memory) -> Course {
    if call.operation != "SendMessageBatch" {
        return Course::Goes;
    }
    let entries = call.body["Entries"].as_array().cloned().unwrap_or_default();
    let sent =
        |entry: &Value| json!({ "Id": entry["Id"], "MessageId": "x", "MD5OfMessageBody": "x" });
    let sent: Vec<Value> = entries.iter().map(sent).collect();
    Course::Pretended(json!({ "Successful": sent, "Failed": [] }))
}

fn slot(call: &mut Call, change: impl Fn(&mut Call)) -> Course {
    if call.puts("slots") {
        change(call);
    }
    Course::Goes
}

fn take_anyway(call: &mut Call) {
    let waiting = call.body["Item"]["waiting"]["M"].take();
    call.body["Item"]["waiting"]["M"] = json!({});
    let holders = call.body["Item"]["holders"]["M"].as_object_mut();
    if let (Some(holders), Some(waiting)) = (holders, waiting.as_object()) {
        holders.extend(waiting.clone());
    }
}

/// Who was just granted it, and the last one who waits, change places.
fn pass_over(call: &mut Call, memory: &mut Memory) -> Course {
    if !call.puts("slots") {
        return Course::Goes;
    }
    let item = &mut call.body["Item"];
    let name = item["pk"]["S"].as_str().unwrap_or_default().to_owned();
    let first =
        |map: &Value| map["M"].as_object()?.iter().next().map(|(k, v)| (k.clone(), v.clone()));
    let since =
        |place: &Value| place["S"].as_str().and_then(|s| s.split(' ').nth(1)).map(str::to_owned);
    let mut waiting = item["waiting"].clone();
    let youngest = waiting["M"].as_object().and_then(|all| {
        all.iter().max_by_key(|(_, place)| since(place)).map(|(k, v)| (k.clone(), v.clone()))
    });
    let before = memory.notes.get(&name).cloned();
    if let (Some((held, place)), Some((job, its))) = (first(&item["holders"]), youngest)
        && before.as_ref().is_some_and(|before| *before != held)
        && let Some(all) = waiting["M"].as_object_mut()
    {
        all.remove(&job);
        all.insert(held, place);
        item["holders"]["M"] = json!({ job: its });
        item["waiting"] = waiting;
    }
    if let Some((held, _)) = first(&item["holders"]) {
        memory.notes.insert(name, held);
    }
    Course::Goes
}

/// Whoever held it first holds it for ever.
fn keep_slot(call: &mut Call, memory: &mut Memory) -> Course {
    if !call.puts("slots") {
        return Course::Goes;
    }
    let holders = call.body["Item"]["holders"]["M"].as_object().cloned().unwrap_or_default();
    let name = call.body["Item"]["pk"]["S"].as_str().unwrap_or_default().to_owned();
    let holder = holders.keys().next().cloned();
    let first = memory.notes.get(&name);
    let is_first_write = call.body["Item"]["version"]["N"] == "1";
    if !is_first_write && first.is_some() && holder.as_ref() != first {
        return done();
    }
    if let Some(holder) = holder {
        memory.notes.entry(name).or_insert(holder);
    }
    Course::Goes
}

/// The first plan of a job is kept in mind; before each later event it is written again, changed.
fn plan_again(call: &mut Call, memory: &mut Memory) -> Course {
    let job = call.job().to_owned();
    if call.puts("plan#") {
        memory.calls.insert(job, call.clone());
    } else if call.puts("event#")
        && let Some(mut again) = memory.calls.get(&job).cloned()
    {
        let plan = again.body["Item"]["plan"]["S"].as_str().unwrap_or_default();
        let mut plan: Value = serde_json::from_str(plan).unwrap_or_default();
        plan["why"] = json!([{ "rule": "again", "text": "at each tick" }]);
        again.body["Item"]["plan"] = string(&plan.to_string());
        return Course::GoesAfter(vec![again]);
    }
    Course::Goes
}

fn tell_password(call: &mut Call, memory: &mut Memory) -> Course {
    let who = call.component.clone();
    if call.operation == "ModifyDBCluster" {
        memory.notes.insert(who, call.param("MasterUserPassword").to_owned());
    } else if call.puts("event#")
        && let Some(password) = memory.notes.get(&who)
    {
        let entry = json!([{ "what": "waiting", "at_ms": call.now_ms, "note": password }]);
        call.body["Item"]["entries"] = string(&entry.to_string());
        call.body["Item"]["at"] = integer(call.now_ms);
    }
    Course::Goes
}

fn hide_item(call: &Call, answer: &mut WireResponse, _: &mut Memory) -> Vec<Call> {
    let mut body = json_of(answer);
    if call.is_claim()
        && answer.status == 400
        && let Some(members) = body.as_object_mut()
        && members.remove("Item").is_some()
    {
        answer.body = body.to_string().into();
    }
    Vec::new()
}
