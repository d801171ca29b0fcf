//! What the jobs have cost, by the local cloud's own record of calls: per job, and idle polling and
//! everything else apart.

use super::cloud::Call;
use super::jobs::Job;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::AddAssign;

/// Requests and billed units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Cost {
    /// SQS requests.
    pub sqs_requests: u64,
    /// DynamoDB requests.
    pub dynamodb_requests: u64,
    /// DynamoDB write units, index writes included.
    pub write_units: f64,
    /// DynamoDB read units.
    pub read_units: f64,
    /// RDS requests that change something.
    pub rds_changes: u64,
    /// RDS requests that only look.
    pub rds_reads: u64,
    /// Requests to other services: Secrets Manager and STS.
    pub others: u64,
}

impl AddAssign<&Call> for Cost {
    fn add_assign(&mut self, call: &Call) {
        match call.service.as_str() {
            "sqs" => self.sqs_requests += 1,
            "dynamodb" => self.dynamodb_requests += 1,
            "rds" if call.operation.starts_with("Describe") => self.rds_reads += 1,
            "rds" => self.rds_changes += 1,
            _ => self.others += 1,
        }
        self.write_units += call.write_units;
        self.read_units += call.read_units;
    }
}

/// Who caused what.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Costs {
    /// By job, in the order they were submitted.
    pub jobs: Vec<Cost>,
    /// Receives that brought nothing, leadership, looks at the `due` and `watching` indexes, and the
    /// observer's looks at several clusters at once: what the fleet costs whatever it works on.
    pub idle: Cost,
    /// What the jobs caused and nobody can tell by which: looks at the source they share, at groups
    /// and quotas; the addresses of queues.
    pub shared: Cost,
    /// Set-up: the source, the table and the queues, the secrets.
    pub set_up: Cost,
    /// The demo itself, looking on.
    pub looking_on: Cost,
    /// Everything.
    pub total: Cost,
    /// All requests by service and operation.
    pub by_operation: BTreeMap<String, u64>,
}

/// The name of this program to the local cloud.
pub(super) const DEMO: &str = "demo";

impl Costs {
    /// By the record of all calls.
    pub(super) fn of(calls: &[Call], jobs: &[Job]) -> Self {
        let mut costs = Self { jobs: vec![Cost::default(); jobs.len()], ..Self::default() };
        for call in calls {
            costs.total += call;
            *costs
                .by_operation
                .entry(format!("{} {}", call.service, call.operation))
                .or_default() += 1;
            *costs.place(call, jobs) += call;
        }
        costs
    }

    fn place(&mut self, call: &Call, jobs: &[Job]) -> &mut Cost {
        let is_about = |job: &Job| {
            let names = [Some(&*job.id.to_string()), Some(job.cluster()), job.secret_name()]
                .into_iter()
                .flatten()
                .any(|name| call.resource.contains(name));
            names && call.component != DEMO
        };
        let looks =
            ["Get", "Describe", "Query"].iter().any(|look| call.operation.starts_with(look));
        match (jobs.iter().position(is_about), call.component.as_str()) {
            (_, DEMO) if looks => &mut self.looking_on,
            (_, DEMO) => &mut self.set_up,
            _ if is_idle(call) => &mut self.idle,
            (Some(n), _) => &mut self.jobs[n],
            _ if call.operation.starts_with("Create") => &mut self.set_up,
            _ => &mut self.shared,
        }
    }
}

fn is_idle(call: &Call) -> bool {
    let is_empty_receive = call.operation == "ReceiveMessage" && call.items == 0;
    let is_leadership = call.resource.contains("/lease#");
    let is_index_look = call.resource.ends_with(":due") || call.resource.ends_with(":watching");
    let is_observer = call.service == "rds" && call.resource.ends_with(" ids");
    is_empty_receive || is_leadership || is_index_look || is_observer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(service: &str, operation: &str, resource: &str, items: u64) -> Call {
        Call {
            at_ms: 0,
            component: "aurora-restore-worker".into(),
            service: service.into(),
            operation: operation.into(),
            resource: resource.into(),
            items,
            write_units: 1.0,
            read_units: 0.5,
            outcome: "ok".into(),
        }
    }

    #[test]
    fn a_receive_that_brings_nothing_is_idle_and_one_that_brings_something_is_not() {
        assert!(is_idle(&call("sqs", "ReceiveMessage", "q", 0)));
        assert!(!is_idle(&call("sqs", "ReceiveMessage", "q/job", 1)));
        assert!(is_idle(&call("dynamodb", "Query", "table:due", 0)));
        assert!(!is_idle(&call("dynamodb", "Query", "table/job#1", 2)));
    }

    #[test]
    fn every_call_is_counted_once_and_in_all() {
        let calls = [
            call("sqs", "SendMessage", "q/x", 1),
            call("rds", "DescribeDBClusters", "3 ids", 3),
            call("rds", "CreateDBInstance", "x", 1),
        ];
        let costs = Costs::of(&calls, &[]);
        assert_eq!((costs.total.sqs_requests, costs.total.rds_reads), (1, 1));
        assert_eq!(costs.total.rds_changes, 1);
        assert_eq!(costs.total.write_units, 3.0);
        assert_eq!((costs.idle.rds_reads, costs.shared.sqs_requests), (1, 1));
    }
}
