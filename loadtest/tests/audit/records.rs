//! Wrong writes of the table.

use crate::stage::{Case, Stage, TARGET};
use aurora_restore_loadtest::simulate::audit::Invariant as I;
use aurora_restore_shared::ids::JobId;
use serde_json::{Value, json};

/// A job, claimed by `w1.1` at its epoch 1.
async fn claimed(stage: &Stage) -> JobId {
    let job = stage.submitted("k", TARGET).await;
    stage.claim("w1.1", job, 1, 1, stage.sim.clock.now_ms()).await;
    job
}

fn key(job: JobId, sk: &str) -> Value {
    json!({ "pk": { "S": format!("job#{job}") }, "sk": { "S": sk } })
}

pub const CASES: &[Case] = &[
    Case {
        wrong: I::WritesAreConditional,
        what: "a state written without a condition",
        done: |s| {
            Box::pin(async {
                let job = s.submitted("k", TARGET).await;
                let change = json!({ "TableName": s.common.table, "Key": key(job, "state"),
                    "UpdateExpression": "SET due_at = :due",
                    "ExpressionAttributeValues": { ":due": { "N": "1" } } });
                s.dynamodb("w9.1", "UpdateItem", change).await;
            })
        },
    },
    Case {
        wrong: I::WritesAreConditional,
        what: "several items written at once",
        done: |s| {
            Box::pin(async {
                let item = json!({ "pk": { "S": "a" }, "sk": { "S": "b" } });
                let put = json!({ "PutRequest": { "Item": item } });
                let body = json!({ "RequestItems": { s.common.table.clone(): [put] } });
                s.dynamodb("w9.1", "BatchWriteItem", body).await;
            })
        },
    },
    Case {
        wrong: I::EpochsFence,
        what: "a commit under another's epoch",
        done: |s| {
            Box::pin(async {
                let job = claimed(s).await;
                s.commit("w2.1", job, "waiting", 2, "", json!({})).await;
            })
        },
    },
    Case {
        wrong: I::EpochsFence,
        what: "a second commit of one epoch",
        done: |s| {
            Box::pin(async {
                let job = claimed(s).await;
                s.commit("w1.1", job, "waiting", 2, "", json!({})).await;
                s.commit("w1.1", job, "waiting", 3, "", json!({})).await;
            })
        },
    },
    Case {
        wrong: I::EpochsFence,
        what: "a zombie's commit over a newer epoch",
        done: |s| {
            Box::pin(async {
                let job = claimed(s).await;
                let later = s.sim.clock.now_ms() + 120_000;
                s.claim("w2.1", job, 2, 1, later).await;
                let epoch = json!({ ":epoch": { "N": "1" } });
                s.commit("w1.1", job, "waiting", 2, ", #epoch = :epoch", epoch).await;
            })
        },
    },
    Case {
        wrong: I::EpochsFence,
        what: "a change without a new number",
        done: |s| {
            Box::pin(async {
                let job = claimed(s).await;
                let outputs = json!({ ":o": { "M": { "x": { "S": "y" } } } });
                s.update("w1.1", job, "SET #outputs = :o", outputs).await;
            })
        },
    },
    Case {
        wrong: I::EpochsFence,
        what: "an event of another's epoch",
        done: |s| {
            Box::pin(async {
                let job = claimed(s).await;
                s.put("w2.1", key(job, "event#00000001#0"), None).await;
            })
        },
    },
    Case {
        wrong: I::EpochsFence,
        what: "another's lease made longer",
        done: |s| {
            Box::pin(async {
                let job = claimed(s).await;
                let until = json!({ ":until": { "N": "2795305600000" } });
                s.update("w2.1", job, "SET #lease_until = :until, #due_at = :until", until).await;
            })
        },
    },
    Case {
        wrong: I::SendFirst,
        what: "a due time moved on without a wake-up",
        done: |s| {
            Box::pin(async {
                let job = s.submitted("k", TARGET).await;
                let state = s.sim.raw_state(job).expect("it is stored");
                let moves = json!({ ":due": state["due_at"], ":next": { "N": "2795305600000" } });
                s.update("w1.1", job, "SET #due_at = :next", moves).await;
            })
        },
    },
    Case {
        wrong: I::LeasesAreRespected,
        what: "a lease taken before it has run out",
        done: |s| {
            Box::pin(async {
                let job = claimed(s).await;
                s.claim("w2.1", job, 2, 1, s.sim.clock.now_ms()).await;
            })
        },
    },
    Case {
        wrong: I::LeasesAreRespected,
        what: "a lease longer than any",
        done: |s| {
            Box::pin(async {
                let job = s.submitted("k", TARGET).await;
                let now = s.sim.clock.now_ms();
                let until = json!({ ":until": { "N": (now + 600_000).to_string() },
                    ":owner": { "S": "w1.1" }, ":epoch": { "N": "1" }, ":seq": { "N": "1" },
                    ":now": { "N": now.to_string() } });
                let change = "SET #owner = :owner, #lease_until = :until, #epoch = :epoch";
                s.update("w1.1", job, change, until).await;
            })
        },
    },
    Case {
        wrong: I::StaleWakeUpsChangeNothing,
        what: "a claim for a wake-up that is not expected",
        done: |s| {
            Box::pin(async {
                let job = s.submitted("k", TARGET).await;
                s.claim("w1.1", job, 1, 7, s.sim.clock.now_ms()).await;
            })
        },
    },
    Case {
        wrong: I::LiveJobsAreDue,
        what: "a live job without a due time",
        done: |s| {
            Box::pin(async {
                let job = claimed(s).await;
                s.update("w1.1", job, "REMOVE #due_at", json!({})).await;
            })
        },
    },
    Case {
        wrong: I::StepsStayDone,
        what: "a step undone",
        done: |s| {
            Box::pin(async {
                let job = claimed(s).await;
                let steps = |text: &str| json!({ ":s": { "M": { "notify": { "S": text } } } });
                let change = ", #steps = :s";
                s.commit("w1.1", job, "waiting", 2, change, steps("done 0 1 did")).await;
                s.claim("w1.1", job, 2, 2, s.sim.clock.now_ms()).await;
                s.commit("w1.1", job, "waiting", 3, change, steps("waiting 0 1")).await;
            })
        },
    },
    Case {
        wrong: I::TransitionsAreLegal,
        what: "a job that succeeded goes on",
        done: |s| {
            Box::pin(async {
                let job = claimed(s).await;
                s.commit("w1.1", job, "succeeded", 2, "", json!({})).await;
                s.claim("w1.1", job, 2, 2, s.sim.clock.now_ms()).await;
            })
        },
    },
    Case {
        wrong: I::TransitionsAreLegal,
        what: "a failed job set going by a worker that nobody asked",
        done: |s| {
            Box::pin(async {
                let job = failed(s, "w1.1").await;
                let change = "SET #status = :status, #seq = :number, #due_at = :due, \
                    #due_shard = :shard";
                let values = json!({ ":status": { "S": "queued" }, ":number": { "N": "4" },
                    ":due": { "N": "1" }, ":shard": { "S": "us-east-1#0" } });
                s.update("w1.1", job, change, values).await;
            })
        },
    },
    Case {
        wrong: I::TransitionsAreLegal,
        what: "a job that has ended and still waits for a person",
        done: |s| {
            Box::pin(async {
                let job = claimed(s).await;
                s.commit("w1.1", job, "succeeded", 2, ", #parked = :at", lacks_a_right()).await;
            })
        },
    },
    Case {
        wrong: I::TransitionsAreLegal,
        what: "a claim that forgets what the job waits for",
        done: |s| {
            Box::pin(async {
                let job = claimed(s).await;
                s.commit("w1.1", job, "waiting", 2, ", #parked = :at", lacks_a_right()).await;
                let claim = (2, 2, s.sim.clock.now_ms());
                s.claim_and("w1.1", job, claim, " REMOVE #parked").await;
            })
        },
    },
    Case {
        wrong: I::LettersMatch,
        what: "a failed job whose letter was never sent",
        done: |s| {
            Box::pin(async {
                let job = claimed(s).await;
                let pending = json!({ ":yes": { "BOOL": true } });
                s.commit("w1.1", job, "failed", 2, ", #letter_pending = :yes", pending).await;
                sent(s, "w1.1", job).await;
            })
        },
    },
    Case {
        wrong: I::SameKeySameJob,
        what: "a request that changes",
        done: |s| {
            Box::pin(async {
                let job = s.submitted("k", TARGET).await;
                let mut item = key(job, "spec");
                item["request"] = json!({ "S": "{}" });
                s.put("submitter-1", item, Some("attribute_exists(pk)")).await;
            })
        },
    },
    Case {
        wrong: I::SameKeySameJob,
        what: "a key that means another job",
        done: |s| {
            Box::pin(async {
                s.submitted("k", TARGET).await;
                let other = s.submitted("other", TARGET).await;
                s.auditor.accepted(other, "k", TARGET);
            })
        },
    },
    Case {
        wrong: I::PlansStayPut,
        what: "a plan that changes after it was named",
        done: |s| {
            Box::pin(async {
                let job = claimed(s).await;
                plan(s, job, "{}").await;
                let epoch = json!({ ":plan": { "N": "1" } });
                s.commit("w1.1", job, "waiting", 2, ", #plan_epoch = :plan", epoch).await;
                plan(s, job, r#"{"steps":[]}"#).await;
            })
        },
    },
    Case {
        wrong: I::PlansStayPut,
        what: "a plan that is named and not there",
        done: |s| {
            Box::pin(async {
                let job = claimed(s).await;
                let epoch = json!({ ":plan": { "N": "1" } });
                s.commit("w1.1", job, "waiting", 2, ", #plan_epoch = :plan", epoch).await;
            })
        },
    },
];

async fn plan(stage: &Stage, job: JobId, text: &str) {
    let mut item = key(job, "plan#00000001");
    item["plan"] = json!({ "S": text });
    stage.put("w1.1", item, None).await;
}

/// What a job is parked for, as `:at`.
fn lacks_a_right() -> serde_json::Value {
    let at = r#"{"failure":{"kind":"needs_person","code":"access_denied","text":"x"}}"#;
    json!({ ":at": { "S": at } })
}

/// A worker notes that the letter is sent.
pub async fn sent(stage: &Stage, who: &str, job: JobId) {
    let change = "SET #status = :status, #seq = :number \
        REMOVE #owner, #lease_until, #letter_pending, #due_at, #due_shard";
    let values = json!({ ":status": { "S": "failed" }, ":number": { "N": "3" } });
    stage.update(who, job, change, values).await;
}

/// A job that has failed at number 2 with `poisoned`, its letter sent.
pub async fn failed(stage: &Stage, who: &str) -> JobId {
    let job = stage.submitted("k", TARGET).await;
    stage.claim(who, job, 1, 1, stage.sim.clock.now_ms()).await;
    let at = r#"{"failure":{"kind":"permanent","code":"poisoned","text":"x"}}"#;
    let values = json!({ ":yes": { "BOOL": true }, ":at": { "S": at } });
    let more = ", #letter_pending = :yes, #failed_at = :at";
    stage.commit(who, job, "failed", 2, more, values).await;
    let letter = json!({ "v": 1, "job": job, "seq": 2, "code": "poisoned", "text": "x" });
    stage.message(who, "dead-letters", &job.to_string(), &letter.to_string()).await;
    sent(stage, who, job).await;
    job
}
