//! Wrongs of restore sets.

use crate::stage::Case;
use aurora_restore_loadtest::simulate::audit::Invariant as I;
use serde_json::json;

pub const CASES: &[Case] = &[
    Case {
        wrong: I::SetsAreWhole,
        what: "a vote by who has never claimed the member",
        done: |s| {
            Box::pin(async {
                let (set, jobs) = s.a_set().await;
                s.tally("w2.1", set, &jobs[..1], json!({ "is": "open" })).await;
            })
        },
    },
    Case {
        wrong: I::SetsAreWhole,
        what: "a decision to swap before all are verified",
        done: |s| {
            Box::pin(async {
                let (set, jobs) = s.a_set().await;
                s.tally("w1.1", set, &jobs, json!({ "is": "swap", "at_ms": 1 })).await;
            })
        },
    },
    Case {
        wrong: I::SetsAreWhole,
        what: "a set abandoned before its time",
        done: |s| {
            Box::pin(async {
                let (set, _) = s.a_set().await;
                let decision = json!({ "is": "abandoned", "at_ms": 1, "why": "x" });
                s.tally("w1.1", set, &[], decision).await;
            })
        },
    },
    Case {
        wrong: I::SetsAreWhole,
        what: "a set that goes on although it was called off",
        done: |s| {
            Box::pin(async {
                let (set, jobs) = s.a_set().await;
                let called_off = json!({ "is": "abandoned", "at_ms": 1, "why": "called off by x" });
                s.tally("operator-1", set, &[], called_off).await;
                s.tally("w1.1", set, &jobs[..1], json!({ "is": "open" })).await;
            })
        },
    },
    Case {
        wrong: I::WritesAreConditional,
        what: "votes written without a condition",
        done: |s| {
            Box::pin(async {
                let (set, _) = s.a_set().await;
                let item = json!({
                    "pk": { "S": format!("set#{set}") }, "sk": { "S": "tally" },
                    "decision": { "S": "{\"is\":\"open\"}" },
                });
                s.put("w1.1", item, None).await;
            })
        },
    },
];
