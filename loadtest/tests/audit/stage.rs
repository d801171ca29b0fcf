//! A cloud under audit, and calls written by hand under any name.

use aurora_restore_loadtest::sim::{Sim, masking};
use aurora_restore_loadtest::simulate::audit::{Auditor, Excuses, Invariant, Setting};
use aurora_restore_local::wire::WireRequest;
use aurora_restore_producer::set::submit_set;
use aurora_restore_producer::submit::submit;
use aurora_restore_shared::ids::{Epoch, JobId, SetId};
use aurora_restore_shared::request::Request;
use aurora_restore_shared::set::RestoreSet;
use aurora_restore_shared::settings::Common;
use aurora_restore_shared::store::{Event, EventOf};
use futures::future::BoxFuture;
use serde_json::{Map, Value, json};

/// The password of the source's examples.
pub const PASSWORD: &str = "drill-password";

/// The cluster that the jobs restore to.
pub const TARGET: &str = "orders-drill";

/// A wrong that is done, and the invariant that it violates.
pub struct Case {
    pub wrong: Invariant,
    pub what: &'static str,
    pub done: for<'a> fn(&'a Stage) -> BoxFuture<'a, ()>,
}

pub struct Stage {
    pub sim: Sim,
    pub auditor: Auditor,
    pub common: Common,
}

impl Stage {
    pub async fn set(seed: u64) -> Self {
        let sim = Sim::prepared(seed).await.expect("the cloud is set up");
        let common = Common::default();
        let auditor = Auditor::new(Setting {
            account: common.local_account.to_string(),
            region: common.region.to_string(),
            spokes: Vec::new(),
            volumes: sim.volumes.clone(),
            table: common.table.clone(),
            queue_prefix: common.queue_prefix.clone(),
            lease_ms: 60_000,
            secrets: vec![PASSWORD.into()],
            source_clusters: ["orders-prod".to_owned()].into(),
        });
        sim.cloud.watched_by(auditor.witness());
        Self { sim, auditor, common }
    }

    /// A job is submitted, and its submitter told.
    pub async fn submitted(&self, key: &str, target: &str) -> JobId {
        let mut request = self.sim.drill(target);
        request.idempotency_key = Some(key.to_owned());
        let job = submit(&self.sim.env("submitter-1"), &request).await.expect("it is accepted").id;
        self.auditor.accepted(job, key, target);
        job
    }

    /// A job whose data must be masked.
    pub async fn submitted_masked(&self, key: &str, target: &str) -> JobId {
        let mask = serde_json::from_value(masking()).expect("it is a mask");
        let request = Request {
            idempotency_key: Some(key.to_owned()),
            mask: Some(mask),
            ..self.sim.drill(target)
        };
        let job = submit(&self.sim.env("submitter-1"), &request).await.expect("it is accepted").id;
        self.auditor.accepted(job, key, target);
        job
    }

    /// A set of two is submitted, each of them to a free name; its jobs are claimed by `w1.1`.
    pub async fn a_set(&self) -> (SetId, Vec<JobId>) {
        let member = |target: &str| {
            let source = json!({ "account": self.common.local_account, "region": "us-east-1",
                "cluster": "orders-prod" });
            let target = json!({ "account": self.common.local_account, "region": "us-east-1",
                "cluster": target });
            json!({ "source": { "point_in_time": source }, "target": target })
        };
        let set = json!({ "version": 1, "members": [member(TARGET), member("payments-drill")] });
        let set = RestoreSet::parse(&set.to_string()).expect("it is a set");
        let submitted = submit_set(&self.sim.env("submitter-1"), &set).await;
        let submitted = submitted.expect("it is accepted");
        let jobs: Vec<JobId> = submitted.jobs.iter().map(|job| job.id).collect();
        for job in &jobs {
            self.claim("w1.1", *job, 1, 1, self.sim.clock.now_ms()).await;
        }
        (submitted.spec.id, jobs)
    }

    /// Writes the votes of a set, and what is decided.
    pub async fn tally(&self, who: &str, set: SetId, votes: &[JobId], decision: Value) {
        let vote = |job: &JobId| (job.to_string(), json!({ "S": "verified 1" }));
        let item = json!({
            "pk": { "S": format!("set#{set}") }, "sk": { "S": "tally" },
            "version": { "N": "2" }, "members": { "N": "2" },
            "deadline": { "N": (self.sim.clock.now_ms() + 43_200_000).to_string() },
            "votes": { "M": votes.iter().map(vote).collect::<Map<_, _>>() },
            "decision": { "S": decision.to_string() },
        });
        self.put(who, item, Some("attribute_not_exists(nothing)")).await;
    }

