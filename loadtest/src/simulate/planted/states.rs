//! Bugs in the writes of states: claims, renewals, commits.

use super::call::{Call, integer, string};
use super::network::{Course, Memory};
use super::{Bug, Invariant, Profile, bug};
use aurora_restore_local::wire::WireResponse;
use serde_json::{Value, json};

/// All of them.
pub(super) const BUGS: &[Bug] = &[
    bug("commit_without_fence", "A commit asks for neither epoch nor number.", FENCE)
        .before(|call, _| commit(call, |c| c.condition("attribute_exists(pk)"))),
    bug("commit_without_number", "A commit asks for the epoch only, and comes twice.", FENCE)
        .before(commit_for_epoch)
        .after(commit_twice),
    bug("commit_without_epoch", "A commit asks for the number only, not for the epoch.", FENCE)
        .before(|call, _| commit(call, |c| c.condition("seq = :seq"))),
    bug(
        "commit_by_wall_clock",
        "A commit asks whether a lease lasts, not which epoch it is.",
        FENCE,
    )
    .before(commit_by_wall_clock),
    bug("commit_unconditional", "A commit has no condition.", &[Invariant::WritesAreConditional])
        .before(|call, _| commit(call, Call::unconditional)),
    bug("commit_forgets_due", "A waiting job gets no due time.", &[Invariant::LiveJobsAreDue])
        .before(|call, _| when_status(call, "waiting", forget_due)),
    bug(
        "commit_keeps_lease",
        "A commit does not end the lease.",
        &[Invariant::TransitionsAreLegal],
    )
    .before(|call, _| when_status(call, "waiting", keep_lease)),
    bug(
        "commit_stays_running",
        "A job that waits is said to run.",
        &[Invariant::TransitionsAreLegal],
    )
    .before(|call, _| when_status(call, "waiting", |c| c.set("status", Some(string("running"))))),
    bug("commit_undoes_step", "A commit forgets a step that is done.", &[Invariant::StepsStayDone])
        .before(undo_step),
    bug(
        "end_forgets_outputs",
        "The end of a job forgets its cluster's id.",
        &[Invariant::StepsStayDone],
    )
    .before(|call, _| {
        when_status(call, "succeeded", |c| c.set("outputs", Some(json!({ "M": {} }))))
    }),
    bug(
        "failed_without_letter",
        "A job fails and owes no dead letter.",
        &[Invariant::LettersMatch],
    )
    .before(|call, _| when_status(call, "failed", owe_nothing)),
    bug(
        "retries_by_itself",
        "A worker sets a failed job going that nobody has replayed.",
        &[Invariant::TransitionsAreLegal],
    )
    .after(retry_by_itself),
    bug(
        "claim_without_lease",
        "A claim takes a job that another holds.",
        &[Invariant::LeasesAreRespected],
    )
    .before(|call, _| claim(call, |c| c.condition(CLAIM_WITHOUT_LEASE))),
    bug(
        "claim_without_number",
        "A claim is made for any wake-up, also a stale one.",
        &[Invariant::StaleWakeUpsChangeNothing],
    )
    .before(|call, _| claim(call, |c| c.condition(CLAIM_WITHOUT_NUMBER))),
    bug(
        "claim_of_ended",
        "A claim takes a job that has ended.",
        &[Invariant::TransitionsAreLegal, Invariant::StepsStayDone],
    )
    .before(|call, _| claim(call, |c| c.condition(CLAIM_OF_ENDED))),
    bug("claim_keeps_epoch", "A claim does not raise the epoch.", FENCE)
        .before(|call, _| claim(call, |c| c.update("epoch = epoch + :one, ", ""))),
    bug(
        "claim_clears_due",
        "A claim takes the job out of the due jobs.",
        &[Invariant::LiveJobsAreDue],
    )
    .before(|call, _| {
        claim(call, |c| {
            c.update("due_at = :until, ", "");
            c.update("REMOVE ", "REMOVE due_at, ");
        })
    }),
    bug("claim_keeps_watch", "A job that runs still watches.", &[Invariant::LiveJobsAreDue])
        .under(Profile::Hostile)
        .before(|call, _| claim(call, |c| c.update(CLAIM_REMOVES, ""))),
    bug("claim_forgets_steps", "A claim starts the steps anew.", &[Invariant::StepsStayDone])
        .before(|call, _| claim(call, forget_steps)),
    bug("claim_by_host", "A lease names the host, not the process.", FENCE)
        .before(|call, _| claim(call, name_host)),
    bug(
        "claims_not_counted",
        "Claims without a commit are not counted.",
        &[Invariant::EveryJobEnds],
    )
    .under(Profile::Hostile)
    .before(|call, _| claim(call, |c| c.update("claims = claims + :one, ", ""))),
    bug(
        "lease_of_weeks",
        "A lease takes milliseconds for seconds.",
        &[Invariant::LeasesAreRespected],
    )
    .before(|call, _| claim(call, lease_for_weeks)),
    bug("renew_without_epoch", "Leases are renewed after their tick, whoever holds them.", FENCE)
        .after(renew_for_ever),
];

/// An old epoch that writes may meet a job that has gone on in any way.
const FENCE: &[Invariant] = &[Invariant::EpochsFence, Invariant::TransitionsAreLegal];

const CLAIM_WITHOUT_LEASE: &str = "seq = :seq AND attribute_exists(due_at) AND \
    (attribute_not_exists(#owner) OR lease_until < :now OR lease_until >= :now)";

const CLAIM_WITHOUT_NUMBER: &str = "(seq = :seq OR seq <> :seq) AND attribute_exists(due_at) AND \
    (attribute_not_exists(#owner) OR lease_until < :now)";

