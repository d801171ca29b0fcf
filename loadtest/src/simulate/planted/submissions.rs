//! Bugs of those who submit.

use super::call::{Call, string};
use super::network::{Course, Memory};
use super::{Bug, Invariant, bug};
use serde_json::Value;

/// All of them.
pub(super) const BUGS: &[Bug] = &[
    bug(
        "request_unconditional",
        "A request is stored without a condition.",
        &[Invariant::WritesAreConditional],
    )
    .before(|call, _| when_puts(call, "spec", Call::unconditional)),
    bug(
        "request_overwritten",
        "A repeated submission writes its own request over the first.",
        &[Invariant::SameKeySameJob],
    )
    .before(|call, _| when_puts(call, "spec", overwrite)),
    bug(
        "job_starts_again",
        "A repeated submission sets its job back to the start.",
        &[Invariant::EpochsFence, Invariant::TransitionsAreLegal],
    )
    .before(|call, _| when_puts(call, "state", |c| c.condition(WHATEVER_IS_THERE))),
    bug("accepted_too_early", "A job is accepted before it is stored.", &[Invariant::EveryJobEnds])
        .before(store_late),
];

const WHATEVER_IS_THERE: &str = "attribute_exists(pk) OR attribute_not_exists(pk)";

fn when_puts(call: &mut Call, sort_key: &str, change: impl Fn(&mut Call)) -> Course {
    if call.puts(sort_key) {
        change(call);
    }
    Course::Goes
}

/// Each process that submits signs what it submits.
fn overwrite(call: &mut Call) {
    let request = call.body["Item"]["request"]["S"].as_str().unwrap_or_default();
    let mut request: Value = serde_json::from_str(request).unwrap_or_default();
    request["target"]["tags"]["signed"] = call.component.as_str().into();
    call.body["Item"]["request"] = string(&request.to_string());
    call.condition(WHATEVER_IS_THERE);
}

/// The state is left to a later visit, which never comes.
fn store_late(call: &mut Call, _: &mut Memory) -> Course {
    if call.puts("state") { Course::Pretended(serde_json::json!({})) } else { Course::Goes }
}