    async fn send(&self, who: &str, service: &str, target: &str, body: String) -> (u16, String) {
        let account = &self.common.local_account;
        let scope = format!("Credential={account}/20270115/us-east-1/{service}/aws4_request");
        let headers = [("authorization", scope.as_str()), ("x-amz-target", target)];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let request = WireRequest { headers, body: body.into(), ..WireRequest::default() };
        let answer = self.sim.cloud.serve(who, &request).await.expect("it is answered");
        (answer.status, String::from_utf8_lossy(&answer.body).into_owned())
    }

    async fn json(&self, who: &str, service: &str, target: &str, body: Value) -> Value {
        let (status, answer) = self.send(who, service, target, body.to_string()).await;
        assert_eq!(status, 200, "{target}: {answer}");
        serde_json::from_str(&answer).unwrap_or_default()
    }

    /// A call of DynamoDB.
    pub async fn dynamodb(&self, who: &str, operation: &str, body: Value) -> Value {
        self.json(who, "dynamodb", &format!("DynamoDB_20120810.{operation}"), body).await
    }

    pub async fn put(&self, who: &str, item: Value, condition: Option<&str>) {
        let mut body = json!({ "TableName": self.common.table, "Item": item });
        if let Some(condition) = condition {
            body["ConditionExpression"] = json!(condition);
        }
        self.dynamodb(who, "PutItem", body).await;
    }

    /// Updates a state on the condition that it is there. Every name stands for itself behind `#`,
    /// and every value behind `:`.
    pub async fn update(&self, who: &str, job: JobId, change: &str, values: Value) {
        let names: Map<_, _> = change
            .split([' ', ',', '='])
            .filter_map(|word| Some((word.to_owned(), json!(word.strip_prefix('#')?))))
            .collect();
        let mut body = json!({
            "TableName": self.common.table,
            "Key": { "pk": { "S": format!("job#{job}") }, "sk": { "S": "state" } },
            "UpdateExpression": change,
        });
        if !names.is_empty() {
            body["ExpressionAttributeNames"] = Value::Object(names);
        }
        // Values that the change does not use are named in the condition.
        let values = values.as_object().cloned().unwrap_or_default();
        let unused = values.keys().filter(|name| !change.contains(name.as_str()));
        let more: String = unused.map(|n| format!(" AND (seq = {n} OR seq <> {n})")).collect();
        body["ConditionExpression"] = json!(format!("attribute_exists(pk){more}"));
        if !values.is_empty() {
            body["ExpressionAttributeValues"] = Value::Object(values);
        }
        self.dynamodb(who, "UpdateItem", body).await;
    }

    /// A claim as the protocol has it, for a wake-up number, at a moment by the claimer's clock.
    pub async fn claim(&self, who: &str, job: JobId, epoch: u64, seq: u64, now_ms: i64) {
        self.claim_and(who, job, (epoch, seq, now_ms), "").await;
    }

    /// A claim of an epoch, for a number, at a moment, with further changes.
    pub async fn claim_and(
        &self,
        who: &str,
        job: JobId,
        (epoch, seq, now_ms): (u64, u64, i64),
        more: &str,
    ) {
        let until = now_ms + 60_000;
        let change = format!(
            "SET #status = :running, #owner = :owner, #token = :token, \
             #lease_until = :until, #due_at = :until, #epoch = :epoch{more}"
        );
        let token = format!("{who}-{epoch}");
        let values = json!({
            ":running": { "S": "running" }, ":owner": { "S": who }, ":token": { "S": token },
            ":until": { "N": until.to_string() }, ":epoch": { "N": epoch.to_string() },
            ":seq": { "N": seq.to_string() }, ":now": { "N": now_ms.to_string() },
        });
        self.update(who, job, &change, values).await;
    }

    /// The event of a job's present epoch, which tells this; the answer is its hash.
    pub async fn told(&self, who: &str, job: JobId, what: &str) -> String {
        let state = self.sim.raw_state(job).expect("it is stored");
        let epoch = state["epoch"]["N"].as_str().and_then(|n| n.parse().ok()).expect("an epoch");
        let (prev, at_ms) = (state["chain"]["S"].as_str().map(str::to_owned), 1);
        let entry = json!({ "what": what, "at_ms": at_ms });
        let entries = vec![serde_json::from_value(entry).expect("an entry")];
        let (worker, epoch, of) = (who.to_owned(), Epoch(epoch), EventOf::Tick);
        let event = Event { job, epoch, of, worker, at_ms, prev, entries };
        let item = json!({
            "pk": { "S": format!("job#{job}") },
            "sk": { "S": format!("event#{:08}#0", event.epoch.0) },
            "worker": { "S": who }, "at": { "N": "1" }, "prev": state["chain"],
            "entries": { "S": serde_json::to_string(&event.entries).expect("JSON") },
        });
        self.put(who, item, None).await;
        event.hash()
    }

