//! What a restore asks of queues and table, as far as its plan tells: at the most, where nothing goes
//! wrong. `loadtest/tests/roads/planned.rs` holds it against what is really asked.

use aurora_restore_shared::plan::{Plan, StepName};
use aurora_restore_shared::request::{Master, Request};

/// What is asked of queues and table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Units {
    /// Requests of SQS.
    pub queue_requests: u32,
    /// Write units of DynamoDB.
    pub write_units: u32,
    /// Read units of DynamoDB.
    pub read_units: u32,
}

impl Units {
    /// What the plan of a request asks for until the job ends.
    #[must_use]
    pub fn of(request: &Request, plan: &Plan) -> Self {
        let later_looks: u32 = plan.steps.iter().map(|step| looks(step.name, request)).sum();
        let looks = 1 + later_looks;
        let kept = &request.keep;
        let has_copies = plan.path.makes_copies() && kept.copies().is_some();
        let later = [plan.replaces.is_some(), kept.restored.is_some(), has_copies];
        let later = u32::try_from(later.into_iter().filter(|it| *it).count()).unwrap_or(3);
        Self {
            // A wake-up is sent, received and deleted; the name of a queue is asked for once.
            queue_requests: 1 + 3 * looks,
            // Submitting, the plan and the slot; wake, claim, event and commit of each look; a job of
            // aftercare is two items.
            write_units: 12 + 12 * looks + 6 * later,
            read_units: 3 + looks + looks / 2,
        }
    }
}

/// How often a worker looks again for a step: after each wait for AWS, and where an intent has to be
/// committed before it is acted on.
fn looks(step: StepName, request: &Request) -> u32 {
    match step {
        // For the cluster and for its secret; a password that is given is set while instances start.
        StepName::SetCredentials if request.master() == Some(&Master::Managed) => 2,
        StepName::SwapIn | StepName::JoinSet => 2,
        StepName::MakeShareable
        | StepName::ShareSnapshot
        | StepName::CopySnapshot
        | StepName::RestoreCluster
        | StepName::CreateInstances
        | StepName::OpenAccess => 1,
        StepName::ResolveSource
        | StepName::CheckTarget
        | StepName::SetCredentials
        | StepName::MaskData
        | StepName::VerifyRestore
        | StepName::RemoveCopies
        | StepName::RetireOld
        | StepName::Expire
        | StepName::GiveUp
        | StepName::Notify => 0,
    }
}
