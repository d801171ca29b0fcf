//! Which failures of a job are explained by what went wrong in a run. A job that fails otherwise is
//! a violation.

use super::audit::Excuses;
use super::classes::{Counts, FaultClass};
use super::knobs::Profile;
use super::orders::Order;
use aurora_restore_shared::failure::FailureCode;
use std::collections::BTreeSet;

/// The codes that a class of faults may end a job with.
fn codes(class: FaultClass) -> &'static [FailureCode] {
    use FailureCode as C;
    use FaultClass as F;
    match class {
        F::Stuck => &[C::DeadlinePassed],
        F::Failed => &[C::ResourceFailed],
        F::IncompatibleRestore => &[C::ResourceFailed],
        F::CapacityShortage => &[C::CapacityShort],
        F::SessionEnded => &[C::CredentialsRejected],
        // A job that lacks the role or the key is parked, and outlasts these faults by hours.
        F::RoleDenied | F::KeyDisabled => &[],
        // A copy that is under way when its share goes ends in failure.
        F::Unshared => &[C::SourceNotFound, C::AccessDenied, C::ResourceFailed],
        F::StrangerTakesName => &[C::TargetNameTaken],
        F::SourceDeleted => &[C::SourceNotFound, C::SourceUnusable],
        F::TagsRemoved | F::HumanRenames => {
            &[C::TargetNameTaken, C::ResourceLost, C::DeadlinePassed]
        }
        F::HumanDeletes => &[C::CheckFailed, C::ConnectFailed, C::ResourceLost, C::ResourceFailed],
        F::RegionOutage | F::GreyFailure => &[C::AwsUnavailable, C::ConnectFailed],
        F::CutOff | F::InternalError | F::LostRequest => &[C::AwsUnavailable],
        F::ExpiredCredentials => &[C::CredentialsRejected],
        // A job that lacks a right is parked, and outlasts every denial here by hours.
        F::AccessDenied => &[],
        // Backups are kept for a shorter time than the fleet was down: the moment of a set is over.
        F::RetentionPassed => &[C::DeadlinePassed, C::SourceUnusable, C::RefusedByAws],
        _ => &[],
    }
}

/// So many deaths may have met one job so often that it counts as poisoned.
const DEATHS: u64 = 5;

/// What explains a failure in a run with these faults.
#[must_use]
pub fn of(
    counts: &Counts,
    orders: &[Order],
    deadly: Option<usize>,
    touched: BTreeSet<String>,
    profile: Profile,
) -> Excuses {
    let mut excuses = Excuses { touched_targets: touched, ..Excuses::default() };
    for order in orders {
        for job in order.jobs() {
            excuses.of_job.entry(job.id).or_default().extend(order.may_fail.iter().copied());
        }
    }
    if let Some(job) = deadly.and_then(|n| orders[n].jobs().into_iter().next()) {
        excuses.of_job.entry(job.id).or_default().insert(FailureCode::Poisoned);
    }
    if has_met_many_deaths(counts) {
        excuses.any.insert(FailureCode::Poisoned);
    }
    let struck = |class: &FaultClass| counts.get(class).is_some_and(|n| *n > 0);
    if [FaultClass::ClockSkew, FaultClass::ClockJump].iter().any(struck) {
        excuses.any.extend(hurried(&struck));
    }
    if profile != Profile::Hostile {
        return excuses;
    }
    let classes = FaultClass::ALL.iter().filter(|class| struck(class));
    excuses.any.extend(classes.flat_map(|class| codes(*class)));
    excuses.lost_letters = struck(&FaultClass::RetentionPassed);
    excuses
}

fn has_met_many_deaths(counts: &Counts) -> bool {
    let deaths = [
        FaultClass::CrashBeforeSend,
        FaultClass::CrashAfterEffect,
        FaultClass::CrashAfterAnswer,
        FaultClass::CrashAnywhere,
        FaultClass::Zombie,
        FaultClass::WorkerKillingRequest,
    ];
    deaths.iter().filter_map(|class| counts.get(class)).sum::<u64>() >= DEATHS
}

/// A dispatcher whose clock is ahead brings a job back before its time: the attempts of a step, meant
/// to outlast such faults, are used up while these still last.
fn hurried(struck: &impl Fn(&FaultClass) -> bool) -> impl Iterator<Item = FailureCode> {
    let passing = [
        (FaultClass::CutOff, FailureCode::AwsUnavailable),
        (FaultClass::InternalError, FailureCode::AwsUnavailable),
        (FaultClass::LostRequest, FailureCode::AwsUnavailable),
        (FaultClass::DescribeLag, FailureCode::ResourceLost),
    ];
    let met = passing.map(|(class, code)| struck(&class).then_some(code));
    met.into_iter().flatten()
}