    /// A commit, with its event on the chain, and with further changes (beginning with a comma) to a
    /// status and a number.
    pub async fn commit(
        &self,
        who: &str,
        job: JobId,
        status: &str,
        seq: u64,
        more: &str,
        values: Value,
    ) {
        let ends = matches!(status, "succeeded" | "failed") && !more.contains("letter_pending");
        let due = if ends { ", #due_at, #due_shard" } else { "" };
        let change = format!(
            "SET #status = :status, #seq = :number, #chain = :chain{more} REMOVE #owner, #lease_until{due}"
        );
        let chain = self.told(who, job, "waiting").await;
        let mut all = json!({ ":status": { "S": status }, ":number": { "N": seq.to_string() },
            ":chain": { "S": chain } });
        let values = values.as_object().cloned().unwrap_or_default();
        all.as_object_mut().expect("an object").extend(values);
        self.update(who, job, &change, all).await;
    }

    pub async fn sqs(&self, who: &str, operation: &str, queue: &str, mut body: Value) -> Value {
        let Common { queue_prefix, local_account, .. } = &self.common;
        let url = format!("http://sqs.local/{local_account}/{queue_prefix}-{queue}.fifo");
        body["QueueUrl"] = json!(url);
        self.json(who, "sqs", &format!("AmazonSQS.{operation}"), body).await
    }

    /// Sends a message.
    pub async fn message(&self, who: &str, queue: &str, group: &str, body: &str) {
        let dedup = format!("{}", self.sim.clock.now_ms());
        let message = json!({
            "MessageBody": body, "MessageGroupId": group, "MessageDeduplicationId": dedup,
        });
        self.sqs(who, "SendMessage", queue, message).await;
    }

    /// Receives one message and returns its receipt.
    pub async fn receive(&self, who: &str, queue: &str) -> String {
        let answer =
            self.sqs(who, "ReceiveMessage", queue, json!({ "VisibilityTimeout": 60 })).await;
        answer["Messages"][0]["ReceiptHandle"].as_str().expect("a message").to_owned()
    }

    pub async fn delete(&self, who: &str, queue: &str, receipt: &str) {
        self.sqs(who, "DeleteMessage", queue, json!({ "ReceiptHandle": receipt })).await;
    }

    /// A call of RDS; says whether it was accepted.
    pub async fn rds(&self, who: &str, action: &str, params: &[(&str, &str)]) -> bool {
        let more: String = params.iter().map(|(name, value)| format!("&{name}={value}")).collect();
        self.send(who, "rds", "", format!("Action={action}{more}")).await.0 == 200
    }

    /// A restore to the target.
    pub async fn restore(&self, who: &str, name: &str, job: Option<JobId>) {
        let tag = job.map(|job| job.to_string()).unwrap_or_default();
        let mut params = vec![
            ("DBClusterIdentifier", name),
            ("SnapshotIdentifier", "orders-prod-nightly"),
            ("Engine", "aurora-postgresql"),
        ];
        if job.is_some() {
            let named = ("Tags.Tag.1.Key", "aurora-restore%3Ajob");
            params.extend([named, ("Tags.Tag.1.Value", tag.as_str())]);
        }
        assert!(self.rds(who, "RestoreDBClusterFromSnapshot", &params).await);
    }

    /// Writes the slot of the target: (job, place) of those who hold it and of those who wait.
    pub async fn slot(&self, who: &str, holders: &[(JobId, &str)], waiting: &[(JobId, &str)]) {
        let map = |entries: &[(JobId, &str)]| {
            let entry = |(job, place): &(JobId, &str)| (job.to_string(), json!({ "S": place }));
            json!({ "M": entries.iter().map(entry).collect::<Map<_, _>>() })
        };
        let account = &self.common.local_account;
        let item = json!({
            "pk": { "S": format!("slots#{account}#us-east-1#target:{TARGET}") },
            "sk": { "S": "slots" }, "holders": map(holders), "waiting": map(waiting),
        });
        self.put(who, item, Some("attribute_not_exists(nothing)")).await;
    }

    pub fn finish(&self, excuses: &Excuses) {
        let world = self.sim.cloud.world();
        self.auditor.finish(&world, excuses);
    }
}
