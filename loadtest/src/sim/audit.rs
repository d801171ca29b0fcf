//! What a job has cost, by the local cloud's own record of calls.

use aurora_restore_local::call::Service;
use aurora_restore_local::cloud::Cloud;
use aurora_restore_local::meter::CallRecord;

/// What was called and billed.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cost {
    /// SQS requests: sends, deletes, and receives that brought something.
    pub sqs_requests: u64,
    /// DynamoDB write units, index writes included.
    pub write_units: f64,
    /// DynamoDB read units.
    pub read_units: f64,
    /// RDS requests.
    pub rds_requests: u64,
}

/// The number of the last call so far.
#[must_use]
pub fn last_call(cloud: &Cloud) -> u64 {
    cloud.world().meter.recent().last().map_or(0, |call| call.n)
}

/// The cost of everything since `after_call`, idle polling apart: receives that brought nothing,
/// leadership leases, and queries of the `due` and `watching` indexes.
#[must_use]
pub fn cost_of(cloud: &Cloud, after_call: u64) -> Cost {
    let world = cloud.world();
    let calls = world.meter.recent().filter(|c| c.n > after_call && !is_idle(c));
    calls.fold(Cost::default(), |cost, call| Cost {
        sqs_requests: cost.sqs_requests + u64::from(call.service == Service::Sqs),
        write_units: cost.write_units + call.write_units,
        read_units: cost.read_units + call.read_units,
        rds_requests: cost.rds_requests + u64::from(call.service == Service::Rds),
    })
}

fn is_idle(call: &CallRecord) -> bool {
    let is_empty_receive = call.operation == "ReceiveMessage" && call.items == 0;
    let is_leadership = call.resource.contains("/lease#");
    let is_index_look = call.resource.ends_with(":due") || call.resource.ends_with(":watching");
    let is_observer = call.service == Service::Rds && call.operation.starts_with("Describe");
    is_empty_receive || is_leadership || is_index_look || is_observer
}
