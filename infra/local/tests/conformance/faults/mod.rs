//! Injected faults, as the real SDK meets them. Only the local cloud has them.

pub(crate) mod inside_dynamodb;
pub(crate) mod inside_rds;
pub(crate) mod inside_sqs;
pub(crate) mod on_the_way;

use crate::bed::Bed;
use crate::fact::Skip;
use aurora_restore_local::faults::{FaultKind, FaultRule};

/// Adds a rule.
fn inject(bed: &Bed, rule: FaultRule) -> Result<(), Skip> {
    bed.cloud()?.world().faults.add(rule);
    Ok(())
}

/// A fault of the next call of an operation alone.
fn once(bed: &Bed, operation: &str, fault: FaultKind) -> Result<(), Skip> {
    inject(bed, FaultRule::on(operation, fault, 1))
}

/// How often each rule has fired.
fn fired(bed: &Bed) -> Result<Vec<u64>, Skip> {
    Ok(bed.cloud()?.world().faults.rules().iter().map(|rule| rule.fired).collect())
}

/// How many calls of an operation took effect or were refused: reached the service.
fn handled(bed: &Bed, operation: &str) -> Result<usize, Skip> {
    let world = bed.cloud()?.world();
    Ok(world.meter.recent().filter(|call| call.operation == operation).count())
}
