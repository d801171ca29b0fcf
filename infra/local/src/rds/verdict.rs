//! What the data plane says about an operation.

use super::model::Operation;
use crate::data_plane::{DataPlane, Endpoint, Progress};

/// How the data plane's part of an operation went.
pub(super) enum Verdict {
    /// Not done yet.
    Pending,
    /// Done. For a cluster: where it is reached.
    Done(Option<Endpoint>),
    /// Some of it came to nothing.
    Failed,
}

/// Asks the data plane about all the work of an operation.
pub(super) fn verdict(data_plane: &mut dyn DataPlane, operation: &Operation) -> Verdict {
    let mut reached = None;
    for ticket in operation.first.iter().chain(&operation.ticket) {
        match data_plane.poll(*ticket) {
            Progress::Pending => return Verdict::Pending,
            Progress::Done(endpoint) => reached = endpoint,
            Progress::Failed(reason) => {
                let change = operation.change.status();
                tracing::error!(reason, ?change, "the data plane failed");
                return Verdict::Failed;
            }
        }
    }
    Verdict::Done(reached)
}
