//! Wrong slots.

use crate::stage::{Case, TARGET};
use aurora_restore_loadtest::simulate::audit::Invariant as I;
use serde_json::json;

pub const CASES: &[Case] = &[
    Case {
        wrong: I::SlotsAreFair,
        what: "two holders",
        done: |s| {
            Box::pin(async {
                let a = s.submitted("a", TARGET).await;
                let b = s.submitted("b", TARGET).await;
                s.slot("w1.1", &[(a, "low 1 1"), (b, "low 2 1")], &[]).await;
            })
        },
    },
    Case {
        wrong: I::SlotsAreFair,
        what: "a younger job granted before an older one",
        done: |s| {
            Box::pin(async {
                let a = s.submitted("a", TARGET).await;
                let b = s.submitted("b", TARGET).await;
                s.slot("w1.1", &[], &[(a, "low 1 1"), (b, "low 2 1")]).await;
                s.slot("w1.1", &[(b, "low 9 1")], &[(a, "low 1 1")]).await;
            })
        },
    },
    Case {
        wrong: I::SlotsAreFair,
        what: "a waiting job dropped",
        done: |s| {
            Box::pin(async {
                let a = s.submitted("a", TARGET).await;
                let b = s.submitted("b", TARGET).await;
                s.slot("w1.1", &[(a, "low 1 1")], &[(b, "low 2 1")]).await;
                s.slot("w1.1", &[(a, "low 1 1")], &[]).await;
            })
        },
    },
    Case {
        wrong: I::OneJobPerTarget,
        what: "two jobs hold one target",
        done: |s| {
            Box::pin(async {
                for (who, key) in [("w1.1", "a"), ("w2.1", "b")] {
                    let job = s.submitted(key, TARGET).await;
                    // By a stranger, so that the slot itself is judged no more.
                    s.slot("stranger", &[(job, "low 1 1")], &[]).await;
                    s.claim(who, job, 1, 1, s.sim.clock.now_ms()).await;
                    let yes = json!({ ":yes": { "BOOL": true } });
                    s.commit(who, job, "waiting", 2, ", #holds_target = :yes", yes).await;
                }
            })
        },
    },
    Case {
        wrong: I::OneJobPerTarget,
        what: "a target held without its slot",
        done: |s| {
            Box::pin(async {
                let job = s.submitted("a", TARGET).await;
                s.claim("w1.1", job, 1, 1, s.sim.clock.now_ms()).await;
                let yes = json!({ ":yes": { "BOOL": true } });
                s.commit("w1.1", job, "waiting", 2, ", #holds_target = :yes", yes).await;
            })
        },
    },
];
