//! What the steps that copy a snapshot have in common: a copy under a fixed name, made once and
//! waited for.

use crate::rds::{self, Copied, Copy, FoundCopy};
use crate::step::{Done, Outcome, StepContext, StepResult, Waiting, done, pairs, request_ids};
use aurora_restore_shared::estimate::Operation;
use aurora_restore_shared::failure::{Failure, FailureCode};
use aurora_restore_shared::job::How;
use aurora_restore_shared::plan::{Hop, names};
use aurora_restore_shared::watch::{StatusClass, Watch, WatchKind, classify_status};

/// A copy that a step wants.
pub(super) struct Wanted<'a> {
    /// Where, by whom, under which key.
    pub(super) hop: &'a Hop,
    /// What tells it from the other copies of the job.
    pub(super) which: &'static str,
    /// The ARN of what is copied.
    pub(super) source: &'a str,
}

/// How a copy stands.
pub(super) enum Standing {
    /// It is there; its ARN.
    Ready(String),
    /// It is on its way.
    Waits(Box<Waiting>),
    /// AWS does not change account and Region in one step here.
    Refused(Failure),
}

/// What is to be done.
#[derive(Debug, PartialEq)]
enum Decision {
    Copy,
    Wait,
    Ready(String),
}

fn decide(found: &FoundCopy) -> Result<Decision, Failure> {
    match found {
        FoundCopy::Nothing => Ok(Decision::Copy),
        FoundCopy::Stranger(why) => {
            let text = format!("the name of the snapshot copy is taken ({why}); it is left alone");
            Err(Failure::permanent(FailureCode::TargetNameTaken, text))
        }
        FoundCopy::Ours(Copy { arn, status, .. }) => match classify_status(status, "available") {
            StatusClass::Ready => Ok(Decision::Ready(arn.clone())),
            StatusClass::Working => Ok(Decision::Wait),
            StatusClass::Broken => {
                let text = format!("the snapshot copy ended in status {status}");
                Err(Failure::permanent(FailureCode::ResourceFailed, text))
            }
        },
    }
}

/// Sees to a copy: looks, starts it where it is missing, says how it stands.
///
/// # Errors
/// `target_name_taken`, `resource_failed`; whatever AWS answers, classified.
pub(super) async fn see_to(cx: &StepContext<'_>, wanted: &Wanted<'_>) -> Result<Standing, Failure> {
    let Wanted { hop, which, source } = *wanted;
    let rds = cx.worker.env.place(&hop.account, &hop.region).await?.rds();
    let id = names::copy(cx.spec.id, which);
    let found = rds::find_copy(&rds, cx, &id, Some(source)).await?;
    match decide(&found)? {
        Decision::Ready(arn) => Ok(Standing::Ready(arn)),
        Decision::Wait => Ok(Standing::Waits(Box::new(waiting(cx, hop, &id, &found, false)?))),
        Decision::Copy => match rds::copy_snapshot(&rds, cx, source, &id, hop.key.as_deref())
            .await?
        {
            Copied::Now { request_id } => {
                let wait = waiting(cx, hop, &id, &found, true)?;
                Ok(Standing::Waits(Box::new(Waiting { details: request_ids(request_id), ..wait })))
            }
            // Our own call was answered twice, or a describe lags behind: the next visit looks again.
            Copied::AlreadyThere => {
                Ok(Standing::Waits(Box::new(waiting(cx, hop, &id, &found, false)?)))
            }
            Copied::Refused(failure) => Ok(Standing::Refused(failure)),
        },
    }
}

fn waiting(
    cx: &StepContext<'_>,
    hop: &Hop,
    id: &str,
    found: &FoundCopy,
    begun: bool,
) -> Result<Waiting, Failure> {
    let percent = match found {
        FoundCopy::Ours(copy) => copy.percent,
        _ => 0,
    };
    let note = format!("snapshot copy {id} in {} {}: {percent} %", hop.account, hop.region);
    let operation = Operation::CopySnapshot { gib: cx.plan()?.facts.allocated_gib };
    let wait = cx.wait_at_target(WatchKind::Snapshot, id, operation, &note);
    let (account, region) = (hop.account.clone(), hop.region.clone());
    Ok(Waiting { watch: Watch { account, region, ..wait.watch }, begun, ..wait })
}

/// The outcome of a step whose whole work is one copy.
pub(super) fn outcome(standing: Standing, output: &str) -> StepResult {
    match standing {
        Standing::Ready(arn) => {
            let note = format!("the copy is available: {arn}");
            let outputs = pairs([(output, arn)]);
            Ok(Done { outputs, ..done(How::Did, note) }.into())
        }
        Standing::Waits(waiting) => Ok(Outcome::WaitFor(*waiting)),
        Standing::Refused(failure) => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(status: &str) -> FoundCopy {
        FoundCopy::Ours(Copy { arn: "arn".into(), status: status.into(), percent: 7 })
    }

    #[test]
    fn a_copy_is_started_once_and_waited_for() {
        assert_eq!(decide(&FoundCopy::Nothing).unwrap(), Decision::Copy);
        assert_eq!(decide(&ours("copying")).unwrap(), Decision::Wait);
        assert_eq!(decide(&ours("somersaulting")).unwrap(), Decision::Wait);
        assert_eq!(decide(&ours("available")).unwrap(), Decision::Ready("arn".into()));
    }

    #[test]
    fn a_failed_copy_and_a_strangers_snapshot_are_failures() {
        assert_eq!(decide(&ours("failed")).unwrap_err().code, FailureCode::ResourceFailed);
        let taken = decide(&FoundCopy::Stranger("no tag".into())).unwrap_err();
        assert_eq!(taken.code, FailureCode::TargetNameTaken);
    }
}
