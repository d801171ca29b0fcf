//! The steps, one file each. Adding one: a file here, a variant of `StepName`, and what the
//! compiler asks for then.

mod check_target;
mod copy_snapshot;
mod copying;
mod create_instances;
mod give_up;
mod join_set;
mod leaving;
mod make_shareable;
mod mask_data;
mod notify;
mod open_access;
mod remove_copies;
mod resolve_source;
mod restore_cluster;
mod set_credentials;
mod share_snapshot;
mod stray;
mod swap_in;
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
        StepName::MakeShareable => make_shareable::run(cx).await,
        StepName::ShareSnapshot => share_snapshot::run(cx).await,
        StepName::CopySnapshot => copy_snapshot::run(cx).await,
        StepName::RestoreCluster => restore_cluster::run(cx).await,
        StepName::CreateInstances => create_instances::run(cx).await,
        StepName::SetCredentials => set_credentials::run(cx).await,
        StepName::MaskData => mask_data::run(cx).await,
        StepName::VerifyRestore => verify_restore::run(cx).await,
        StepName::JoinSet => join_set::run(cx).await,
        StepName::OpenAccess => open_access::run(cx).await,
        StepName::SwapIn => swap_in::run(cx).await,
        StepName::RemoveCopies => remove_copies::run(cx).await,
        StepName::RetireOld | StepName::Expire => leaving::run(cx).await,
        StepName::GiveUp => give_up::run(cx).await,
        StepName::Notify => notify::run(cx).await,
    }
}
