//! Wrong ends.

use crate::records::failed;
use crate::stage::{Case, TARGET};
use aurora_restore_loadtest::simulate::audit::{Excuses, Invariant as I};
use aurora_restore_shared::failure::FailureCode;
use aurora_restore_shared::ids::JobId;
use serde_json::json;

fn poisoned() -> Excuses {
    Excuses { any: [FailureCode::Poisoned].into(), ..Excuses::default() }
}

pub const CASES: &[Case] = &[
    Case {
        wrong: I::EveryJobEnds,
        what: "a job that is accepted and not stored",
        done: |s| {
            Box::pin(async {
                let job = JobId::keyed("nobody", "k");
                s.auditor.accepted(job, "k", "");
            })
        },
    },
    Case {
        wrong: I::EveryJobEnds,
        what: "a job that never ends",
        done: |s| {
            Box::pin(async {
                s.submitted("k", TARGET).await;
                s.finish(&Excuses::default());
            })
        },
    },
    Case {
        wrong: I::FailuresHaveACause,
        what: "a failure without a reason",
        done: |s| {
            Box::pin(async {
                failed(s, "w1.1").await;
                s.finish(&Excuses::default());
            })
        },
    },
    Case {
        wrong: I::EventsAreChained,
        what: "an event that was changed after its commit",
        done: |s| {
            Box::pin(async {
                let job = failed(s, "w1.1").await;
                s.finish(&poisoned());
                assert_eq!(s.auditor.violation_count(), 0, "it was chained before");
                s.told("human", job, "something else").await;
                s.finish(&poisoned());
            })
        },
    },
    Case {
        wrong: I::LettersMatch,
        what: "a failed job whose pointer is gone",
        done: |s| {
            Box::pin(async {
                let job = failed(s, "w1.1").await.to_string();
                let receipt = s.receive("human", "dead-letters").await;
                s.delete("human", "dead-letters", &receipt).await;
                s.finish(&Excuses { lost_letters: true, ..poisoned() });
                let lost =
                    |seq| Excuses { lost_pointers: [(job.clone(), seq)].into(), ..poisoned() };
                s.finish(&lost(2));
                assert_eq!(s.auditor.violation_count(), 0, "that was excused");
                s.finish(&lost(1));
            })
        },
    },
    Case {
        wrong: I::LettersMatch,
        what: "two pointers to one job",
        done: |s| {
            Box::pin(async {
                let job = failed(s, "w1.1").await;
                s.finish(&poisoned());
                assert_eq!(s.auditor.violation_count(), 0, "one is right");
                let letter = json!({ "job": job, "seq": 2, "code": "poisoned", "text": "x" });
                s.message("w1.1", "dead-letters", "g", &letter.to_string()).await;
                s.finish(&poisoned());
            })
        },
    },
    Case {
        wrong: I::OnlyTheDeclaredResult,
        what: "a cluster that is left under another name",
        done: |s| {
            Box::pin(async {
                let job = failed(s, "w1.1").await;
                s.sim.make_cluster("left-over", Some(job)).await.expect("it is made");
                s.finish(&poisoned());
            })
        },
    },
    Case {
        wrong: I::OnlyTheDeclaredResult,
        what: "a job that succeeded without a cluster",
        done: |s| {
            Box::pin(async {
                let job = s.submitted("k", TARGET).await;
                s.claim("w1.1", job, 1, 1, s.sim.clock.now_ms()).await;
                s.commit("w1.1", job, "succeeded", 2, "", json!({})).await;
                s.finish(&Excuses::default());
            })
        },
    },
    Case {
        wrong: I::NothingIsDestroyed,
        what: "a source that is gone",
        done: |s| {
            Box::pin(async {
                let renamed = [
                    ("DBClusterIdentifier", "orders-prod"),
                    ("NewDBClusterIdentifier", "elsewhere"),
                    ("ApplyImmediately", "true"),
                ];
                assert!(s.rds("human", "ModifyDBCluster", &renamed).await);
                s.sim.pass(std::time::Duration::from_secs(3600)).await;
                s.rds("human", "DescribeDBClusters", &[]).await;
                s.finish(&Excuses::default());
            })
        },
    },
];
