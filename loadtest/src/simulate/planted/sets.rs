//! Bugs of restore sets: votes and what they decide.

use super::call::{Call, json_of, string};
use super::network::{Course, Memory};
use super::{Bug, Invariant, bug};
use aurora_restore_local::wire::WireResponse;
use serde_json::{Value, json};

/// All of them.
pub(super) const BUGS: &[Bug] = &[
    bug(
        "vote_unconditional",
        "The votes of a set are written without a condition.",
        &[Invariant::WritesAreConditional],
    )
    .before(|call, _| vote(call, Call::unconditional)),
    bug("swap_at_first_vote", "The first vote of a set decides that all swap.", WHOLE)
        .before(|call, _| vote(call, |call| decide(&mut call.body["Item"]))),
    bug("vote_for_others", "Whoever votes in a set votes for another member, too.", WHOLE)
        .before(|call, _| vote(call, vote_for_all)),
    bug("decision_misread", "A set that is open is taken for one that swaps.", WHOLE)
        .after(misread),
];

const WHOLE: &[Invariant] = &[Invariant::SetsAreWhole];

/// What is done to a vote; the first write of a tally is none.
fn vote(call: &mut Call, change: impl Fn(&mut Call)) -> Course {
    if call.puts("tally") && call.body["Item"]["version"]["N"] != "1" {
        change(call);
    }
    Course::Goes
}

fn decide(item: &mut Value) {
    if item["decision"]["S"].as_str().is_some_and(|decision| decision.contains("open")) {
        item["decision"] =
            string(&json!({ "is": "swap", "at_ms": 1_795_312_800_000_i64 }).to_string());
    }
}

/// The other member's id is not known to who votes: one that nobody has.
fn vote_for_all(call: &mut Call) {
    let votes = call.body["Item"]["votes"]["M"].as_object_mut();
    if let Some(votes) = votes
        && let Some((_, vote)) = votes.iter().next().map(|(job, vote)| (job.clone(), vote.clone()))
    {
        votes.insert("00000000-0000-4000-8000-000000000000".into(), vote);
    }
}

fn misread(call: &Call, answer: &mut WireResponse, _: &mut Memory) -> Vec<Call> {
    let reads = call.operation == "GetItem" && call.body["Key"]["sk"]["S"] == "tally";
    let mut body = json_of(answer);
    if reads && body["Item"].is_object() {
        decide(&mut body["Item"]);
        answer.body = body.to_string().into();
    }
    Vec::new()
}
