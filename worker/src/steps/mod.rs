//! The steps, one file each. Adding one: a file here, a variant of `StepName`, and what the
//! compiler asks for then.

mod check_target;
mod create_instances;
mod mask_data;
mod notify;
mod resolve_source;
mod restore_cluster;
mod set_credentials;
mod verify_restore;

use crate::step::{StepContext, StepResult};
use aurora_restore_shared::plan::StepName;

/// Runs one visit of a step.
///
/// # Errors
/// The failure of the step, classified; the tick decides what becomes of it.
pub async fn run(name: StepName, cx: StepContext<'_>) -> StepResult {
    match name {
        StepName::ResolveSource => resolve_source::run(cx).await,
        StepName::CheckTarget => check_target::run(cx).await,
        StepName::RestoreCluster => restore_cluster::run(cx).await,
        StepName::CreateInstances => create_instances::run(cx).await,
        StepName::SetCredentials => set_credentials::run(cx).await,
        StepName::MaskData => mask_data::run(cx).await,
        StepName::VerifyRestore => verify_restore::run(cx).await,
        StepName::Notify => notify::run(cx).await,
    }
}