const CLAIM_OF_ENDED: &str = "seq = :seq AND (attribute_not_exists(#owner) OR lease_until < :now)";

const CLAIM_REMOVES: &str = "REMOVE watch_scope, watch_ref, watch_want, watch_at";

fn commit(call: &mut Call, change: impl Fn(&mut Call)) -> Course {
    if call.is_commit() {
        change(call);
    }
    Course::Goes
}

fn when_status(call: &mut Call, status: &str, change: impl Fn(&mut Call)) -> Course {
    if call.is_commit() && call.status() == status {
        change(call);
    }
    Course::Goes
}

fn claim(call: &mut Call, change: impl Fn(&mut Call)) -> Course {
    if call.is_claim() {
        change(call);
    }
    Course::Goes
}

fn commit_for_epoch(call: &mut Call, _: &mut Memory) -> Course {
    commit(call, |c| c.condition("epoch = :mine"))
}

/// The commit of a failure arrives once more after the one that follows it under the same epoch.
fn commit_twice(call: &Call, answer: &mut WireResponse, memory: &mut Memory) -> Vec<Call> {
    let is_failure = call.updates_with(":mine") && call.status() == "failed";
    if !is_failure || answer.status != 200 {
        return Vec::new();
    }
    if !call.attribute("letter_pending").is_null() {
        memory.calls.insert(call.job().to_owned(), call.clone());
        return Vec::new();
    }
    memory.calls.remove(call.job()).into_iter().collect()
}

/// After each claim, the jobs that the process has ticked before are renewed.
fn renew_for_ever(call: &Call, answer: &mut WireResponse, memory: &mut Memory) -> Vec<Call> {
    let who = format!("{} ", call.component);
    if call.is_commit() && answer.status == 200 {
        memory.calls.insert(format!("{who}{}", call.job()), call.clone());
    }
    if !call.is_claim() || answer.status != 200 {
        return Vec::new();
    }
    let earlier = memory.calls.iter().filter(|(key, _)| key.starts_with(&who));
    let others = earlier.filter(|(_, commit)| commit.job() != call.job());
    others.map(|(_, commit)| renewal(commit, call.now_ms + 60_000)).collect()
}

fn renewal(commit: &Call, until_ms: i64) -> Call {
    let body = json!({
        "TableName": commit.body["TableName"],
        "Key": commit.body["Key"],
        "UpdateExpression": "SET lease_until = :until, due_at = :until",
        "ConditionExpression": "attribute_exists(#owner)",
        "ExpressionAttributeNames": { "#owner": "owner" },
        "ExpressionAttributeValues": { ":until": integer(until_ms) },
    });
    commit.another("UpdateItem", body)
}

fn commit_by_wall_clock(call: &mut Call, _: &mut Memory) -> Course {
    commit(call, |call| {
        call.body["ExpressionAttributeValues"][":now"] = integer(call.now_ms);
        call.condition("attribute_not_exists(lease_until) OR lease_until > :now");
    })
}

fn forget_due(call: &mut Call) {
    call.set("due_at", None);
    call.set("due_shard", None);
}

fn keep_lease(call: &mut Call) {
    let owner = string(&call.component);
    call.set("owner", Some(owner));
    call.set("lease_until", Some(integer(call.now_ms + 60_000)));
}

/// One of those that an earlier commit has recorded.
fn undo_step(call: &mut Call, memory: &mut Memory) -> Course {
    if !call.is_commit() {
        return Course::Goes;
    }
    let mut steps = call.attribute("steps").clone();
    let Some(all) = steps["M"].as_object_mut() else { return Course::Goes };
    if let Some(earlier) = memory.notes.get(call.job()) {
        all.remove(earlier);
    }
    let is_done = |state: &Value| state["S"].as_str().is_some_and(|s| s.starts_with("done"));
    if let Some((name, _)) = all.iter().find(|(_, state)| is_done(state)) {
        memory.notes.insert(call.job().to_owned(), name.clone());
    }
    call.set("steps", Some(steps));
    Course::Goes
}

fn owe_nothing(call: &mut Call) {
    if !call.attribute("letter_pending").is_null() {
        call.set("letter_pending", None);
        forget_due(call);
    }
}

/// After the commit that notes that the dead letter is sent.
fn retry_by_itself(call: &Call, answer: &mut WireResponse, _: &mut Memory) -> Vec<Call> {
    let is_over = call.is_commit()
        && call.status() == "failed"
        && call.attribute("letter_pending").is_null()
        && answer.status == 200;
    if !is_over {
        return Vec::new();
    }
    let mut again = call.clone();
    let seq = call.attribute("seq")["N"].as_str().and_then(|n| n.parse::<i64>().ok());
    let seq = seq.unwrap_or_default();
    again.body["ExpressionAttributeValues"][":seq"] = integer(seq);
    again.set("status", Some(string("queued")));
    again.set("seq", Some(integer(seq + 1)));
    again.set("failed_at", None);
    again.set("due_at", Some(integer(call.now_ms)));
    again.set("due_shard", Some(string("us-east-1#0")));
    vec![again]
}

fn forget_steps(call: &mut Call) {
    call.body["ExpressionAttributeValues"][":none"] = json!({ "M": {} });
    call.update("SET ", "SET steps = :none, ");
}

fn name_host(call: &mut Call) {
    let host = call.component.split('.').next().unwrap_or_default();
    call.body["ExpressionAttributeValues"][":owner"] = string(host);
}

fn lease_for_weeks(call: &mut Call) {
    let (now, until) = (call.number(":now"), call.number(":until"));
    call.body["ExpressionAttributeValues"][":until"] = integer(now + (until - now) * 1000);
}
